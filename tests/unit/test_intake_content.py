"""The end of the content, dot-stuffing and line endings, however the bytes are cut into chunks."""

from __future__ import annotations

import time

import pytest
from support.smtp import FakeIncoming

from bridge.intake import replies
from bridge.intake.collect import Collector
from bridge.intake.data import ContentReader
from bridge.intake.trace import Hops


def collector(**changes: int) -> Collector:
    values = {"size_limit_bytes": 10**9, "threshold_bytes": 10**9, "max_hops": 30, **changes}
    return Collector(b"", hops=Hops("mx.example.org"), incoming=FakeIncoming, **values)


def read(data: bytes, size: int, *, legacy: bool = False) -> tuple[Collector, bytes | None]:
    """Feed in chunks of a size; the collector, and what followed the end."""
    kept = collector()
    reader = ContentReader(kept, legacy=legacy)
    for start in range(0, len(data), size):
        rest = reader.feed(data[start : start + size])
        if rest is not None:
            return kept, rest + data[start + size :]
    return kept, None


CASES = [
    (b".\r\n", b""),
    (b"\r\n.\r\n", b"\r\n"),
    (b"a\r\n.\r\n", b"a\r\n"),
    (b"..\r\n.\r\n", b".\r\n"),
    (b".a\r\n..b\r\n...\r\n.\r\n", b"a\r\n.b\r\n..\r\n"),
    (b"a.\r\n.b.\r\nc\r\n..\r\n.\r\n", b"a.\r\nb.\r\nc\r\n.\r\n"),
    (b"\r\n\r\n..\r\n\r\n.\r\n", b"\r\n\r\n.\r\n\r\n"),
    (b"a\r\r\n.\r\n", b"a\r\r\n"),
]


@pytest.mark.parametrize(("sent", "content"), CASES)
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7, 1000])
def test_the_content_is_the_same_wherever_it_is_cut(sent: bytes, content: bytes, size: int) -> None:
    kept, rest = read(sent + b"QUIT\r\n", size)
    assert (kept.content(), rest, kept.refusal) == (content, b"QUIT\r\n", None)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(
    "dots",
    [
        b"\n.\n",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r",
        b"\r.\r\n",
        b"\r\n.\r",
        b"\n.\r",
        b"\r\n.\r\r\n",
        b"\r\n\x00.\r\n",
        b"\r\n. \r\n",
    ],
)
def test_no_mixture_of_line_ends_around_a_dot_ends_the_content(dots: bytes, legacy: bool, size: int) -> None:
    """Pitfall 11: SMTP smuggling (CVE-2024-27305)."""
    _, rest = read(b"a" + dots + b"b", size, legacy=legacy)
    assert rest is None
    _, rest = read(b"a" + dots + b"b\r\n.\r\n", size, legacy=legacy)
    assert rest == b""


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("sent", [b"a\nb\r\n", b"\n", b"\r\n\n", b"a\r\n.\n", b"..a\n\r\n"])
def test_a_bare_line_feed_is_refused(sent: bytes, size: int) -> None:
    """Pitfall 12: it was passed through."""
    kept, rest = read(sent + b"\r\n.\r\n", size)
    assert (kept.refusal, rest) == (replies.BARE_LF, b"")


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_a_legacy_listener_makes_every_line_end_crlf(size: int) -> None:
    """Pitfall 12: or it is normalised, by a choice for each listener."""
    kept, rest = read(b"a\nb\r\nc\rd\n\ne\r\r\n..f\n.\r\n.\r\n", size, legacy=True)
    assert (kept.content(), rest) == (b"a\r\nb\r\nc\r\nd\r\n\r\ne\r\n\r\n.f\r\n.\r\n", b"")


def test_a_bare_carriage_return_is_content() -> None:
    """It can end nothing here, and old software writes it: refused, a mail would be lost for nothing."""
    kept, _ = read(b"a\rb\r\n.\r\n", 100)
    assert (kept.content(), kept.refusal) == (b"a\rb\r\n", None)


@pytest.mark.parametrize(
    "unit", [b"\r\n..", b"\n", b"\r", b".", b"\r\n.\r", b"\r\n. ", b"a.b\r\n", b"\n."], ids=repr
)
def test_hostile_content_costs_no_more_than_ordinary_content(unit: bytes) -> None:
    """The same bytes in eight times the amount must not take more than eight times as long, with room for noise."""

    def seconds(amount: int) -> float:
        data = unit * (amount // len(unit))
        best = 10.0
        for _ in range(3):
            began = time.process_time()
            read(data, 65_536)
            best = min(best, time.process_time() - began)
        return best

    assert seconds(2_000_000) < 8 * 4 * seconds(250_000) + 0.05


def test_the_collector_counts_what_was_sent_and_keeps_the_first_reason() -> None:
    kept = collector(size_limit_bytes=5)
    kept.add(b"12345")
    assert (kept.size_bytes, kept.refusal) == (5, None)
    kept.add(b"6")
    kept.refuse(replies.BARE_LF)
    assert kept.refusal is replies.TOO_LARGE
    assert kept.content() == b""
