"""Fixtures every test may use: one async backend, a clock that stands still."""

from __future__ import annotations

import gc
import os

import pytest

from bridge.clock import FixedClock


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regenerate", action="store_true", help="write the corpus' answers anew; read the difference"
    )
    parser.addoption("--pictures", metavar="FOLDER", help="keep the pictures of the help desk's page there")


def pytest_collection_finish() -> None:
    """What is there before the first test stays to the end: no collection need look through it again."""
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores, as tests wait for others nearly half of their time: measured an eighth less in all.

    None beside this one where files are named: they are done by the time it would have started.
    """
    named = [argument.partition("::")[0] for argument in config.args]
    return 0 if all(name.endswith(".py") for name in named) else (os.cpu_count() or 1) + 1
