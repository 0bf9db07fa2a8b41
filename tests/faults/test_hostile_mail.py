"""Mails that the workers die of, or take long for: they cost themselves something, and no other mail anything."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support import rig, worker_jobs
from support.marked import letter

from bridge import convert

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def running(folder: Path, *, time_limit_s: float = 20.0) -> AsyncIterator[rig.Rig]:
    def change(data: dict[str, Any]) -> None:
        data["workers"]["time_limit_s"] = time_limit_s

    with rig.polling():
        async with rig.running(folder, change=change) as bridge:
            yield bridge


@pytest.mark.parametrize(
    ("job", "said"),
    [(worker_jobs.die_of_html, "It still does not shine."), (worker_jobs.die_of_any, "could not be read")],
)
async def test_a_worker_that_dies_of_a_mail_costs_it_its_form_and_not_its_delivery(
    job: Callable[..., Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "draft", job)
    hostile = letter("hostile", 0, html=True)
    async with running(tmp_path) as bridge:
        mail_id = await bridge.send(hostile.content)
        await bridge.settled()
        assert bridge.state(mail_id) == "delivered"
        post, note = bridge.only_conversation()
        assert said in post.body
        (original,) = post.files
        assert original.name == "original.eml"
        assert original.content.endswith(hostile.content[-200:])
        assert "its process ended" in note.body


async def test_a_worker_that_dies_of_sorting_a_mail_costs_it_its_thread_and_not_its_delivery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "sort_all", worker_jobs.die_of_poison)
    letters = [letter("fine", 0), letter("poison", 0), letter("fine", 1)]
    async with running(tmp_path) as bridge:
        await bridge.send_all(*letters)
        await bridge.settled()
        assert bridge.wrong(letters) == ()


async def test_mails_that_take_long_keep_no_other_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More of them than are delivered at once, each in a conversation of its own."""
    monkeypatch.setattr(convert, "draft", worker_jobs.hang_on_html)
    monkeypatch.setattr("bridge.workers.QUICK_S", 0.1)
    monkeypatch.setattr("bridge.workers._BUSY_HOST", 200.0)
    hostile = [letter(f"hostile{number}", 0, html=True) for number in range(6)]
    ordinary = [letter(f"fine{number}", 0) for number in range(6)]
    async with running(tmp_path, time_limit_s=0.5) as bridge:
        hanging = await bridge.send_all(*hostile)
        waiting = await bridge.send_all(*ordinary)
        await bridge.until(lambda: all(bridge.state(mail_id) == "delivered" for mail_id in waiting))
        # Four are delivered at once: behind the others the first of these would begin when three had ended.
        assert sum(bridge.state(mail_id) == "delivered" for mail_id in hanging) < 3
        await bridge.settled()
        for each in (*hostile, *ordinary):
            assert sum(each.mark in body for body in bridge.said()) == 1
        notes = [message.body for message in bridge.sandbox.posted if message.internal]
        assert sum("took longer than 0.5 s of CPU time" in note for note in notes) == 6
        originals = [file for message in bridge.sandbox.posted for file in message.files]
        assert [file.name for file in originals] == ["original.eml"] * 6
