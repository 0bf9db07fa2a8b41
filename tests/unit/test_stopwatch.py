"""Work that takes too long is stopped, wherever it is; work that does not is left alone."""

from __future__ import annotations

import contextlib
import re
import signal
import threading

import pytest

from bridge import stopwatch


def test_a_match_that_would_take_for_ever_is_stopped() -> None:
    with pytest.raises(stopwatch.OutOfTime), stopwatch.within(0.05):
        re.search(r"(a+)+$", "a" * 60 + "!")


def test_no_guard_against_errors_catches_it() -> None:
    def guarded() -> None:
        with contextlib.suppress(Exception):
            re.search(r"(a|aa)+$", "a" * 90 + "!")

    with pytest.raises(stopwatch.OutOfTime), stopwatch.within(0.05):
        guarded()


def test_what_is_quick_is_left_alone_and_so_is_what_follows() -> None:
    before = signal.getsignal(signal.SIGVTALRM)
    with stopwatch.within(0.05):
        assert re.search(r"(a+)+$", "aaa")
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGVTALRM) == before


def test_in_another_thread_the_work_runs_to_its_end() -> None:
    found: list[bool] = []

    def work() -> None:
        with stopwatch.within(0.001):
            found.append(sum(range(2_000_000)) > 0)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [True]
