"""Any Mail value at all is sorted and drafted, and what comes out can be posted."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from support.composing import KEYS, OWN, Words, a_route, a_sender, an_envelope

from bridge.compose import address, author, draft, fields, note, sort, unfound
from bridge.model import Address, Attached, Automatic, File, Kind, Leaf, Mail, Span, Written

TEXT = st.one_of(
    st.text(max_size=40),
    st.text(st.sampled_from(list("<>@\"'()[]{};:,= \n\t.+-_#aAbrevia09é\u202e")), max_size=60),
    st.sampled_from(
        ["Re: ", "anna@example.net", "x via y", "[Fwd: ", "support@example.com", "boss@corp.example"]
    ),
)
ADDRESSES = st.builds(Address, TEXT, TEXT, st.booleans())
NAMES = st.sampled_from(
    [
        "From",
        "X-Original-From",
        "List-Post",
        "X-Reamaze-X",
        "Authentication-Results",
        "X-Slug",
        "X-By",
        "Delivered-To",
    ]
)
INDEX = st.integers(-2, 4)
LEAVES = st.builds(
    Leaf,
    index=INDEX,
    section=TEXT,
    content_type=TEXT,
    content=st.one_of(st.binary(max_size=9), st.builds(Span, st.integers(0, 9), st.integers(0, 9))),
    filename=st.none() | TEXT,
)
BLOCKS = st.one_of(
    st.builds(Written, st.none() | TEXT, st.none() | TEXT, st.lists(INDEX, max_size=3).map(tuple)),
    st.builds(Attached, INDEX),
)
MAILS = st.builds(
    Mail,
    authors=st.lists(ADDRESSES, max_size=3).map(tuple),
    sender=st.none() | ADDRESSES,
    reply_to=st.lists(ADDRESSES, max_size=2).map(tuple),
    to=st.lists(ADDRESSES, max_size=3).map(tuple),
    cc=st.lists(ADDRESSES, max_size=3).map(tuple),
    subject=TEXT,
    message_id=st.none() | TEXT,
    in_reply_to=st.lists(TEXT, max_size=3).map(tuple),
    references=st.lists(TEXT, max_size=5).map(tuple),
    date_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    headers=st.lists(st.tuples(NAMES | TEXT, TEXT), max_size=5).map(tuple),
    blocks=st.lists(BLOCKS, max_size=4).map(tuple),
    leaves=st.lists(LEAVES, max_size=4).map(tuple),
    automatic=st.none() | st.builds(Automatic, st.sampled_from(Kind), TEXT),
    defects=st.lists(TEXT, max_size=3).map(tuple),
)
ROUTE = a_route(
    copy_recipients=True,
    author=[
        {"use": "header", "email": "X-By", "when_from": ["@example.net"]},
        {"use": "body", "email": "a", "name": "b"},
        {"use": "fields", "email": "{x}@{y}", "name": "{x} {y}"},
    ],
    fields=[
        {"name": "x", "label": "a"},
        {"name": "y", "match": "[a-z]+", "type": "email", "default": "b.example"},
        {"name": "z", "use": "subject", "match": "(.)(.)?", "type": "date-dmy"},
    ],
    tags=["{x}", "t"],
    subject="{subject} {z}",
    conversation={
        "slug_header": "X-Slug",
        "slug_from_subject": "always",
        "patterns": [
            {"match": "(a+)", "key": "{1}"},
            {"where": "body", "match": "(?P<x>e)", "slug": "{x}-{0}"},
        ],
    },
)
SENDER = a_sender(staff=["@corp.example"], authserv_ids=["mx"], default_domain="devices.example")


@settings(max_examples=300)
@given(MAILS, TEXT, st.booleans())
def test_any_mail_is_sorted_and_drafted(mail: Mail, path: str, trusted: bool) -> None:
    envelope = an_envelope(reverse_path=path, trusted=trusted)
    recipients = ("support+x@example.com",)
    values = fields.read(mail, ROUTE)
    sorting = sort.sort(
        mail,
        envelope,
        ROUTE,
        sender=SENDER,
        own=OWN,
        keys=KEYS,
        recipients=recipients,
        content_digest="d",
        found=values,
    )
    chosen = author.decide(mail, envelope, ROUTE, SENDER, OWN, values=values.values).author
    assert all(why for _, why in unfound.fields(mail, ROUTE, values.values))
    assert all(unfound.authors(mail, ROUTE, SENDER, OWN, values.values))
    file = File(leaf=1, name="a", content_type="b/c", path=Path("a"), size_bytes=1, sha256="0")
    found = draft.draft(
        mail,
        envelope,
        ROUTE,
        sender=SENDER,
        own=OWN,
        recipients=recipients,
        author=chosen,
        body=Words(),
        files=(file,),
        found=values,
    )
    assert sorting.user == chosen.user == found.user
    assert address.valid(found.user.email)
    assert found.user.email == found.user.email.lower()
    assert found.user.name.strip()
    assert found.subject.strip()
    assert sorting.message_id
    assert not any(address.listed(email, OWN) for email in found.recipients)
    assert all(address.valid(email) for email in found.recipients)
    if chosen.user.email.endswith("@corp.example"):
        assert "proved" in chosen.because
    for line in note.render(found.note).splitlines()[2:]:
        assert line.startswith("- ")
    placed = {1, *(leaf for block in mail.blocks if isinstance(block, Written) for leaf in block.leaves)}
    lost = [leaf for leaf in mail.leaves if leaf.index not in placed]
    assert len(lost) == sum(decision.what == "part" for decision in found.decisions)


@given(TEXT)
def test_any_text_is_read_as_a_valid_address_or_none(text: str) -> None:
    found = address.read(text)
    assert found is None or address.valid(found.email)
    canonical = address.canonical(text)
    assert address.canonical(canonical) == canonical or not address.valid(canonical)
