"""Slugs in paths."""

from __future__ import annotations

import httpx
import pytest

from bridge.errors import MissingError
from bridge.reamaze import slug


@pytest.mark.parametrize(
    "text",
    ["knock-knock", "a.b$c", "a/b", "100%", "%2F", "a?b#c", "déjà vu", "привет", "\u200d", "a" * 3_000, "..a", "a\nb"],
    ids=repr,
)  # fmt: skip
def test_every_character_of_a_slug_arrives_as_it_is(text: str) -> None:
    url = httpx.URL(f"https://acme.reamaze.io/api/v1/conversations/{slug.segment(text)}/messages")
    segments = url.raw_path.decode().split("/")
    assert len(segments) == 6
    assert url.path == f"/api/v1/conversations/{text}/messages"


@pytest.mark.parametrize(
    "text", ["", ".", "..", "...", "a" * 5_000, "\ud800"], ids=lambda text: ascii(text[:9])
)
def test_what_cannot_be_a_slug_is_no_conversation(text: str) -> None:
    with pytest.raises(MissingError):
        slug.segment(text)
