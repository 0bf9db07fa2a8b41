"""Address fields, however broken; each row names its case of the acceptance list."""

from __future__ import annotations

import time

import pytest
from support.mails import mail as mail_of

from bridge import mail
from bridge.mail import addresses
from bridge.model import Address


def read(value: bytes | str, limit: int = 500) -> tuple[Address, ...]:
    return addresses.read(value.encode() if isinstance(value, str) else value, limit)


@pytest.mark.parametrize(
    ("case", "value", "name", "email", "doubtful"),
    [
        (0, "Ann Lee <ann@example.com>", "Ann Lee", "ann@example.com", False),
        (0, "ann@example.com", "", "ann@example.com", False),
        (0, '"Lee, Ann" <ann@example.com>', "Lee, Ann", "ann@example.com", False),
        (0, r'"Ann \"Bee\" Lee" <ann@example.com>', 'Ann "Bee" Lee', "ann@example.com", False),
        (2, "foo <foo@example.com", "foo", "foo@example.com", False),
        (3, "Ann <ann lee@example.com>", "Ann", "annlee@example.com", True),
        (3, "root @ host.example.com", "", "root@host.example.com", False),
        (3, "Ann <ann@ example. com>", "Ann", "ann@example.com", True),
        (4, "Ann <ann@example.com>>", "Ann", "ann@example.com", False),
        (4, "<<ann@example.com>>", "", "ann@example.com", False),
        (4, "ann@example.com>", "", "ann@example.com", False),
        (5, "'jane@example.com'", "", "jane@example.com", True),
        (5, "'Jane' <'jane@example.com'>", "Jane", "jane@example.com", True),
        (6, "Doe, John <jd@example.com>", "Doe, John", "jd@example.com", False),
        (9, "a@b@example.com", "", "a@b@example.com", True),
        (10, '"boss@corp.example" <x@evil.example>', "boss@corp.example", "x@evil.example", False),
        (11, "=?utf-8?Q?boss=40corp.example?= <x@evil.example>", "boss@corp.example", "x@evil.example", False),
        (12, "=?x-martian?Q?Ann_L=E9e?= <ann@example.com>", "Ann Lée", "ann@example.com", False),
        (13, "x@example.com (Max)", "Max", "x@example.com", False),
        (13, r"x@example.com (Max \(the\) (old) one)", "Max (the) (old) one", "x@example.com", False),
        (14, "root", "", "root", True),
        (14, "Moderator <moderator>", "Moderator", "moderator", True),
        (14, "undisclosed", "", "undisclosed", True),
        (14, "root (Cron Daemon)", "Cron Daemon", "root", True),
        (26, "=?us-ascii?Q?Ann Lee?= <ann@example.com>", "Ann Lee", "ann@example.com", False),
        (26, "=?utf-8?B?QW5u IEzDqWU=?= <ann@example.com>", "Ann Lée", "ann@example.com", False),
        (15, "ANN@EXAMPLE.COM", "", "ANN@example.com", False),
        (0, "Pete(a chap) <pete(his account)@example.com(his host)>", "Pete", "pete@example.com", False),
        (0, "<@relay.example,@two.example:ann@example.com>", "", "ann@example.com", False),
        (0, "John <CEO> Doe <jd@example.com>", "John Doe", "jd@example.com", False),
        (0, "mailto:ann@example.com", "", "ann@example.com", False),
        (0, "Ann Lee ann@example.com", "Ann Lee", "ann@example.com", True),
        (0, '"Ann Lee <ann@example.com>"', "Ann Lee", "ann@example.com", True),
        (0, '"Ann Lee <ann@example.com>', "Ann Lee", "ann@example.com", False),
        (0, "Ann Lee &lt;ann@example.com&gt;", "Ann Lee", "ann@example.com", False),
        (0, "Support: Ann <ann@example.com>", "Support: Ann", "ann@example.com", False),
        (0, "Ann' <ann@example.com>", "Ann", "ann@example.com", False),
        (0, "Ann 'Bee' <ann@example.com>", "Ann 'Bee'", "ann@example.com", False),
        (0, "'Ann Lee, ' <ann@example.com>", "Ann Lee", "ann@example.com", False),
        (0, "Ann Lee [MailTo: ann@example.com]", "Ann Lee", "ann@example.com", True),
        (0, "Ann Lee <MailTo:ann@example.com>", "Ann Lee", "ann@example.com", True),
        (25, "Ann <ann@ex\u00e4mple.com>".encode("cp1252"), "Ann", "ann@exämple.com", False),
        (84, "=?utf-8?Q?Lee=2C?= =?utf-8?Q?_Ann?= <ann@example.com>", "Lee, Ann", "ann@example.com", False),
        (84, '"=?utf-8?B?QW5uIEzDqWU=?=" <ann@example.com>', "Ann Lée", "ann@example.com", False),
        (25, "Ann Lée <ann@example.com>".encode("cp1252"), "Ann Lée", "ann@example.com", False),
        (25, "Ann Lée <ann@exämple.com>", "Ann Lée", "ann@exämple.com", False),
    ],
)  # fmt: skip
def test_one_mailbox(case: int, value: bytes | str, name: str, email: str, doubtful: bool) -> None:
    assert read(value) == (Address(name, email, doubtful),)


@pytest.mark.parametrize(
    ("case", "value", "emails"),
    [
        (7, "a@example.com, B <b@example.com>", ["a@example.com", "b@example.com"]),
        (7, "a@example.com; b@example.com", ["a@example.com", "b@example.com"]),
        (7, "a@example.com b@example.com", ["a@example.com", "b@example.com"]),
        (7, "a@example.com a@example.com", ["a@example.com"]),
        (7, "a <a@example.com> b <b@example.com>", ["a@example.com", "b@example.com"]),
        (16, "undisclosed-recipients:;", []),
        (
            16,
            "Friends: a@example.com, B <b@example.com>; c@example.com",
            ["a@example.com", "b@example.com", "c@example.com"],
        ),
        (17, ", a@example.com,, ,", ["a@example.com"]),
        (17, "foo <a@example.com, bar <b@example.com>", ["a@example.com", "b@example.com"]),
        (17, "", []),
        (17, "@", []),
        (17, "<>", []),
        (19, '"', []),
        (19, "(c):", []),
    ],
)
def test_several_mailboxes(case: int, value: str, emails: list[str]) -> None:
    assert [address.email for address in read(value) if address.email] == emails


@pytest.mark.parametrize(
    ("value", "name", "email"),
    [
        ("SRS0=ab=c1=shop.example=ann@relay.example", "", "SRS0=ab=c1=shop.example=ann@relay.example"),
        ("prvs=01234=ann@example.com", "", "prvs=01234=ann@example.com"),
        ("bounce+ann=shop.example@list.example", "", "bounce+ann=shop.example@list.example"),
        ("a=b <ann@example.com>", "a=b", "ann@example.com"),
        ("x=?y@example.com", "", "x=?y@example.com"),
    ],
)
def test_an_equals_sign_is_part_of_an_address(value: str, name: str, email: str) -> None:
    """What stands before it is no name: the address behind it would be somebody else's."""
    assert read(value) == (Address(name, email),)


@pytest.mark.parametrize(
    ("value", "name", "email"),
    [
        ("'Ann Lee' via Desk <desk@list.example>", "'Ann Lee' via Desk", "desk@list.example"),
        ("\"'Ann Lee'\" <ann@example.com>", "Ann Lee", "ann@example.com"),
        ("D'Arcy <ann@example.com>", "D'Arcy", "ann@example.com"),
        ('Ann" Lee <ann@example.com>', "Ann Lee", "ann@example.com"),
        ("Ann &amp; Bob <ann@example.com>", "Ann &amp; Bob", "ann@example.com"),
        (r"Lee\, Ann <ann@example.com>", "Lee, Ann", "ann@example.com"),
        ("Ann Lee [mailto:ann@example.com]", "Ann Lee", "ann@example.com"),
        ("ann@[192.0.2.1]", "", "ann@[192.0.2.1]"),
        ("Ann Lee </O=CORP/OU=SITE/CN=RECIPIENTS/CN=ANN>", "Ann Lee", ""),
    ],
)
def test_names_and_addresses_of_gateways_and_lists(value: str, name: str, email: str) -> None:
    (found,) = read(value)
    assert (found.name, found.email) == (name, email)


@pytest.mark.parametrize("unseen", ["\u200b", "\u200d", "\u2060", "\ufeff", "\xad", "\u200e"])
def test_what_nobody_sees_in_an_address_is_taken_out_and_told(unseen: str) -> None:
    """Left there it would look like the address of staff and be none, so that no proof would be asked for."""
    assert read(f"Ann <ann@exam{unseen}ple.com>") == (Address("Ann", "ann@example.com", doubtful=True),)
    assert read("Jörg <jörg@bücher.example>") == (Address("Jörg", "jörg@bücher.example"),)


def test_an_encoded_word_alone_makes_no_address() -> None:
    """Case 11: what is hidden in an encoded word is a name."""
    (found,) = read("=?utf-8?Q?Boss_=3Cboss=40corp.example=3E?=")
    assert found == Address("Boss <boss@corp.example>", "", doubtful=True)
    (found,) = read("=?utf-8?Q?Boss boss@corp.example Ltd?=")
    assert found == Address("Boss boss@corp.example Ltd", "", doubtful=True)


def test_words_without_an_address_are_a_name() -> None:
    """Case 17."""
    assert read("nobody you know") == (Address("nobody you know", "", doubtful=True),)


def test_mailboxes_are_bounded() -> None:
    assert len(read(b"a@example.com, " * 1000, limit=500)) == 500
    assert len(read(b"a, " * 1000, limit=500)) == 500


def test_names_turn_nothing_around_and_stay_short() -> None:
    """Case 24."""
    (found,) = read("\u202eelgoog\u202c <a@example.com>")
    assert found.name == "elgoog"
    (found,) = read("x" * 5000 + " <a@example.com>")
    assert len(found.name) == 500


class TestOfAMail:
    def test_the_first_from_field_counts(self) -> None:
        """Case 8."""
        found = mail.parse(mail_of("From: b@example.com", author="a@example.com"))
        assert [author.email for author in found.authors] == ["a@example.com"]
        assert "There is more than one From field; the first counts." in found.defects

    def test_the_same_from_field_twice_is_no_word_worth(self) -> None:
        """Scripts set it in the header they make and let PHP add it once more."""
        found = mail.parse(mail_of("From:  Ann\n <a@example.com>", author="Ann <a@example.com>"))
        assert found.defects == ()

    def test_a_mail_without_from_has_its_sender(self) -> None:
        """Case 1."""
        found = mail.parse(mail_of("Sender: Bot <bot@example.com>", author=None))
        assert found.authors == ()
        assert found.sender == Address("Bot", "bot@example.com")

    def test_an_empty_from_is_no_from(self) -> None:
        """Case 40: the next field of that name counts."""
        assert mail.parse(mail_of("From: a@example.com", author="")).authors == (
            Address("", "a@example.com"),
        )

    def test_a_folded_to_is_read(self) -> None:
        """Case 17."""
        found = mail.parse(mail_of("To: A\r\n <a@example.com>,\r\n\tb@example.com"))
        assert found.to == (Address("A", "a@example.com"), Address("", "b@example.com"))

    def test_recipients_stand_in_every_field_of_their_name(self) -> None:
        """Case 17: devices write a field for each."""
        found = mail.parse(mail_of("To: a@example.com", "Cc: c@example.com", "To: B <b@example.com>"))
        assert [one.email for one in found.to] == ["a@example.com", "b@example.com"]
        assert [one.email for one in found.cc] == ["c@example.com"]

    def test_recipients_without_an_address_are_left_out(self) -> None:
        """Case 17."""
        assert mail.parse(mail_of("To: not an address at all")).to == ()

    def test_a_malformed_reply_to_is_none(self) -> None:
        """Case 20."""
        assert mail.parse(mail_of("Reply-To: <>")).reply_to == ()


@pytest.mark.parametrize(
    "value",
    [
        '"a' + " " * 65_000 + 'b@c"',
        '"<a' + "@b" * 32_000 + ' "@c',
        "<" + "@" * 65_000 + ">",
        "<a:" + "@" * 65_000 + ">",
        "a" + ":" * 65_000 + "@b",
    ],
    ids=["blanks", "signs", "routes", "routes behind", "colons"],
)
def test_the_longest_field_costs_no_more_than_its_size(value: str) -> None:
    """A mail has a dozen of these, and its place in the order waits for them."""
    began = time.process_time()
    read(value)
    assert time.process_time() - began < 0.3
