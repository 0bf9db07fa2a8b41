"""Every fault of the net on every call of a delivery, whatever Re:amaze makes of a repeat: each letter is posted exactly once.

One bridge runs for the whole file and one letter after the other goes through it, each call of which meets what is asked for:
the fault may come before the call is applied or after, and looking for the message afterwards meets faults as well.
`FAULTS=all` tries every fault on every call under every behaviour instead of a covering set.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator

import pytest
from support import rig, verdict
from support.logged import capture_logs
from support.marked import PNG, Letter, letter

from bridge.reamaze import Client
from bridge.reamaze.readback import Known
from bridge.sandbox import Behaviour, faults
from bridge.sandbox.faults import parse

pytestmark = pytest.mark.anyio

#: As the sandbox writes them: before the call is applied and after, where there is such a choice. Too many requests means what
#: it says: a call that was answered so is not looked for.
KINDS = tuple(
    dict.fromkeys(
        spec
        for word in (*faults.EVERY, "500", "html-502-after", "503:0.1", "2xx-errors-after")
        for spec in (
            word.replace("429:1", "429:0.1").replace("slow:0.2", "slow:0.02"),
            *((f"{word}-before",) if word in ("truncated", "cut", "empty") else ()),
        )
    )
)
#: What a look may meet on top.
LOOKS = ("ok", "503", "ok", "reset-before", "ok", "truncated", "ok", "timeout-before")

#: The calls of a letter with two files and a note: create, follow-up, note. A second letter is the append.
CALLS = ("create", "follow-up", "note")

#: What Re:amaze may make of a repeat, where it shows the key if at all, and how its lists are cut.
BEHAVIOURS = {
    "existing": Behaviour(repeated_origin_id="existing"),
    "existing-unfiltered-paged": Behaviour(
        repeated_origin_id="existing", data_filter="ignored", page_size=2, scope="brand"
    ),
    "refuse-late": Behaviour(repeated_origin_id="refuse", scope="brand", lists_late_calls=1),
    "refuse-unfiltered": Behaviour(repeated_origin_id="refuse", data_filter="ignored", page_size=3),
    "duplicate-late-paged": Behaviour(repeated_origin_id="duplicate", lists_late_calls=1, page_size=2),
    "duplicate-unfiltered-ignored": Behaviour(
        repeated_origin_id="duplicate", data_filter="ignored", origin_id_on_create="ignored", page_size=2
    ),
    # Lists that show no key at all: what is there is known by what it says.
    "duplicate-hidden-paged": Behaviour(
        repeated_origin_id="duplicate", origin_id_in_lists=False, bodies_in_lists="html", page_size=2
    ),
    "duplicate-hidden-without-data": Behaviour(
        repeated_origin_id="duplicate", origin_id_in_lists=False, data_on_create="ignored", page_size=3
    ),
    "refuse-hidden-late": Behaviour(
        repeated_origin_id="refuse", origin_id_in_lists=False, lists_late_calls=1
    ),
}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def bridge(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[rig.Rig]:
    folder = tmp_path_factory.mktemp("rig")
    with rig.polling():
        async with rig.running(folder, change=rig.impatient) as running:
            yield running


def cases(number: int) -> list[tuple[str, str, str, str]]:
    """(fault, the call it falls on, fault on the append, fault on the first look) for the behaviour of that number."""
    if os.environ.get("FAULTS") == "all":
        every = itertools.product(KINDS, CALLS)
        return [(kind, call, KINDS[place % len(KINDS)], "ok") for place, (kind, call) in enumerate(every)]
    return [
        (
            kind,
            CALLS[(place + number) % len(CALLS)],
            KINDS[(place * 5 + number) % len(KINDS)],
            LOOKS[(place // 2 + number) % len(LOOKS)],
        )
        for place, kind in enumerate(KINDS)
        if (place + number) % 2
    ]


@pytest.mark.parametrize("name", BEHAVIOURS)
async def test_whatever_a_call_meets_each_letter_is_posted_once(name: str, bridge: rig.Rig) -> None:
    number = list(BEHAVIOURS).index(name)
    # Of an account with history: what it was told before is in its lists.
    bridge.sandbox.behaviour = BEHAVIOURS[name]
    assert bridge.daemon._loop is not None
    client = bridge.daemon._loop._parts.clients["acme"]
    assert isinstance(client, Client)
    # An account does not change its ways: what the bridge saw of the one before is of another.
    client._known = Known(bridge.daemon.clock)
    wrong = {}
    with capture_logs() as log:
        for place, case in enumerate(cases(number)):
            found = await one(bridge, f"b{number}c{place}", *case)
            if found:
                wrong[case] = found
    assert wrong == {}
    assert bridge.sandbox.doubles() == ()
    looks = {line["look"] for line in log if line["event"] == "found"}
    assert looks == ({1, 2} if "late" in name else {1})


async def one(bridge: rig.Rig, thread: str, fault: str, call: str, append: str, look: str) -> tuple[str, ...]:
    """What is wrong after a letter whose call met a fault, and an answer to it whose append met another."""
    author = f"{thread}@customer.example"
    letters = (
        letter(
            thread, 0, author=author, files=(b"a" * 900, thread.encode() * 9), picture=PNG + b"x", note=True
        ),
        letter(thread, 1, author=author, note=True),
    )
    before = len(bridge.sandbox.posted)
    for one_letter, script in zip(letters, (["ok"] * CALLS.index(call) + [fault], [append]), strict=True):
        bridge.sandbox.faults.script(*script, on="POST")
        bridge.sandbox.faults.script(look, on="GET")
        mail_id = await bridge.send(one_letter.content, reverse_path=author)
        try:
            await bridge.idle()
        except TimeoutError as error:
            return (str(error),)
        finally:
            left = bridge.sandbox.faults.left
            bridge.sandbox.faults.clear()
        if bridge.state(mail_id) != "delivered":
            return (f"{one_letter.mark} is {bridge.state(mail_id)}",)
        # Nothing need be looked for after most of the faults.
        if left > 1:
            return (f"{one_letter.mark} was not met by {script}",)
    await bridge.settled()
    return found_wrong(bridge, letters, before)


def found_wrong(bridge: rig.Rig, letters: tuple[Letter, ...], before: int) -> tuple[str, ...]:
    return verdict.judge(letters, verdict.in_sandbox(bridge.sandbox)[before:]).faults


def test_every_fault_falls_on_every_call() -> None:
    tried = [case for number in range(len(BEHAVIOURS)) for case in cases(number)]
    assert {(kind, call) for kind, call, _, _ in tried} == set(itertools.product(KINDS, CALLS))
    assert {append for _, _, append, _ in tried} == set(KINDS)


def test_every_fault_of_the_sandbox_is_among_them() -> None:
    met = {parse(kind) for kind in KINDS}
    kinds = {fault.kind for fault in met if fault}
    assert kinds == {fault.kind for fault in map(parse, faults.EVERY) if fault}
    for kind in ("status", "html", "reset", "timeout", "truncated", "cut", "empty", "errors"):
        assert {fault.after for fault in met if fault and fault.kind == kind} == {True, False}, kind
