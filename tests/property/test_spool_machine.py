"""The spool against a model of it in plain dicts, through any order of operations and crashes."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.spools import CONTENT, envelope, place, sorting
from support.spools import settings as spool_settings

from bridge.clock import FixedClock
from bridge.errors import SpoolError
from bridge.model import Target, ThreadClue
from bridge.spool import SETTLED, WAITING, Spool

TARGETS = (Target("support", "acme", ("a@acme.example",)), Target("sales", "globex", ("b@globex.example",)))
WINDOW_S = 1_000.0
LARGE = b"x" * 2_000


@dataclass
class Modelled:
    """What must be so of one delivery."""

    id: str
    brand: str
    content: bytes
    received_s: float
    state: str = "new"
    seq: int | None = None
    lane: tuple[str, str] | None = None
    strikes: int = 0
    attempts: int = 0
    next_s: float | None = None
    released: bool = False
    duplicate_key: str = ""
    plan: bool = False
    #: For each step, whether it is begun and finished.
    steps: list[list[bool]] = field(default_factory=list)


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="spool-machine-"))
        self.clock = FixedClock()
        self.runner = asyncio.Runner()
        self.lives = 0
        #: By order of arrival, which is the order of seq.
        self.all: list[Modelled] = []
        self.handed_out: list[Modelled] = []

    @initialize(threads=st.lists(st.sampled_from("AB"), min_size=2, max_size=6))
    def start(self, threads: list[str]) -> None:
        # Most of what can go wrong needs a few mails in their lanes; random rules seldom get that far by themselves.
        self.spool = self.open()
        for thread in threads:
            self.put(both=False, large=False)
            self.unsorted(1)
            self.place_it(self.handed_out[-1], thread, None, "")

    def open(self) -> Spool:
        keep = spool_settings(self.root / str(self.lives), inline_limit_bytes=1_000)
        return Spool.open(keep, clock=self.clock)

    def teardown(self) -> None:
        self.spool.close()
        self.runner.close()
        shutil.rmtree(self.root)

    # -- the model ---------------------------------------------------------------------------------

    def of_state(self, *states: str) -> list[Modelled]:
        return [each for each in self.all if each.state in states]

    def due(self, state: str, limit: int) -> list[Modelled]:
        found = []
        for brand in ("acme", "globex"):
            mine = [each for each in self.of_state(state) if each.brand == brand]
            found += [each for each in mine if each.next_s is None][:limit]
            deferred = [
                each for each in mine if each.next_s is not None and each.next_s <= self.clock.elapsed_s
            ]
            found += sorted(deferred, key=lambda each: (each.next_s or 0, self.all.index(each)))[:limit]
        return sorted(found, key=self.all.index)[:limit]

    def arrange(self, lane: tuple[str, str] | None) -> None:
        mine = [each for each in self.all if lane is not None and each.lane == lane]
        heads = [each for each in mine if each.state in ("ready", "busy")]
        behind = [each for each in mine if each.state == "behind"]
        if not behind:
            return
        if not heads:
            behind[0].state = "ready"
        elif self.all.index(behind[0]) < self.all.index(heads[0]):
            head = heads[0]
            if head.state == "ready" and not head.plan and head.attempts == 0:
                head.state, behind[0].state = "behind", "ready"

    def end(self, each: Modelled, state: str) -> None:
        each.state, each.strikes, each.next_s = state, 0, None
        self.arrange(each.lane)

    # -- operations --------------------------------------------------------------------------------

    @rule(both=st.booleans(), large=st.booleans())
    def put(self, both: bool, large: bool) -> None:
        mail_id, content = self.spool.new_id(), LARGE if large else CONTENT
        targets = TARGETS if both else TARGETS[:1]
        self.runner.run(self.spool.put(mail_id, envelope(self.clock.now()), content, targets))
        for part, target in enumerate(targets, 1):
            id_ = mail_id if part == 1 else f"{mail_id}.{part}"
            self.all.append(Modelled(id_, target.brand, content, self.clock.elapsed_s))

    @rule(limit=st.integers(1, 3))
    def unsorted(self, limit: int) -> None:
        waiting = self.due("new", limit + len(self.handed_out))
        expected = [each for each in waiting if each not in self.handed_out][:limit]
        calm = next((place for place, each in enumerate(expected) if each.strikes), len(expected))
        expected = expected[: calm or 1]
        items = self.runner.run(self.spool.unsorted(limit))
        assert [item.id for item in items] == [each.id for each in expected]
        for item, each in zip(items, expected, strict=True):
            each.seq = item.seq
            each.strikes += 1
            found = item.content.read_bytes() if isinstance(item.content, Path) else item.content
            assert (item.strikes, found) == (each.strikes, each.content)
            self.handed_out.append(each)

    @precondition(lambda self: self.handed_out)
    @rule(
        data=st.data(),
        thread=st.sampled_from("AB"),
        verdict=st.sampled_from((None, None, None, "hold", "drop")),
        key=st.sampled_from(("", "", "", "same")),
    )
    def place(self, data: st.DataObject, thread: str, verdict: str | None, key: str) -> None:
        self.place_it(data.draw(st.sampled_from(self.handed_out)), thread, verdict, key)

    def place_it(self, each: Modelled, thread: str, verdict: str | None, key: str) -> None:
        self.handed_out.remove(each)
        (item,) = [found for found in self.listing() if found.id == each.id]
        sorted_as = sorting(
            ThreadClue((thread,), "References"),
            message_id=f"<{each.id}>",
            related_ids=(thread,),
            duplicate_key=key,
            verdict=None if verdict is None else (verdict, "by rule"),
        )
        placed = self.runner.run(place(self.spool, item, sorted_as, duplicate_window_s=WINDOW_S))
        if each.state != "new":
            assert placed.state == each.state
            return
        each.next_s, each.strikes = None, 0
        self.expect_placed(each, (each.brand, thread), verdict, key)
        assert placed.state == each.state
        assert (placed.conversation is not None) == (each.lane is not None)

    def expect_placed(self, each: Modelled, lane: tuple[str, str], verdict: str | None, key: str) -> None:
        each.duplicate_key = key
        if not each.released:
            earlier = [
                other
                for other in self.all
                if key
                and other is not each
                and (other.brand, other.duplicate_key) == (each.brand, key)
                and other.state not in ("dropped", "dead")
                and other.received_s >= each.received_s - WINDOW_S
            ]
            if earlier:
                return self.end(each, "dropped")
            if verdict is not None:
                return self.end(each, {"hold": "held", "drop": "dropped"}[verdict])
        each.lane, each.state = lane, "behind"
        return self.arrange(lane)

    @precondition(lambda self: self.due("ready", 1))
    @rule(limit=st.integers(1, 3))
    def claim(self, limit: int) -> None:
        expected = self.due("ready", limit)
        suspects = [each for each in expected if each.strikes]
        if suspects and all(each.strikes < 2 for each in self.of_state("busy")):
            del suspects[0]
        expected = [each for each in expected if each not in suspects]
        items = self.runner.run(self.spool.claim(limit))
        assert [item.id for item in items] == [each.id for each in expected]
        for item, each in zip(items, expected, strict=True):
            each.state = "busy"
            each.strikes += 1
            assert (item.strikes, item.attempts) == (each.strikes, each.attempts)
            assert [
                [step.begun_at is not None, step.finished_at is not None] for step in item.steps
            ] == each.steps

    @precondition(lambda self: self.of_state("busy"))
    @rule(data=st.data(), step=st.integers(0, 2), finish=st.booleans())
    def record(self, data: st.DataObject, step: int, finish: bool) -> None:
        each = data.draw(st.sampled_from(self.of_state("busy")))
        assert each.seq is not None
        if not each.plan:
            named = [("create", "a"), ("note", "b")]
            self.runner.run(self.spool.record(each.seq, plan="{}", steps=named, begun=0))
            each.plan, each.steps = True, [[True, False], [False, False]]
        elif step < 2:
            change = {"finished": (step, "{}")} if finish else {"begun": step}
            self.runner.run(self.spool.record(each.seq, **change))  # type: ignore[arg-type]  # either of the two
            each.steps[step] = [True, finish or each.steps[step][1]]
            each.strikes = min(each.strikes, 1) if finish else each.strikes
        else:
            try:
                self.runner.run(self.spool.record(each.seq, begun=step))
            except SpoolError:
                return
            raise AssertionError("a step that is not of the plan was begun")

    @precondition(lambda self: self.of_state("busy"))
    @rule(data=st.data(), delay=st.integers(0, 60), counts=st.booleans())
    def defer(self, data: st.DataObject, delay: int, counts: bool) -> None:
        each = data.draw(st.sampled_from(self.of_state("busy")))
        assert each.seq is not None
        until = self.clock.now() + timedelta(seconds=delay)
        self.runner.run(self.spool.defer(each.seq, until, "later", counts=counts))
        each.state, each.strikes, each.next_s = "ready", 0, self.clock.elapsed_s + delay
        each.attempts += counts

    @precondition(lambda self: self.of_state("busy"))
    @rule(data=st.data(), state=st.sampled_from(SETTLED))
    def settle(self, data: st.DataObject, state: str) -> None:
        each = data.draw(st.sampled_from(self.of_state("busy")))
        assert each.seq is not None
        self.runner.run(self.spool.settle(each.seq, state, "because"))  # type: ignore[arg-type]  # one of Settled
        each.attempts += 1
        self.end(each, state)

    @precondition(lambda self: self.of_state("busy"))
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        each = data.draw(st.sampled_from(self.of_state("busy")))
        assert each.seq is not None
        self.runner.run(self.spool.give_back([each.seq]))
        each.state, each.strikes = "ready", each.strikes - 1

    # -- operators, time, crashes ------------------------------------------------------------------

    @precondition(lambda self: self.of_state("dead", "held", "ready"))
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        each = data.draw(st.sampled_from(self.of_state("dead", "held", "ready")))
        self.spool.operator.retry(each.id if "." in each.id else f"{each.id}.1")
        if each.state != "ready":
            each.state = "new" if each.lane is None else "behind"
        each.attempts = each.strikes = 0
        each.next_s, each.released = None, True
        self.arrange(each.lane)

    @precondition(lambda self: self.of_state("new", "ready", "behind"))
    @rule(data=st.data(), drop=st.booleans())
    def stop(self, data: st.DataObject, drop: bool) -> None:
        each = data.draw(st.sampled_from(self.of_state("new", "ready", "behind")))
        change = self.spool.operator.drop if drop else self.spool.operator.hold
        change(each.id if "." in each.id else f"{each.id}.1", "by hand")
        self.end(each, "dropped" if drop else "held")

    @rule(seconds=st.sampled_from((1, 20, 2_000)))
    def advance(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(killed=st.booleans())
    def crash(self, killed: bool) -> None:
        if killed:
            # What the disk holds at this moment is what a killed process leaves.
            shutil.copytree(self.root / str(self.lives), self.root / str(self.lives + 1))
            self.lives += 1
            self.spool.close()
        else:
            self.spool.close()
        self.spool = self.open()
        self.handed_out.clear()
        for each in self.of_state("busy"):
            each.state = "ready"

    # -- what must always be so --------------------------------------------------------------------

    def listing(self) -> list:  # type: ignore[type-arg]  # summaries, which `place` takes as items
        return list(self.spool.operator.list((*WAITING, *SETTLED), limit=10_000))

    @invariant()
    def the_spool_is_as_modelled(self) -> None:
        if not hasattr(self, "spool"):
            return
        found = [(each.id, each.state, each.attempts) for each in self.listing()]
        assert found == [(each.id, each.state, each.attempts) for each in self.all]
        states = Counter(each.state for each in self.all)
        assert self.spool.counts() == {state: states[state] for state in (*WAITING, *SETTLED)}

    @invariant()
    def the_accounts_are_true(self) -> None:
        if not hasattr(self, "spool"):
            return
        assert self.spool.audit() == {}
        ledger = self.spool.ledger()
        assert ledger["accepted"] == len(self.all) == sum(ledger[state] for state in (*SETTLED, "waiting"))

    @invariant()
    def every_lane_has_one_head_and_nobody_waits_without_one(self) -> None:
        lanes: dict[tuple[str, str], Counter[str]] = {}
        for each in self.all:
            if each.lane is not None:
                lanes.setdefault(each.lane, Counter())[each.state] += 1
        for states in lanes.values():
            assert states["ready"] + states["busy"] == (
                1 if states.keys() & {"ready", "busy", "behind"} else 0
            )


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
