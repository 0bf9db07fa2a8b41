"""One mail from standard input: what is stored, and the exit status for everything that can go wrong."""

from __future__ import annotations

import errno
import io
from typing import Any

import pytest
from support.smtp import HOSTNAME, KNOWN, FakeStore, routes, smtp, wants

from bridge.clock import FixedClock
from bridge.errors import SpoolBrokenError, SpoolFullError
from bridge.intake import pipe
from bridge.intake.pipe import Exit, Taken

pytestmark = pytest.mark.anyio


async def take(
    content: bytes,
    *recipients: str,
    store: FakeStore | None = None,
    reverse_path: str | None = None,
    **settings: Any,
) -> Taken:
    return await pipe.take(
        io.BytesIO(content),
        recipients or (KNOWN,),
        reverse_path=reverse_path,
        settings=smtp(**settings),
        hostname=HOSTNAME,
        spool=store or FakeStore(),
        targets=routes,
        wants=wants,
        clock=FixedClock(),
    )


async def test_a_mail_is_stored_with_a_trace_field_and_crlf() -> None:
    store = FakeStore()
    taken = await take(b"Subject: x\n\nhello\r\nworld\n", store=store, reverse_path="anna@example.net")
    assert (taken.status, taken.mail_id) == (Exit.STORED, "m1")
    (stored,) = store.stored
    assert stored.body == b"Subject: x\r\n\r\nhello\r\nworld\r\n"
    assert stored.content.startswith(
        b"Received: from localhost (pipe)\r\n\tby mx.example.org (reamaze-bridge) with local id m1"
    )
    assert (stored.envelope.reverse_path, stored.envelope.recipients) == ("anna@example.net", (KNOWN,))
    assert (stored.envelope.peer, stored.envelope.listener, stored.envelope.trusted) == (
        "pipe",
        "pipe",
        False,
    )


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
async def test_the_line_of_an_mbox_is_taken_off_and_its_sender_used(end: bytes) -> None:
    store = FakeStore()
    line = b"From anna@example.net  Mon Nov  2 09:30:00 2026" + end
    await take(line + b"Subject: x" + end + end, store=store)
    assert store.stored[0].envelope.reverse_path == "anna@example.net"
    assert store.stored[0].body == b"Subject: x\r\n\r\n"


@pytest.mark.parametrize(
    ("line", "given", "reverse_path"),
    [
        (b"From MAILER-DAEMON Mon Nov  2", None, ""),
        (b"From anna@example.net Mon", "bert@example.net", "bert@example.net"),
        (b"From anna@example.net Mon", "", ""),
        (b"From anna@example.net Mon", "<>", ""),
        (b"Subject: no mbox", None, ""),
        (b"From a@b@c Mon", None, ""),
    ],
)
async def test_the_reverse_path_is_the_given_one_first(
    line: bytes, given: str | None, reverse_path: str
) -> None:
    store = FakeStore()
    await take(line + b"\n\nx\n", store=store, reverse_path=given)
    assert store.stored[0].envelope.reverse_path == reverse_path


async def test_a_crlf_across_two_chunks_stays_one() -> None:
    store = FakeStore()
    content = b"x" * (pipe._CHUNK_BYTES - 1) + b"\r\ny\n\r"
    await take(content, store=store)
    assert store.stored[0].body == b"x" * (pipe._CHUNK_BYTES - 1) + b"\r\ny\r\n\r"


async def test_a_large_mail_is_streamed() -> None:
    store = FakeStore()
    assert (await take(b"x\n" * 200_000, store=store)).status is Exit.STORED
    assert len(store.files) == 1
    assert store.stored[0].body == b"x\r\n" * 200_000


@pytest.mark.parametrize(
    ("content", "recipients", "settings", "status"),
    [
        (b"x\n", ("nobody@example.org",), {}, Exit.NO_USER),
        (b"x\n", (KNOWN, "nobody@example.org"), {}, Exit.NO_USER),
        (b"x\n", ("a b@example.org",), {}, Exit.NO_USER),
        (b"x\n", ("<>",), {}, Exit.NO_USER),
        (b"", (KNOWN,), {}, Exit.NO_INPUT),
        (b"x" * 100, (KNOWN,), {"size_limit_bytes": 99}, Exit.REFUSED),
        (b"Received: x\n" * 31, (KNOWN,), {}, Exit.REFUSED),
        (b"x\n", (f"<{KNOWN}>", "postmaster"), {}, Exit.STORED),
    ],
)
async def test_each_ending_has_its_status(
    content: bytes, recipients: tuple[str, ...], settings: dict[str, Any], status: Exit
) -> None:
    store = FakeStore()
    taken = await take(content, *recipients, store=store, **settings)
    assert taken.status is status
    assert taken.text
    assert len(store.stored) == (status is Exit.STORED)


async def test_no_recipient_is_wrong_usage() -> None:
    taken = await pipe.take(
        io.BytesIO(b"x"),
        (),
        settings=smtp(),
        hostname=HOSTNAME,
        spool=FakeStore(),
        targets=routes,
        wants=wants,
        clock=FixedClock(),
    )
    assert taken.status is Exit.USAGE


@pytest.mark.parametrize(
    "error",
    [SpoolFullError("x"), SpoolBrokenError("x"), OSError(errno.EIO, "secret"), RuntimeError("secret")],
)
@pytest.mark.parametrize("where", ["no_room", "fails", "write_fails"])
async def test_in_doubt_the_mail_server_keeps_the_mail(where: str, error: Exception) -> None:
    store = FakeStore(**{where: error})
    taken = await take(b"x\n" * 200_000, store=store)
    assert taken.status is Exit.LATER
    assert "secret" not in taken.text
    assert store.stored == []


async def test_standard_input_that_breaks_is_tried_again() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(errno.EIO, "secret")

    taken = await pipe.take(
        Broken(),
        (KNOWN,),
        settings=smtp(),
        hostname=HOSTNAME,
        spool=FakeStore(),
        targets=routes,
        wants=wants,
        clock=FixedClock(),
    )
    assert taken.status is Exit.LATER
