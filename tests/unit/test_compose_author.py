"""Who wrote a mail: the route's rules, the mail's fields, the envelope; and that staff must prove itself."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from support.composing import ANNA, OWN, a_mail, a_route, a_sender, an_address, an_envelope

from bridge.compose import author
from bridge.model import Address, Author, Automatic, Kind, Mail, Written


def chosen(
    mail: Mail, *, rules: list[dict[str, Any]] | None = None, sender: Any = None, **envelope: Any
) -> Author:
    return author.decide(
        mail, an_envelope(**envelope), a_route(author=rules or []), sender or a_sender(), OWN
    ).author


def written_by(*authors: str, **given: Any) -> Mail:
    return a_mail(authors=tuple(map(an_address, authors)), **given)


# -- the mail's own fields -------------------------------------------------------------------------


def test_from_is_the_author() -> None:
    found = chosen(a_mail())
    assert (found.user.name, found.user.email, found.remarks) == ("Anna Berg", "anna@example.net", ())


def test_the_address_is_posted_in_lower_case() -> None:
    """Case 15."""
    assert chosen(written_by("Anna <Anna.Berg@EXAMPLE.Net>")).user.email == "anna.berg@example.net"


def test_a_nameless_author_is_called_by_the_local_part() -> None:
    assert chosen(written_by("anna@example.net")).user.name == "anna"


def test_without_from_the_sender_field_is_used_and_it_is_said() -> None:
    """Case 1."""
    found = chosen(a_mail(authors=(), sender=ANNA))
    assert found.user.email == "anna@example.net"
    assert "Sender" in found.remarks[0]


@pytest.mark.parametrize(
    ("path", "email"),
    [
        ("anna@example.net", "anna@example.net"),
        ("SRS0=Xy1z=7K=example.net=anna@forwarder.example", "anna@example.net"),
        ("SRS0+Xy1z=7K=example.net=anna=b@forwarder.example", "anna=b@example.net"),
        ("SRS1=abc=first.example==Xy1z=7K=example.net=anna@second.example", "anna@example.net"),
        ("prvs=1234abcdef=anna@example.net", "anna@example.net"),
        ("prvs=anna/1234abcdef@example.net", "anna@example.net"),
        ("btv1==abc==anna@example.net", "anna@example.net"),
        ("prvs=1=SRS0=h=t=example.net=anna@forwarder.example", "anna@example.net"),
    ],
)
def test_without_both_the_reverse_path_is_unwrapped(path: str, email: str) -> None:
    """Case 1: forwarders and signers wrap the address that wrote it."""
    found = chosen(a_mail(authors=()), reverse_path=path)
    assert found.user.email == email
    assert "envelope" in found.remarks[0]


def test_a_from_without_an_address_gives_the_name_and_is_told() -> None:
    """Cases 1 and 14: devices write a name alone, or an address that cannot be posted."""
    mail = a_mail(
        authors=(Address("Scanner 2", "scan@[192.0.2.9]"),),
        headers=(("From", "Scanner 2 <scan@[192.0.2.9]>"),),
    )
    found = chosen(mail, reverse_path="scan@example.net")
    assert (found.user.name, found.user.email) == ("Scanner 2", "scan@example.net")
    assert "“Scanner 2 <scan@[192.0.2.9]>”" in found.remarks[0]
    assert "“Scanner 2 <scan@[192.0.2.9]>”" in chosen(mail, reverse_path="").remarks[0]
    assert chosen(a_mail(authors=(Address("<>", ""),)), reverse_path="scan@example.net").user.name == "scan"


@pytest.mark.parametrize(
    "path", ["", "SRS0=broken@forwarder.example", "prvs==@", "prvs=" * 60 + "@x.example", "nonsense"]
)
def test_a_mail_from_nobody_is_posted_as_the_unknown_sender(path: str) -> None:
    """Case 1: null reverse-path."""
    found = chosen(a_mail(authors=()), reverse_path=path)
    assert found.user.email == "unknown@invalid.example"
    assert found.remarks


def test_the_first_valid_of_several_authors_is_the_user_and_the_others_are_named() -> None:
    """Case 7."""
    found = chosen(
        written_by("broken", "Anna <anna@example.net>", "Bo <bo@example.net>", "x"),
        sender=a_sender(default_domain="bad domain"),
    )
    assert found.user.email == "anna@example.net"
    assert "bo@example.net" in found.remarks[0]


@pytest.mark.parametrize(
    "email",
    ["a@b@c.example", "anna@", "@example.net", "anna berg@example.net", "anna@exa mple", "a@-x.example", ""],
)
def test_an_address_that_cannot_be_posted_is_passed_over(email: str) -> None:
    """Case 9."""
    mail = a_mail(authors=(Address("Anna", email),), sender=Address("", "sent@example.net"))
    found = chosen(mail, sender=a_sender(default_domain="bad domain"))
    assert found.user.email == "sent@example.net"


def test_a_name_that_shows_another_address_is_flagged() -> None:
    """Case 10."""
    found = chosen(written_by("boss@corp.example <x@evil.example>"))
    assert found.user.email == "x@evil.example"
    assert found.user.name == "boss@corp.example (x@evil.example)"
    assert "boss@corp.example" in found.remarks[0]


def test_a_name_that_repeats_its_own_address_is_no_deceit() -> None:
    """Case 10."""
    assert chosen(written_by("anna@example.net <anna@example.net>")).remarks == ()


def test_a_text_with_an_at_sign_in_the_name_is_no_address() -> None:
    """Case 11."""
    found = chosen(written_by("Lamps @ Berg <anna@example.net>"))
    assert (found.user.name, found.remarks) == ("Lamps @ Berg", ())


@pytest.mark.parametrize("bare", ["root", "root@", "Root"])
def test_an_address_without_domain_gets_the_configured_one(bare: str) -> None:
    """Case 14."""
    mail = a_mail(authors=(Address("", bare, doubtful=True),))
    found = chosen(mail, sender=a_sender(default_domain="devices.example"))
    assert found.user.email == "root@devices.example"
    assert found.user.name == bare.rstrip("@")
    assert found.remarks == ()


def test_a_domain_that_nobody_chose_is_worth_one_line() -> None:
    found = chosen(a_mail(authors=(Address("Cron Daemon", "root", doubtful=True),)))
    assert found.user.email == "root@localhost.invalid"
    assert found.remarks == ('From is only "root": localhost.invalid was added.',)


def test_what_was_made_of_a_name_and_who_stands_there_twice_is_told_once() -> None:
    """Cases 7 and 14."""
    found = chosen(a_mail(authors=(Address("", "root", doubtful=True),)))
    assert found.remarks == ('From is only "root": localhost.invalid was added.',)
    assert chosen(a_mail(authors=(ANNA, ANNA))).remarks == ()


def test_a_guessed_address_is_marked() -> None:
    """Case 3."""
    assert "guessed" in chosen(a_mail(authors=(Address("", "anna@example.net", doubtful=True),))).remarks[0]


def test_a_long_or_turned_name_is_made_harmless() -> None:
    name = chosen(a_mail(authors=(Address("\u202eannA\n" + "x" * 500, "anna@example.net"),))).user.name
    assert len(name) <= author.MAX_NAME
    assert name.startswith("annA x")


# -- the route's rules -----------------------------------------------------------------------------


REPLY_TO = [{"use": "reply-to", "when_from": ["shop@example.org", "@forms.example"]}]


def test_a_shop_writes_for_its_customer_in_reply_to() -> None:
    """Section 3, thread 28."""
    mail = written_by("Shop <shop@example.org>", reply_to=(an_address("Bo <Bo@example.net>"),))
    found = chosen(mail, rules=REPLY_TO)
    assert (found.user.name, found.user.email) == ("Bo", "bo@example.net")


def test_a_rule_holds_only_for_the_from_it_names() -> None:
    mail = written_by("Eve <eve@example.org>", reply_to=(an_address("bo@example.net"),))
    assert chosen(mail, rules=REPLY_TO).user.email == "eve@example.org"


@pytest.mark.parametrize("reply_to", ["Bo <bo@example.net>", "bo@example.net"])
def test_where_nobody_reads_at_the_authors_address_the_note_says_where_answers_are_asked_for(
    reply_to: str,
) -> None:
    """Thread 28: the shop stays the author, and an agent must know that an answer to it goes nowhere."""
    mail = written_by("Shop <No-Reply@shop.example>", reply_to=(an_address(reply_to),))
    assert chosen(mail).remarks == (
        f"Answers are asked for at {reply_to} (Reply-To), not at no-reply@shop.example, where nobody reads them.",
    )


@pytest.mark.parametrize(
    ("author", "reply_to"),
    [
        ("Shop <no-reply@shop.example>", "no-reply@shop.example"),
        ("Shop <no-reply@shop.example>", "support@example.com"),
        ("Shop <no-reply@shop.example>", "@unknown"),
        ("Anna <anna@example.net>", "bo@example.net"),
        ("Anna <anna@example.net>", "anna@mail.example.net"),
    ],
)
def test_a_reply_to_that_tells_nothing_new_is_no_news(author: str, reply_to: str) -> None:
    assert chosen(written_by(author, reply_to=(Address("", reply_to),))).remarks == ()


def test_a_shop_whose_customer_is_in_reply_to_says_so_though_somebody_may_read_at_its_own() -> None:
    """Thread 28."""
    shop = written_by("Shop <wordpress@shop.example>", reply_to=(an_address("Bo <bo@example.net>"),))
    assert chosen(shop).remarks == (
        "Answers are asked for at Bo <bo@example.net> (Reply-To), not at wordpress@shop.example.",
    )
    automatic = Automatic(Kind.GENERATED, "Precedence: bulk")
    assert chosen(replace(shop, automatic=automatic)).remarks == ()
    posted = (("List-Post", "<mailto:bo@example.net>"),)
    assert chosen(replace(shop, headers=posted)).remarks == ()


@pytest.mark.parametrize("reply_to", ["@unknown", "not an address", ""])
def test_a_malformed_reply_to_falls_back_to_from(reply_to: str) -> None:
    """Case 20."""
    mail = written_by("Form <x@forms.example>", reply_to=(Address("", reply_to),))
    assert chosen(mail, rules=REPLY_TO).user.email == "x@forms.example"


@pytest.mark.parametrize("reply_to", ["support@example.com", "Support+token@Example.com"])
def test_a_reply_to_of_our_own_is_ignored(reply_to: str) -> None:
    """Case 21."""
    mail = written_by("Form <x@forms.example>", reply_to=(Address("", reply_to),))
    assert chosen(mail, rules=REPLY_TO).user.email == "x@forms.example"


def test_a_header_of_a_legacy_system_names_the_author() -> None:
    rules = [{"use": "header", "email": "X-Customer", "name": "X-Customer-Name"}]
    mail = a_mail(headers=(("x-customer", "<bo@example.net>"), ("X-Customer-Name", "Bo Ek")))
    found = chosen(mail, rules=rules)
    assert (found.user.name, found.user.email) == ("Bo Ek", "bo@example.net")


@pytest.mark.parametrize(
    "text",
    [
        "Name: Bo Ek\nE-mail: bo@example.net\nOrder: 7",
        "name: Bo Ek\ne-mail : Bo@Example.net",
        "*Name:* Bo Ek\n*E-mail:* <bo@example.net>",
        "Name:\nBo Ek\nE-mail:\nbo@example.net",
        "E-mail: none given\nE-mail: bo@example.net\n> Name: Bo Ek",
    ],
)
def test_a_form_names_the_author_in_a_labelled_line(text: str) -> None:
    rules = [{"use": "body", "email": "E-mail:", "name": "Name"}]
    found = chosen(a_mail(text=text), rules=rules)
    assert (found.user.name, found.user.email) == ("Bo Ek", "bo@example.net")


def test_a_form_in_html_alone_is_read_too() -> None:
    markup = (
        "<style>E-mail: x@y.example</style><table><tr><td>E-mail:</td><td>bo@example.net</td></tr></table>"
    )
    found = chosen(a_mail(blocks=(Written(None, markup),)), rules=[{"use": "body", "email": "E-mail:"}])
    assert found.user.email == "bo@example.net"


def test_an_unlabelled_or_impossible_address_in_the_body_is_no_author() -> None:
    rules = [{"use": "body", "email": "E-mail:"}]
    text = "Write to bo@example.net\nE-mailing: bo@example.net\nE-mail: support@example.com\nE-mail: bo at example"
    assert chosen(a_mail(text=text), rules=rules).user.email == "anna@example.net"


def test_a_device_has_a_fixed_user() -> None:
    rules = [
        {
            "use": "fixed",
            "when_from": ["root@devices.example"],
            "user": {"name": "Scanner", "email": "scan@example.org"},
        }
    ]
    mail = a_mail(authors=(Address("", "root"),))
    found = chosen(mail, rules=rules, sender=a_sender(default_domain="devices.example"))
    assert (found.user.name, found.user.email) == ("Scanner", "scan@example.org")


def test_the_first_rule_that_yields_an_address_wins() -> None:
    rules = [{"use": "header", "email": "X-Customer"}, {"use": "reply-to"}]
    assert (
        chosen(a_mail(reply_to=(an_address("bo@example.net"),)), rules=rules).user.email == "bo@example.net"
    )


# -- lists and groups ------------------------------------------------------------------------------


def test_a_group_of_ours_that_rewrites_from_gives_way_to_the_author() -> None:
    """Case 22: Google Groups."""
    mail = written_by(
        "'Anna Berg' via Support <support@example.com>",
        headers=(("X-Original-From", "Anna Berg <anna@example.net>"),),
        reply_to=(an_address("other@example.net"),),
    )
    found = chosen(mail)
    assert (found.user.name, found.user.email, found.remarks) == ("Anna Berg", "anna@example.net", ())
    nameless = replace(mail, headers=(), reply_to=(an_address("anna@example.net"),))
    assert chosen(nameless).user.name == "Anna Berg"


def test_a_foreign_list_gives_way_to_reply_to_with_a_remark() -> None:
    """Case 22: Mailman."""
    mail = written_by(
        "Anna Berg via Lamps <lamps@lists.example>",
        headers=(("List-Post", "<mailto:lamps@lists.example>"),),
        reply_to=(an_address("lamps@lists.example"), an_address("Anna Berg <anna@example.net>")),
    )
    found = chosen(mail)
    assert found.user.email == "anna@example.net"
    assert "nobody vouches" in found.remarks[0]


def test_a_list_that_keeps_replies_names_the_author_in_cc() -> None:
    """Case 22: Mailman, replies to the list."""
    mail = written_by(
        "Anna Berg via Lamps <lamps@lists.example>",
        reply_to=(an_address("lamps@lists.example"),),
        cc=(an_address("Bo <bo@example.net>"), an_address("Anna Berg <anna@example.net>")),
        headers=(("List-Post", "<mailto:lamps@lists.example>"),),
    )
    assert chosen(mail).user.email == "anna@example.net"


def test_an_original_from_counts_only_where_from_was_rewritten() -> None:
    """Case 22: anybody can write such a header."""
    mail = written_by("Eve <eve@example.org>", headers=(("X-Original-From", "anna@example.net"),))
    assert chosen(mail).user.email == "eve@example.org"


def test_our_own_address_as_author_holds_the_mail() -> None:
    """Case 119."""
    choice = author.decide(written_by("support+x@example.com"), an_envelope(), a_route(), a_sender(), OWN)
    assert "own addresses" in choice.hold
    assert choice.author.remarks


# -- staff -----------------------------------------------------------------------------------------

STAFF = {"staff": ["@corp.example"], "authserv_ids": ["mx.corp.example"], "staff_networks": ["10.1.0.0/16"]}
BOSS = "Boss <boss@corp.example>"


def claims(*results: str, trusted: bool = True, mail: Mail | None = None, **sender: Any) -> Author:
    mail = mail or written_by(BOSS, headers=tuple(("Authentication-Results", text) for text in results))
    return chosen(mail, sender=a_sender(**(STAFF | sender)), trusted=trusted)


def is_staff(found: Author) -> bool:
    return found.user.email == "boss@corp.example"


def test_staff_without_proof_is_posted_as_unverified() -> None:
    """Case 118."""
    found = claims()
    assert found.user.email == "unknown@invalid.example"
    assert found.user.name == "Boss (unverified boss@corp.example)"
    assert "nothing proves it" in found.remarks[0]


def test_staff_without_proof_is_held_where_the_config_says_so() -> None:
    """Case 118."""
    for policy, held in (("hold", True), ("note", False)):
        sender = a_sender(**STAFF, unproved_staff=policy)
        assert bool(author.decide(written_by(BOSS), an_envelope(), a_route(), sender, OWN).hold) is held


@pytest.mark.parametrize(
    "results",
    [
        ["mx.corp.example; dmarc=pass header.from=corp.example"],
        ["MX.Corp.Example 1; DMARC = Pass (p=none; dis=none) header.from = Corp.Example"],
        ["mx.corp.example (a (nested) comment; dmarc=fail); dmarc=pass header.from=corp.example"],
        ['mx.corp.example; spf=pass reason="fine; dmarc=fail" smtp.mailfrom=boss@corp.example'],
        ["mx.corp.example; dkim=pass header.d=mail.corp.example header.i=@mail.corp.example"],
        ["mx.corp.example; dkim=pass header.i=@corp.example; spf=fail smtp.mailfrom=x@corp.example"],
        [
            "mx.corp.example; spf=pass smtp.mailfrom=corp.example",
            "mx.corp.example; dmarc=pass header.from=corp.example",
        ],
        [
            "other.example; dmarc=fail header.from=corp.example",
            "mx.corp.example;\tdmarc=pass\r\n\theader.from=corp.example",
        ],
    ],
)
def test_a_pass_of_our_own_checker_proves_staff(results: list[str]) -> None:
    """Case 117."""
    assert is_staff(claims(*results))


@pytest.mark.parametrize(
    "results",
    [
        ["other.example; dmarc=pass header.from=corp.example"],
        ["mx.corp.example.evil; dmarc=pass header.from=corp.example"],
        ["dmarc=pass header.from=corp.example"],
        ["mx.corp.example; none"],
        ["mx.corp.example; dmarc=none header.from=corp.example"],
        ["mx.corp.example; dmarc=fail header.from=corp.example; spf=pass smtp.mailfrom=boss@corp.example"],
        [
            "mx.corp.example; dmarc=fail header.from=corp.example",
            "mx.corp.example; dmarc=pass header.from=corp.example",
        ],
        [
            "mx.corp.example; dmarc=pass header.from=corp.example",
            "mx.corp.example; dmarc=temperror header.from=corp.example",
        ],
        ["mx.corp.example; dmarc=pass header.from=evil.example"],
        ["mx.corp.example; spf=pass smtp.mailfrom=x@evil.example"],
        ["mx.corp.example; spf=pass smtp.mailfrom=x@notcorp.example"],
        ["mx.corp.example; dkim=pass header.d=example"],
        ["mx.corp.example; dkim=pass header.d=corp.example; dkim=fail header.d=corp.example"],
        ["mx.corp.example; x=y (dmarc=pass header.from=corp.example)"],
        ['mx.corp.example; spf=fail reason="; dmarc=pass header.from=corp.example"'],
        ["mx.corp.example; spf=pass smtp.mailfrom=corp.example@evil.example"],
        ["(mx.corp.example; dmarc=pass", "mx.corp.example (; dmarc=pass"],
        ["", ";;;", "=", "mx.corp.example; =pass"],
    ],
)
def test_anything_less_is_no_proof(results: list[str]) -> None:
    """Cases 116 and 117: another checker, a failure beside a pass, another domain, words within comments and quotes."""
    assert not is_staff(claims(*results))


def test_results_from_a_peer_nobody_trusts_prove_nothing() -> None:
    """Case 116."""
    assert not is_staff(claims("mx.corp.example; dmarc=pass header.from=corp.example", trusted=False))


def test_results_prove_nothing_where_there_are_two_from() -> None:
    """Case 8: nobody knows which one was checked."""
    passed = ("Authentication-Results", "mx.corp.example; dmarc=pass header.from=corp.example")
    two = written_by(BOSS, headers=(("From", BOSS), ("From", "eve@example.org"), passed))
    several = written_by(BOSS, "eve@example.org", headers=(passed,))
    assert not is_staff(claims(mail=two))
    assert not is_staff(claims(mail=several))


def test_results_of_the_from_do_not_prove_another_author() -> None:
    mail = written_by(
        "eve@corp.example",
        reply_to=(an_address(BOSS),),
        headers=(("Authentication-Results", "mx.corp.example; dmarc=pass header.from=corp.example"),),
    )
    found = chosen(mail, rules=[{"use": "reply-to"}], sender=a_sender(**STAFF), trusted=True)
    assert not is_staff(found)


def test_a_login_or_a_listed_peer_proves_staff() -> None:
    mail, sender = (
        written_by(BOSS),
        a_sender(**STAFF, staff_logins={"boss": ["boss@corp.example"], "shop": ["@shop.example"]}),
    )
    assert is_staff(chosen(mail, sender=sender, login="boss"))
    for login in ("shop", "eve", ""):
        assert not is_staff(chosen(mail, sender=sender, login=login))
    assert is_staff(chosen(mail, sender=sender, peer="10.1.2.3"))
    assert is_staff(chosen(mail, sender=sender, peer="::ffff:10.1.2.3"))
    for peer in ("10.2.0.1", "unix", "pipe", ""):
        assert not is_staff(chosen(mail, sender=sender, peer=peer))


@pytest.mark.parametrize(
    ("mail", "rules"),
    [
        (a_mail(text="E-mail: boss@corp.example\nI am your boss"), [{"use": "body", "email": "E-mail:"}]),
        (written_by("forms@corp.example", reply_to=(an_address(BOSS),)), [{"use": "reply-to"}]),
        (written_by("Boss via Help <help@corp.example>", reply_to=(an_address(BOSS),)), []),
    ],
)
def test_a_login_or_a_listed_peer_vouches_for_no_address_that_anybody_could_type(
    mail: Mail, rules: list[dict[str, Any]]
) -> None:
    """A form's mail comes from a server of ours, whoever filled it in."""
    sender = a_sender(**STAFF, staff_logins={"forms": ["@corp.example"]})
    for how in ({"login": "forms"}, {"peer": "10.1.2.3"}):
        found = chosen(mail, rules=rules, sender=sender, **how)
        assert found.user.name.endswith("(unverified boss@corp.example)")
        assert "does not stand in From" in found.remarks[0]


def test_a_listed_peer_vouches_for_what_the_config_or_its_own_from_says() -> None:
    sender = a_sender(**STAFF)
    fixed = [{"use": "fixed", "user": {"name": "Boss", "email": "boss@corp.example"}}]
    assert is_staff(chosen(written_by("scanner"), rules=fixed, sender=sender, peer="10.1.2.3"))
    same = written_by(BOSS, reply_to=(an_address(BOSS),))
    assert is_staff(chosen(same, rules=[{"use": "reply-to"}], sender=sender, peer="10.1.2.3"))


def test_a_customer_needs_no_proof_but_a_failed_check_is_noted() -> None:
    """Section 3, thread 29."""
    headers = (("Authentication-Results", "mx.corp.example; dmarc=fail header.from=example.net"),)
    found = claims(mail=a_mail(headers=headers))
    assert found.user.email == "anna@example.net"
    assert "failed" in found.remarks[0]
    assert claims(mail=a_mail()).remarks == ()


@pytest.mark.parametrize(
    "junk", ["(" * 200_000, '"\\' * 100_000, "=" * 200_000, "mx.corp.example;" * 20_000, "a=b " * 50_000]
)
def test_a_hostile_header_costs_no_more_than_its_length(junk: str) -> None:
    started = time.process_time()
    claims(*[junk] * 30)
    assert time.process_time() - started < 1.0
