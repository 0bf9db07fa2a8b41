"""Content comes out as it was before a client stuffed it, however it is cut; and no bytes raise into a session."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st
from support.smtp import KNOWN, FakeIncoming, FakeStore, Peer, reception

from bridge.intake import replies
from bridge.intake.collect import Collector
from bridge.intake.data import ContentReader
from bridge.intake.trace import Hops

#: Bytes that mean something to the reader, thick enough that they meet.
ODD = st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"\r\n.", b"x", b"Received: ", b"\x00\xff"]), max_size=40
).map(b"".join)
LINES = st.lists(st.sampled_from([b"", b".", b"..", b"x", b".x", b"x.", b"\r", b". "]), max_size=20)
CUTS = st.lists(st.integers(1, 7), min_size=1, max_size=10)


def chunks(data: bytes, cuts: list[int]) -> list[bytes]:
    found, start, turn = [], 0, 0
    while start < len(data):
        found.append(data[start : start + cuts[turn % len(cuts)]])
        start += cuts[turn % len(cuts)]
        turn += 1
    return found


def feed(data: bytes, cuts: list[int], *, legacy: bool = False) -> tuple[Collector, bytes | None]:
    kept = Collector(
        b"",
        size_limit_bytes=10**9,
        threshold_bytes=10**9,
        max_hops=10**9,
        hops=Hops("mx"),
        incoming=FakeIncoming,
    )
    reader = ContentReader(kept, legacy=legacy)
    pieces = chunks(data, cuts)
    for number, piece in enumerate(pieces):
        rest = reader.feed(piece)
        if rest is not None:
            return kept, rest + b"".join(pieces[number + 1 :])
    return kept, None


@given(LINES, CUTS)
def test_what_was_stuffed_is_what_comes_out(lines: list[bytes], cuts: list[int]) -> None:
    content = b"".join(line + b"\r\n" for line in lines)
    stuffed = b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines)
    kept, rest = feed(stuffed + b".\r\nQUIT\r\n", cuts)
    assert (kept.content(), rest, kept.refusal) == (content, b"QUIT\r\n", None)


@given(ODD, CUTS)
def test_the_cut_changes_nothing(data: bytes, cuts: list[int]) -> None:
    for legacy in (False, True):
        whole, rest = feed(data, [10_000], legacy=legacy)
        cut, rest_of_cut = feed(data, cuts, legacy=legacy)
        assert (cut.refusal, rest_of_cut) == (whole.refusal, rest)
        if rest is not None:
            assert cut.content() == whole.content()


@given(ODD, CUTS)
def test_only_crlf_dot_crlf_ends_the_content(data: bytes, cuts: list[int]) -> None:
    _, rest = feed(data, cuts)
    end = (b"\r\n" + data).find(b"\r\n.\r\n")
    assert rest == (None if end < 0 else data[end + 3 :])


@given(ODD, CUTS)
def test_a_bare_line_feed_never_gets_in(data: bytes, cuts: list[int]) -> None:
    kept, rest = feed(data, cuts)
    if rest is not None:
        content = data[: len(data) - len(rest) - 3]
        bare = b"\n" in content.replace(b"\r\n", b"")
        assert kept.refusal == (replies.BARE_LF if bare else None)
    kept, rest = feed(data, cuts, legacy=True)
    if rest is not None:
        assert not set(kept.content().replace(b"\r\n", b"")) & set(b"\r\n")


WORDS = st.sampled_from(
    [
        *(
            b"EHLO x\r\n",
            b"MAIL FROM:<a@x>\r\n",
            f"RCPT TO:<{KNOWN}>\r\n".encode(),
            b"DATA\r\n",
            b".\r\n",
            b"QUIT\r\n",
        ),
        *(
            b"RSET\r\n",
            b"STARTTLS\r\n",
            b"RCPT TO:<>\r\n",
            b"VRFY \xc3\x28\r\n",
            b"\xff\xfe\r\n",
            b"MAIL FROM:",
        ),
        *(b"\x00", b"\n", b"\r\n", b"x" * 5000),
    ]
)


@settings(deadline=None)
@given(
    st.lists(WORDS | st.binary(max_size=20), max_size=25), st.booleans(), st.sampled_from(["smtp", "lmtp"])
)
def test_whatever_is_sent_is_answered_and_nothing_raises(sent: list[bytes], legacy: bool, kind: str) -> None:
    async def dialogue() -> str:
        store = FakeStore()
        peer = await Peer.connect(reception(store=store, legacy=legacy, kind=kind))
        heard = ""
        for data in sent:
            heard += await peer.send(data)
        peer.half_close()
        heard += await peer.hear()
        promised = (
            heard.count("queued as")
            if kind == "smtp"
            else len({line for line in heard.split("\r\n") if "queued" in line})
        )
        assert promised == len(store.stored)
        return heard

    for line in asyncio.run(dialogue()).split("\r\n")[:-1]:
        assert line[:3].isdigit()
