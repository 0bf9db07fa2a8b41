"""A spool that a repair, or a hand, has left with holes: what is broken is buried alone, and all others go on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.spools import CONTENT, envelope, put, put_and_place, settings, sorting

from bridge.clock import FixedClock
from bridge.model import KeyClue
from bridge.spool import Spool
from bridge.spool.envelopes import pack, unpack

pytestmark = pytest.mark.anyio

BREAKS = {
    "gone": "DELETE FROM mails WHERE id = ?",
    "no envelope": "UPDATE mails SET envelope = '' WHERE id = ?",
    "half an envelope": "UPDATE mails SET envelope = '[1,2' WHERE id = ?",
    "another's envelope": "UPDATE mails SET envelope = '{\"v\":99}' WHERE id = ?",
    "no recipients": "UPDATE deliveries SET recipients = '[' WHERE mail_id = ?",
}


@pytest.fixture
def spool(tmp_path: Path, clock: FixedClock) -> Iterator[Spool]:
    opened = Spool.open(settings(tmp_path / "spool"), clock=clock)
    yield opened
    assert opened.audit() == {}
    opened.close()


def damage(folder: Path, statement: str, mail_id: str) -> None:
    """As the database's own shell does it, which asks for no foreign keys."""
    with closing(sqlite3.connect(folder / "spool" / "spool.db")) as shell, shell:
        shell.execute(statement, (mail_id,))


@pytest.mark.parametrize("how", BREAKS)
async def test_an_unsorted_mail_that_cannot_be_read_is_buried_alone(
    how: str, spool: Spool, clock: FixedClock, tmp_path: Path
) -> None:
    first, broken, last = [await put(spool, clock) for _ in range(3)]
    damage(tmp_path, BREAKS[how], broken)
    assert [item.mail_id for item in await spool.unsorted(10)] == [first, last]
    assert spool.counts()["dead"] == 1
    assert await spool.unsorted(10) == ()


@pytest.mark.parametrize("how", BREAKS)
async def test_a_waiting_mail_that_cannot_be_read_is_buried_and_its_lane_goes_on(
    how: str, spool: Spool, clock: FixedClock, tmp_path: Path
) -> None:
    lane = sorting(KeyClue("k", "a key"))
    broken, after, other = [
        (await put_and_place(spool, clock, each))[0] for each in (lane, lane, sorting(message_id="x"))
    ]
    damage(tmp_path, BREAKS[how], broken.mail_id)
    assert [item.id for item in await spool.claim(10)] == [other.id]
    assert [item.id for item in await spool.claim(10)] == [after.id]


async def test_an_operator_sees_what_was_buried_and_why(
    spool: Spool, clock: FixedClock, tmp_path: Path
) -> None:
    mail_id = await put(spool, clock)
    damage(tmp_path, BREAKS["gone"], mail_id)
    await spool.unsorted(1)
    (summary,) = spool.operator.list(("dead",))
    assert (summary.id, summary.raw_kept) == (mail_id, False)
    assert "repaired or changed by hand" in summary.reason
    (trace,) = spool.operator.trace(mail_id)
    assert trace.events[-1].event == "dead"
    assert spool.operator.raw(mail_id) is None
    assert spool.operator.retry(mail_id) == 1
    assert await spool.unsorted(1) == ()
    assert spool.operator.drop(mail_id, "by hand") == 1


# -- envelopes -------------------------------------------------------------------------------------


def test_an_envelope_is_what_it_was() -> None:
    plain = envelope()
    whole = envelope(
        recipients=("a@x.example", '"b, c"@x.example'),
        login="ann",
        tls="TLSv1.3",
        trusted=True,
        reverse_path="",
    )
    odd = envelope(helo='\udce4"\\', peer="unix")
    for each in (plain, whole, odd):
        assert unpack(pack(each), each.received_at) == each


def test_an_envelope_of_the_first_spools_is_read() -> None:
    stored = '["ann@x.example",["help@acme.example"],"192.0.2.7","mail.x.example","lan","ann","TLSv1.3",true]'
    read = unpack(stored, envelope().received_at)
    assert read == envelope(
        reverse_path="ann@x.example", helo="mail.x.example", login="ann", tls="TLSv1.3", trusted=True
    )


def test_an_envelope_of_a_form_that_is_not_known_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="version 2"):
        unpack(pack(envelope()).replace('"v":1', '"v":2'), envelope().received_at)


async def test_a_spool_with_envelopes_of_both_forms_is_read(
    spool: Spool, clock: FixedClock, tmp_path: Path
) -> None:
    first, _ = [await put(spool, clock) for _ in range(2)]
    list_form = (
        '["anna@example.net",["help@acme.example"],"192.0.2.7","mail.example.net","lan",null,null,false]'
    )
    damage(tmp_path, f"UPDATE mails SET envelope = '{list_form}' WHERE id = ?", first)
    old, new = await spool.unsorted(2)
    assert old.envelope == new.envelope
    assert old.content == CONTENT
