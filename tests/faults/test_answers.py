"""What Re:amaze's answers do to the queue: pause and probe, wait, bury or go on; and never at another mail's cost."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support import rig, simulator, verdict
from support.logged import capture_logs
from support.marked import Letter, letter

from bridge.clock import SystemClock
from bridge.delivery import messages
from bridge.model import Message
from bridge.plan import Plan
from bridge.sandbox import Behaviour
from bridge.spool import Summary

pytestmark = pytest.mark.anyio

BEHAVIOUR = Behaviour()


@contextlib.asynccontextmanager
async def running(folder: Path, change: rig.Change | None = None) -> AsyncIterator[rig.Rig]:
    def both(data: dict[str, Any]) -> None:
        rig.impatient(data)
        if change is not None:
            change(data)

    with rig.polling():
        async with rig.running(folder, change=both) as bridge:
            yield bridge


def one_each(name: str, count: int) -> list[Letter]:
    """Letters of as many threads."""
    return [letter(f"{name}{number}", 0) for number in range(count)]


def summary(bridge: rig.Rig, mail_id: str) -> Summary:
    return bridge.daemon.trace(mail_id)[0].summary


# -- an operator must act ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403])
async def test_a_wrong_token_pauses_the_brand_tells_an_operator_once_and_costs_no_attempt(
    status: int, tmp_path: Path
) -> None:
    letters = one_each("t", 6)
    async with running(tmp_path) as bridge:
        bridge.sandbox.behaviour = Behaviour(token="another", bad_credentials=status)
        with capture_logs() as log:
            sent = await bridge.send_all(*letters)
            await bridge.until(lambda: len(bridge.sandbox.calls) > 8)
            (trouble,) = bridge.daemon.snapshot().troubles
            assert 'brand "acme" is paused' in trouble
            assert str(status) in trouble
            alarms = [
                line for line in log if line["event"] == "brand-paused" and line["log_level"] == "error"
            ]
            assert len(alarms) == 1
        bridge.sandbox.behaviour = BEHAVIOUR
        await bridge.settled()
        assert bridge.wrong(letters) == ()
        assert {summary(bridge, mail_id).attempts for mail_id in sent} == {1}
        assert bridge.daemon.snapshot().troubles == ()


# -- Re:amaze asks to wait --------------------------------------------------------------------------


class Ahead(SystemClock):
    """A clock whose stop-watch can be turned forward: what a minute is to a limit need not be one to a test."""

    ahead_s = 0.0

    def monotonic_s(self) -> float:
        return super().monotonic_s() + self.ahead_s


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_who_is_asked_to_wait_waits_and_so_does_everybody_else(form: str, tmp_path: Path) -> None:
    clock = Ahead()
    letters = one_each("w", 8)
    behaviour = Behaviour(rate_per_minute=2, retry_after=form)  # type: ignore[arg-type] # one of its words
    with rig.polling():
        async with simulator.on_port(behaviour, clock=clock) as stand_in:
            data = rig.settings(tmp_path, stand_in.base_url)
            rig.impatient(data)
            async with rig.bridge(data, stand_in.sandbox) as bridge:
                await bridge.send_all(*letters[:2])
                await bridge.settled()
                # In a second of its minute the limit is free again, and it says so.
                clock.ahead_s = 58.5
                await bridge.send_all(letters[2])
                await bridge.until(lambda: any(call.status == 429 for call in bridge.sandbox.calls))
                # Before anything else: a date may ask for a wait of some milliseconds.
                bridge.sandbox.behaviour = BEHAVIOUR
                asked = next(call for call in bridge.sandbox.calls if call.status == 429)
                await bridge.send_all(*letters[3:])
                await bridge.settled()
                after = [call.at - asked.at for call in bridge.sandbox.calls if call.number > asked.number]
                # A date has no fractions of a second: the wait it asks for is up to one shorter.
                least = timedelta(seconds=0.95 if form == "seconds" else 0.0)
                until = asked.at.replace(microsecond=0) + timedelta(seconds=1)
                assert min(after) >= least
                assert asked.at + min(after) >= until
                assert sum(call.status == 429 for call in bridge.sandbox.calls) == 1
                assert bridge.wrong(letters) == ()


# -- never ------------------------------------------------------------------------------------------


async def test_a_refused_mail_is_buried_with_the_words_of_the_refusal_and_its_lane_goes_on(
    tmp_path: Path,
) -> None:
    first, second, third = (letter("refused", number) for number in range(3))
    async with running(tmp_path) as bridge:
        bridge.sandbox.faults.script("200", "422", on="POST")
        sent = await bridge.send_all(first, second, third)
        await bridge.settled()
        assert [bridge.state(mail_id) for mail_id in sent] == ["delivered", "dead", "delivered"]
        assert summary(bridge, sent[1]).reason == "answered 422: 422 on purpose"
        assert bridge.wrong([first, third]) == ()
        assert bridge.daemon.snapshot().ledger["dead"] == 1


async def test_a_channel_that_does_not_exist_buries_the_mail_and_says_what_is_wrong(tmp_path: Path) -> None:
    async with running(tmp_path) as bridge:
        bridge.sandbox.behaviour = Behaviour(channels=("support",))
        mail_id = await bridge.send(letter("x", 0).content, to="sales@example.com")
        await bridge.until(lambda: bridge.state(mail_id) == "dead")
        assert summary(bridge, mail_id).reason == "answered 422: category: does not exist"
        await bridge.send_all(other := letter("y", 0))
        await bridge.settled()
        assert bridge.wrong([other]) == ()


async def test_a_mail_given_up_by_count_lets_the_next_of_its_lane_pass(tmp_path: Path) -> None:
    letters = [letter("later", number) for number in range(3)]

    def few(data: dict[str, Any]) -> None:
        data["retry"]["max_attempts"] = 3

    async with running(tmp_path, few) as bridge:
        bridge.sandbox.faults.script("200", "408", "408", "408", on="POST")
        sent = await bridge.send_all(*letters)
        await bridge.settled()
        assert [bridge.state(mail_id) for mail_id in sent] == ["delivered", "dead", "delivered"]
        assert summary(bridge, sent[1]).reason.startswith(
            "gave up after 3 attempts; the last answer: answered 408"
        )
        assert bridge.wrong([letters[0], letters[2]]) == ()


# -- a conversation that is gone --------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["200", "timeout-after", "503-after", "503"])
async def test_a_conversation_that_is_gone_is_replaced_once_and_the_note_says_so(
    fault: str, tmp_path: Path
) -> None:
    async with running(tmp_path) as bridge:
        await bridge.send_all(letter("gone", 0))
        await bridge.settled()
        before = len(bridge.sandbox.posted)
        bridge.sandbox.faults.script("404", fault, on="POST")
        answer = letter("gone", 1, note=True)
        await bridge.send_all(answer)
        await bridge.settled()
        posted = verdict.in_sandbox(bridge.sandbox)[before:]
        assert verdict.judge([answer], posted).faults == ()
        assert "no longer exists" in posted[-1].body
        assert bridge.sandbox.doubles() == ()


async def test_an_older_mail_that_is_taken_up_again_does_not_bring_a_lost_conversation_back(
    tmp_path: Path,
) -> None:
    """Its note belongs to where it was posted; later mails go to the conversation that replaced that one."""
    first, older, newer, last = (letter("old", number, note=number in {1, 2}) for number in range(4))
    async with running(tmp_path) as bridge:
        await bridge.send_all(first)
        await bridge.settled()
        bridge.sandbox.faults.script("200", "422", on="POST")
        (dead,) = await bridge.send_all(older)
        await bridge.until(lambda: bridge.state(dead) == "dead")
        bridge.sandbox.faults.script("404", on="POST")
        await bridge.send_all(newer)
        await bridge.settled()
        assert bridge.daemon._spool is not None
        assert bridge.daemon._spool.operator.retry(dead) == 1
        await bridge.settled()
        await bridge.send_all(last)
        await bridge.settled()
        lost, replaced = bridge.sandbox.conversations
        marks = {
            conversation.slug: [
                each.mark
                for message in conversation.messages
                for each in (first, older, newer, last)
                if not message.internal and each.mark in message.body
            ]
            for conversation in (lost, replaced)
        }
        assert marks == {lost.slug: [first.mark, older.mark], replaced.slug: [newer.mark, last.mark]}
        assert [message.internal for message in lost.messages] == [False, False, True]


# -- the same words twice ---------------------------------------------------------------------------

OK = (
    "From: Ann <ann@customer.example>\r\nSubject: Lamp\r\nMessage-ID: <{0}@customer.example>\r\n"
    "References: <0@customer.example>\r\n\r\nok\r\n"
)


@pytest.mark.parametrize("fault", ["reset-before", "503", "reset-after", "503-after"])
@pytest.mark.parametrize("data", ["kept", "ignored"])
async def test_who_says_ok_four_times_has_said_it_four_times(data: Any, fault: str, tmp_path: Path) -> None:
    """At a Re:amaze that shows no keys and posts each repeat: what an earlier mail said is not taken for a later one's."""
    async with running(tmp_path) as bridge:
        bridge.sandbox.behaviour = Behaviour(
            origin_id_in_lists=False, repeated_origin_id="duplicate", data_on_create=data
        )
        for number in range(4):
            bridge.sandbox.faults.script(*(["200"] if number == 1 else [fault]), on="POST")
            await bridge.send(OK.format(number))
            await bridge.settled()
        assert bridge.said() == ["ok"] * 4
        assert len(bridge.sandbox.conversations) == 1
        assert bridge.sandbox.doubles() == ()


# -- an outage --------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["503", "html-502"])
async def test_in_an_outage_one_probe_at_a_time_is_sent_and_afterwards_everything(
    fault: str, tmp_path: Path
) -> None:
    threads = [[letter(f"o{name}", number) for number in range(3)] for name in range(5)]
    letters = [each for thread in threads for each in thread]
    async with running(tmp_path, lambda data: data["reamaze"].update(parallel=3)) as bridge:
        bridge.sandbox.faults.always(fault)
        sent = await bridge.send_all(*letters)
        await bridge.until(lambda: len(bridge.sandbox.calls) > 12)
        calls = bridge.sandbox.calls
        bridge.sandbox.faults.clear()
        await bridge.settled()
        assert bridge.wrong(letters) == ()
        assert {bridge.state(mail_id) for mail_id in sent} == {"delivered"}
        # The first calls were under way together; after each pause it is one, which also looks or posts but once.
        gaps = [later.at - earlier.at for earlier, later in pairwise(calls[3:])]
        assert min(gaps) >= timedelta(seconds=0.01)
        assert {summary(bridge, mail_id).attempts for mail_id in sent} == {1}


async def test_while_nobody_answers_mails_wait_for_one_probe_at_a_time(tmp_path: Path) -> None:
    letters = one_each("down", 9)
    with rig.polling():
        async with simulator.on_port() as stand_in:
            data = rig.settings(tmp_path, stand_in.base_url)
            rig.impatient(data)
            data["reamaze"]["parallel"] = 3
            await stand_in.stop()
            async with rig.bridge(data, stand_in.sandbox) as bridge:
                with capture_logs() as log:
                    sent = await bridge.send_all(*letters)
                    await bridge.until(lambda: sum(line["event"] == "deferred" for line in log) >= 8)
                    paused = [line for line in log if line["event"] == "brand-paused"]
                    assert len(paused) == 1
                tries = [line["until"] for line in log if line["event"] == "deferred"]
                # Three were under way together when it began; from then on each pause is another one.
                assert len(set(tries)) >= len(tries) - 2
                await stand_in.start()
                await bridge.settled()
                assert bridge.wrong(letters) == ()
                assert {summary(bridge, mail_id).attempts for mail_id in sent} == {1}


async def test_a_mail_that_reamaze_breaks_on_does_not_hold_up_its_brand(tmp_path: Path) -> None:
    def few(data: dict[str, Any]) -> None:
        data["retry"]["max_attempts"] = 4

    async with running(tmp_path, few) as bridge:
        await bridge.send_all(first := letter("poison", 0))
        await bridge.settled()
        bridge.sandbox.faults.always("500", on="POST /api/v1/conversations/about-poison/messages")
        sent = await bridge.send_all(letter("poison", 1), *(others := one_each("o", 12)))
        await bridge.until(lambda: bridge.daemon.snapshot().ledger["delivered"] == 13)
        await bridge.until(lambda: bridge.state(sent[0]) == "dead")
        assert "gave up after 4 attempts" in summary(bridge, sent[0]).reason
        bridge.sandbox.faults.clear()
        await bridge.send_all(last := letter("poison", 2))
        await bridge.settled()
        assert bridge.wrong([first, *others, last]) == ()


# -- a bug of ours ----------------------------------------------------------------------------------


async def test_an_exception_of_ours_costs_its_mail_its_strikes_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    say = messages.post

    def fail_on_one(plan: Plan, progress: messages.Progress, key: str) -> Message:
        if "bug" in progress.conversation.subject:
            raise KeyError("a bug")
        return say(plan, progress, key)

    monkeypatch.setattr(messages, "post", fail_on_one)
    letters = [letter("fine", 0), letter("bug", 0), letter("good", 0)]
    async with running(tmp_path) as bridge:
        sent = await bridge.send_all(*letters)
        await bridge.settled()
        assert [bridge.state(mail_id) for mail_id in sent] == ["delivered", "dead", "delivered"]
        assert summary(bridge, sent[1]).attempts == 3
        assert "unexpected KeyError" in summary(bridge, sent[1]).reason
        assert bridge.wrong([letters[0], letters[2]]) == ()
        monkeypatch.undo()
        assert bridge.daemon._spool is not None
        bridge.daemon._spool.operator.retry(sent[1])
        await bridge.settled()
        assert bridge.wrong([letters[0], letters[2], letters[1]]) == ()


# -- order ------------------------------------------------------------------------------------------


async def test_a_conversation_keeps_its_order_through_retries_and_dead_letters(tmp_path: Path) -> None:
    threads = [[letter(f"order{name}", number) for number in range(8)] for name in range(3)]
    letters = [each for batch in zip(*threads, strict=True) for each in batch]
    async with running(tmp_path) as bridge:
        bridge.sandbox.behaviour = dataclasses.replace(
            BEHAVIOUR,
            fault_rate=0.3,
            fault_seed=3,
            fault_kinds=("503", "reset-after", "408", "422", "slow:0.02"),
        )
        sent = await bridge.send_all(*letters)
        await bridge.idle()
        bridge.sandbox.behaviour = BEHAVIOUR
        states = [bridge.state(mail_id) for mail_id in sent]
        assert set(states) == {"delivered", "dead"}
        alive = [each for each, state in zip(letters, states, strict=True) if state == "delivered"]
        assert bridge.wrong(alive) == ()


async def test_a_blocked_conversation_does_not_hold_up_the_others(tmp_path: Path) -> None:
    blocked = [letter("blocked", number) for number in range(10)]
    others = one_each("free", 30)
    async with running(tmp_path) as bridge:
        await bridge.send_all(blocked[0])
        await bridge.settled()
        bridge.sandbox.faults.always("408", on="/about-blocked/messages")
        await bridge.send_all(*blocked[1:])
        await bridge.send_all(*others)
        await bridge.until(lambda: bridge.daemon.snapshot().ledger["delivered"] == 1 + len(others))
        assert bridge.daemon.snapshot().counts["behind"] == len(blocked) - 2
        bridge.sandbox.faults.clear()
        await bridge.settled()
        assert bridge.wrong([*blocked, *others]) == ()
