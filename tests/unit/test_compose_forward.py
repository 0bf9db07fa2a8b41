"""Forwards: whose mail is passed on, in the manner of each mail program and language, and who may do so in another's name."""

from __future__ import annotations

import time
from typing import Any

import pytest
from support.composing import OWN, a_mail, a_route, a_sender, an_address, an_envelope

from bridge.compose import author, forward, sort
from bridge.compose.author import Choice
from bridge.facts import Forwarded
from bridge.model import Attached, Automatic, KeyClue, Kind, Leaf, Mail, Span, Written

STAFF = "Ben Ito <ben@example.com>"
LOGINS = {"ben": ["ben@example.com"]}
SENDER = a_sender(staff=["@example.com"], staff_logins=LOGINS)
LOGIN = an_envelope(login="ben")
GMAIL = """\
Can you take this one?

---------- Forwarded message ---------
From: Olga Bauer <olga@customer.example>
Date: Sun, Nov 1, 2026 at 8:00 PM
Subject: Lost key
To: <ben@example.com>


I lost my key.
"""


def passing_on(text: str = GMAIL, *, subject: str = "Fwd: Lost key", by: str = STAFF, **given: Any) -> Mail:
    return a_mail(text=text, subject=subject, authors=(an_address(by),), **given)


def found(
    text: str, *, subject: str = "Fwd: Lost key", html: str | None = None
) -> tuple[str, str, str] | None:
    """Name, address and subject of the original, as `forward.find` reads them."""
    mail = a_mail(subject=subject, blocks=(Written(text or None, html, (0,)),))
    original = forward.find(mail)
    return original and (original.name, original.email, original.subject)


def decided(mail: Mail, *, envelope: Any = LOGIN, sender: Any = SENDER, **route: Any) -> Choice:
    own = OWN | {"info@example.com"}
    return author.decide(mail, envelope, a_route(**({"forwards": "original"} | route)), sender, own)


# -- mail programs ---------------------------------------------------------------------------------

OLGA = ("Olga Bauer", "olga@customer.example", "Lost key")
LONG = "Lost key of the second house behind the old town wall and the bridge"


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("Gmail", GMAIL),
        (
            "Outlook",
            "FYI\n\nFrom: Olga Bauer <olga@customer.example>\nSent: Sunday, November 1, 2026 8:00 PM\n"
            "To: Ben Ito <ben@example.com>\nSubject: Lost key\n\nI lost my key.",
        ),
        (
            "Outlook, text",
            "-----Original Message-----\nFrom: Olga Bauer [mailto:olga@customer.example] \nSent: Sunday, November 1, 2026 8:00 PM"
            "\nTo: Ben Ito\nSubject: Lost key\n\nI lost my key.",
        ),
        (
            "Outlook with a rule",
            "FYI\n________________________________\nFrom: Olga Bauer [olga@customer.example]\nSent: 1 November 2026 20:00\n"
            "To: Ben Ito\nSubject: Lost key\n\nI lost my key.",
        ),
        (
            "Apple Mail",
            "Begin forwarded message:\n\n> From: Olga Bauer <olga@customer.example>\n> Subject: Lost key\n"
            "> Date: 1 November 2026 at 20:00:00 CET\n> To: ben@example.com\n> \n> I lost my key.",
        ),
        (
            "Apple Mail, text",
            "FYI\n\n> Begin forwarded message:\n> \n> From: Olga Bauer <olga@customer.example>\n> Subject: Lost key\n"
            "> Date: 1 November 2026 at 20:00:00 CET\n> To: ben@example.com\n> \n> I lost my key.",
        ),
        (
            "NetEase",
            "FYI\n\n---- Forwarded Message ----\n| From | Olga Bauer<olga@customer.example> |\n| Date | 11/1/2026 20:00 |\n"
            "| To | ben@example.com |\n| Subject | Lost key |\nI lost my key.",
        ),
        (
            "GMX, words right below the header",
            'FYI\n\nGesendet: Sonntag, 01. November 2026 um 20:00 Uhr\nVon: "Olga Bauer" <olga@customer.example>\n'
            "An: ben@example.com\nBetreff: Lost key\nI lost my key.",
        ),
        (
            "Zoho",
            "============ Forwarded message ============\nFrom: Olga Bauer <olga@customer.example>\nTo: <ben@example.com>\n"
            "Date: Sun, 01 Nov 2026 20:00:00 +0100\nSubject: Lost key\n============ Forwarded message ============\n\nHello",
        ),
        (
            "a subject that was wrapped",
            "-------- Forwarded Message --------\nFrom: Olga Bauer <olga@customer.example>\nDate: Sunday\n"
            f"Subject: {LONG[:53]}\n{LONG[54:]}\n\nHello",
        ),
        (
            "Apple Mail, bold",
            "Begin forwarded message:\n\n*From: *Olga Bauer <olga@customer.example>\n*Subject: **Lost key*\n"
            "*Date: *1 November 2026 at 20:00:00 CET\n\nI lost my key.",
        ),
        (
            "Thunderbird",
            "-------- Forwarded Message --------\nSubject: \tLost key\nDate: \tSun, 1 Nov 2026 20:00:00 +0100\n"
            "From: \tOlga Bauer <olga@customer.example>\nTo: \tBen Ito <ben@example.com>\n\nI lost my key.",
        ),
        (
            "Yahoo",
            "----- Forwarded message -----\nFrom: Olga Bauer <olga@customer.example>\nTo: Ben Ito <ben@example.com>\n"
            "Sent: Sunday, November 1, 2026, 08:00:00 PM GMT+1\nSubject: Lost key\n\nI lost my key.",
        ),
        (
            "Proton",
            "------- Forwarded Message -------\nFrom: Olga Bauer <olga@customer.example>\nDate: On Sunday, November 1st, 2026 at"
            " 8:00 PM\nSubject: Lost key\nTo: Ben Ito <ben@example.com>\n\n> I lost my key.",
        ),
        (
            "Lotus Notes",
            "----- Forwarded by Ben Ito/ACME on 11/02/2026 09:12 -----\n\nFrom:\tOlga Bauer <olga@customer.example>\n"
            "To:\tben@example.com\nDate:\t11/01/2026 20:00\nSubject:\tLost key\n\nI lost my key.",
        ),
        (
            "mutt",
            "----- Forwarded message from Olga Bauer <olga@customer.example> -----\n\nDate: Sun, 1 Nov 2026 20:00:00 +0100\n"
            "From: Olga Bauer <olga@customer.example>\nTo: ben@example.com\nSubject: Lost key\n\nI lost my key.\n",
        ),
        (
            "a mailto behind the address",
            "---------- Forwarded message ---------\nFrom: Olga Bauer <olga@customer.example<mailto:olga@customer.example>>\n"
            "Subject: Lost key\n",
        ),
        (
            "a wrapped line",
            "-------- Forwarded Message --------\nFrom: Olga Bauer\n <olga@customer.example>\nSubject: Lost\n key\n\nHello",
        ),
        (
            "empty lines between the labels",
            "FYI\n\nFrom: Olga Bauer <olga@customer.example>\n\nSent: Sunday, November 1, 2026 8:00 PM\n\nTo: Ben Ito\n\n"
            "Subject: Lost key\n\nI lost my key.",
        ),
    ],
)
def test_106_the_header_of_a_forward_is_read(program: str, text: str) -> None:
    assert found(text) == (*OLGA[:2], LONG if LONG[:20] in text else OLGA[2]), program


@pytest.mark.parametrize(
    ("language", "subject", "text"),
    [
        ("German", "WG: ", "Von: {}\nGesendet: Sonntag, 1. November 2026 20:00\nAn: Ben Ito\nBetreff: Lost key"),
        ("German, Apple", "Fwd: ", "Anfang der weitergeleiteten Nachricht:\n\nVon: {}\nBetreff: Lost key\nDatum: 1. November"),
        ("German, Gmail", "Fwd: ", "---------- Weitergeleitete Nachricht ---------\nVon: {}\nDate: 1. Nov.\nSubject: Lost key"),
        ("French", "TR : ", "De : {}\nEnvoyé : dimanche 1 novembre 2026 20:00\nÀ : Ben Ito\nObjet : Lost key"),
        ("French, Apple", "Fwd: ", "Début du message transféré :\n\nDe: {}\nObjet: Lost key\nDate: 1 novembre 2026"),
        ("Spanish", "RV: ", "De: {}\nEnviado el: domingo, 1 de noviembre de 2026 20:00\nPara: Ben Ito\nAsunto: Lost key"),
        ("Spanish, Apple", "Fwd: ", "Inicio del mensaje reenviado:\n\nDe: {}\nAsunto: Lost key\nFecha: 1 de noviembre"),
        ("Italian", "I: ", "Da: {}\nInviato: domenica 1 novembre 2026 20:00\nA: Ben Ito\nOggetto: Lost key"),
        ("Italian, Apple", "Fwd: ", "Inizio messaggio inoltrato:\n\nDa: {}\nOggetto: Lost key\nData: 1 novembre 2026"),
        ("Portuguese", "ENC: ", "De: {}\nEnviada em: domingo, 1 de novembro de 2026 20:00\nPara: Ben Ito\nAssunto: Lost key"),
        ("Dutch", "FW: ", "Van: {}\nVerzonden: zondag 1 november 2026 20:00\nAan: Ben Ito\nOnderwerp: Lost key"),
        ("Dutch, Apple", "Fwd: ", "Begin doorgestuurd bericht:\n\nVan: {}\nOnderwerp: Lost key\nDatum: 1 november 2026"),
        ("Polish", "PD: ", "Od: {}\nWysłano: niedziela, 1 listopada 2026 20:00\nDo: Ben Ito\nTemat: Lost key"),
        ("Russian", "FW: ", "От: {}\nОтправлено: 1 ноября 2026 г. 20:00\nКому: Ben Ito\nТема: Lost key"),
        ("Russian, webmail", "Fwd: ", "-------- Пересылаемое сообщение --------\n01.11.2026, 20:00\nОт кого: {}\nТема: Lost key"),
        ("Swedish", "VB: ", "Från: {}\nSkickat: den 1 november 2026 20:00\nTill: Ben Ito\nÄmne: Lost key"),
        ("Danish", "VS: ", "Fra: {}\nSendt: 1. november 2026 20:00\nTil: Ben Ito\nEmne: Lost key"),
        ("Japanese", "Fwd: ", "---------- 転送メッセージ ----------\n差出人： {}\n日付： 2026年11月1日\n件名： Lost key"),
        ("Chinese", "转发: ", "发件人: {}\n发送时间: 2026年11月1日 20:00\n收件人: Ben Ito\n主题: Lost key"),
        ("Turkish", "FW: ", "---------- Yönlendirilen ileti ----------\nKimden: {}\nTarih: 1 Kasım 2026\nKonu: Lost key"),
        ("Romanian, Apple", "Fwd: ", "> Începutul mesajului redirecționat:\n> De la: {}\n> Subiect: Lost key\n> Către: Ben"),
        ("Czech", "FW: ", "Od: {}\nOdesláno: neděle 1. listopadu 2026 20:00\nKomu: Ben Ito\nPředmět: Lost key"),
    ],
)  # fmt: skip
def test_106_a_forward_is_read_in_its_language(language: str, subject: str, text: str) -> None:
    block = text.format("Olga Bauer <olga@customer.example>")
    assert found(f"Ok.\n\n{block}\n\nI lost my key.", subject=f"{subject}Lost key") == OLGA, language


def test_yandex_names_the_author_of_a_forward_in_an_attribution() -> None:
    text = '-------- Пересылаемое сообщение --------\n01.11.2026, 20:00, "Olga Bauer" <olga@customer.example>:\n\nHello'
    original = forward.find(passing_on(text))
    assert original is not None
    assert (original.name, original.email, original.date) == (*OLGA[:2], "01.11.2026, 20:00")


def test_the_html_is_read_where_there_is_no_text() -> None:
    html = (
        "<div>FYI</div><table><tr><th>Subject: </th><td>Lost key</td></tr><tr><th>From: </th><td>Olga Bauer "
        '<a href="mailto:olga@customer.example">&lt;olga@customer.example&gt;</a></td></tr></table>'
    )
    announced = f"<p>-------- Forwarded Message --------</p>{html}"
    assert found("", html=announced) == OLGA


def test_the_html_is_read_where_the_text_lost_the_address() -> None:
    text = "From: Olga Bauer\nSent: 1 November 2026 20:00\nTo: Ben\nSubject: Lost key\n\nHello"
    html = f"<pre>{text.replace('Bauer', 'Bauer &lt;olga@customer.example&gt;')}</pre>"
    assert found(text) is None
    assert found(text, html=html) == OLGA


def test_date_and_subject_are_as_they_were_written() -> None:
    original = forward.find(passing_on())
    assert original is not None
    assert (original.date, original.subject) == ("Sun, Nov 1, 2026 at 8:00 PM", "Lost key")
    assert str(original) == "Olga Bauer <olga@customer.example>, Sun, Nov 1, 2026 at 8:00 PM, “Lost key”"


# -- what is none ----------------------------------------------------------------------------------


def test_only_the_first_header_block_counts() -> None:
    inner = GMAIL.replace("Olga Bauer <olga@customer.example>", "Eve <eve@stranger.example>")
    assert found(GMAIL + "\n" + inner) == OLGA
    nameless = GMAIL.replace("Olga Bauer <olga@customer.example>", "Olga Bauer")
    assert found(nameless + "\n" + inner) is None


@pytest.mark.parametrize(
    "text",
    [
        "From: here on it is easy.\nTo: be or not to be\nSubject: none",
        "I wonder.\n\nFrom: Olga Bauer <olga@customer.example>\n\nis what she wrote.",
        "Ok.\n\nOn Sun, 1 Nov 2026 at 20:00, Olga <olga@customer.example> wrote:\n\n" + GMAIL,
        "Ok.\n\n> " + GMAIL.replace("\n", "\n> "),
        "> quoted\n\n" + GMAIL,
        GMAIL.replace("olga@customer.example", "olga@"),
        GMAIL.replace("olga@customer.example", '"a b"@[192.0.2.7]'),
        "Nothing is passed on.",
        "",
    ],
)
def test_nobody_is_found_where_nothing_is_surely_passed_on(text: str) -> None:
    assert found(text) is None


def test_the_quote_below_an_answer_is_no_forward() -> None:
    outlook = "Ok.\n\nFrom: Olga <olga@customer.example>\nSent: 1 November 2026\nTo: Ben\nSubject: Lost key\n\nHello"
    assert found(outlook, subject="Re: Lost key") is None
    assert found(outlook, subject="FW: Lost key") is not None
    # A Finn's "VS:" answers, a Dane's passes on: the labels tell.
    assert found(outlook, subject="VS: Lost key") is None
    danish = "Ok.\n\nFra: Olga <olga@customer.example>\nSendt: 1. november 2026\nTil: Ben\nEmne: Lost key\n\n"
    assert found(danish + GMAIL, subject="SV: Lost key") is None


def test_a_machine_passes_nothing_on() -> None:
    assert forward.find(passing_on(automatic=Automatic(Kind.REPLY, "Auto-Submitted"))) is None


def test_a_long_mail_takes_no_longer_than_its_lines() -> None:
    hostile = [
        "From: \n" * 200_000,
        "-" * 1_000_000,
        "Begin forwarded message:\n" * 100_000,
        ("From: a@b.example\n" + "x" * 5_000 + "\n") * 500,
        "On Mon 1\n" * 100_000,
        ("---------- Forwarded message ---------\n" + "From: " + "<" * 100_000),
    ]
    began = time.process_time()
    for text in hostile:
        found(text)
    assert time.process_time() - began < 5


# -- attached mails --------------------------------------------------------------------------------

INNER = Mail(
    authors=(an_address("Olga Bauer <olga@customer.example>"),),
    subject="Lost key",
    headers=(("Date", "Sun, 1 Nov 2026 20:00:00 +0100"),),
)


def with_attached(
    count: int = 1, *, text: str = "Please answer her.", subject: str = "Fwd: Lost key"
) -> Mail:
    nested = tuple(
        Leaf(index=n, section=f"{n + 1}", content_type="message/rfc822", content=Span(0, 0))
        for n in range(1, count + 1)
    )
    first = Leaf(index=0, section="1", content_type="text/plain", content=Span(0, 0))
    return passing_on(
        subject=subject,
        blocks=(Written(text, None, (0,)), *(Attached(leaf.index) for leaf in nested)),
        leaves=(first, *nested),
    )


def test_an_attached_mail_that_is_passed_on_names_its_author() -> None:
    original = forward.find(with_attached(), INNER)
    assert original is not None
    assert (original.email, original.subject, original.place) == (
        "olga@customer.example",
        "Lost key",
        "the attached mail",
    )
    assert original.date == "Sun, 1 Nov 2026 20:00:00 +0100"


def test_a_mail_that_comes_along_as_evidence_is_no_forward() -> None:
    assert forward.find(with_attached(subject="Your bill is wrong"), INNER) is None
    assert forward.find(with_attached(subject="Your bill is wrong", text=""), INNER) is not None
    assert forward.find(with_attached(subject="Lost key"), INNER) is not None


def test_of_several_attached_mails_none_is_the_one() -> None:
    assert forward.attached_mail(with_attached()) == with_attached().leaves[1]
    assert forward.attached_mail(with_attached(2)) is None
    assert forward.attached_mail(passing_on()) is None


# -- who may ---------------------------------------------------------------------------------------


def test_proved_staff_passes_a_mail_on_in_its_authors_name() -> None:
    choice = decided(passing_on())
    assert (choice.author.user.name, choice.author.user.email) == ("Olga Bauer", "olga@customer.example")
    (remark,) = choice.author.remarks
    assert remark == (
        "Ben Ito <ben@example.com> passed this on; the author is who the text names: Olga Bauer <olga@customer.example>, "
        "Sun, Nov 1, 2026 at 8:00 PM, “Lost key”."
    )


def test_a_listed_forwarder_does_so_too() -> None:
    mail = passing_on(by="Shop <desk@partner.example>")
    for listed in ("desk@partner.example", "@partner.example"):
        assert decided(mail, forwarders=[listed]).author.user.email == "olga@customer.example"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"forwards": "keep"}, "“Lost key”. The forwarder stays its author"),
        ({"envelope": an_envelope()}, "nothing proves that ben@example.com is staff"),
        (
            {"by": "Eve <eve@stranger.example>"},
            "eve@stranger.example is neither staff nor one of the route's forwarders",
        ),
        (
            {
                "original": "info@example.com",
                "sender": a_sender(staff=["ben@example.com"], staff_logins=LOGINS),
            },
            "is one of our own addresses",
        ),
        ({"original": "boss@example.com"}, "is staff, which a forward cannot prove"),
        ({"original": "noreply@reamaze.com"}, "is one of our own addresses"),
    ],
)
def test_27_anybody_else_stays_the_author_and_the_note_names_the_original(
    given: dict[str, Any], why: str
) -> None:
    given = dict(given)
    original = given.pop("original", "olga@customer.example")
    by = given.pop("by", STAFF)
    choice = decided(passing_on(GMAIL.replace("olga@customer.example", original), by=by), **given)
    assert choice.original is None
    assert choice.author.user.email != original
    remark = choice.author.remarks[-1]
    assert remark.startswith(f"A forward of a mail from Olga Bauer <{original}>, ")
    assert remark.endswith(f"{why}.")


def test_a_listed_forwarder_whose_check_failed_is_not_believed() -> None:
    mail = passing_on(
        by="Shop <desk@partner.example>",
        headers=(
            ("From", "desk@partner.example"),
            ("Authentication-Results", "mx.example.com; dmarc=fail header.from=partner.example"),
        ),
    )
    sender = a_sender(authserv_ids=["mx.example.com"])
    choice = decided(mail, envelope=an_envelope(trusted=True), sender=sender, forwarders=["@partner.example"])
    assert choice.author.user.email == "desk@partner.example"
    assert "failed its domain's check" in choice.author.remarks[-1]


def test_a_mailbox_of_ours_that_is_a_forwarder_is_no_loop() -> None:
    mail = passing_on(by="info@example.com")
    sender = a_sender()
    assert decided(mail, sender=sender).hold
    choice = decided(mail, sender=sender, forwarders=["info@example.com"])
    assert (choice.hold, choice.author.user.email) == ("", "olga@customer.example")


def test_a_rule_of_the_route_comes_first() -> None:
    fixed = {"use": "fixed", "user": {"name": "Desk", "email": "desk@partner.example"}}
    assert decided(passing_on(), author=[fixed]).author.user.email == "desk@partner.example"


# -- the conversation ------------------------------------------------------------------------------


def sorted_by(mail: Mail, **route: Any) -> Any:
    return sort.sort(
        mail,
        LOGIN,
        a_route(**({"forwards": "original"} | route)),
        sender=SENDER,
        own=OWN,
        keys=(),
        recipients=("support@example.com",),
        content_digest="",
    )


def keys(sorting: Any) -> list[KeyClue]:
    return [clue for clue in sorting.clues if isinstance(clue, KeyClue)]


def test_the_conversation_has_the_original_subject_and_author() -> None:
    sorting = sorted_by(passing_on())
    assert (sorting.subject, sorting.user.email) == ("Lost key", "olga@customer.example")
    assert sorted_by(passing_on(subject="Fwd: For you")).subject == "Lost key"
    assert sorted_by(passing_on(), forwards="keep").subject == "Fwd: Lost key"


def test_of_two_attached_mails_only_the_one_that_is_passed_on_is_told_anew() -> None:
    told = [
        Forwarded(leaf=leaf, author=f"{leaf}@x.example", date="", subject="", words=()) for leaf in (1, 2)
    ]
    passed, _ = forward.handed_on(a_mail(facts=tuple(told)), a_mail(text="Mine."), 2)
    assert [(fact.leaf, fact.words) for fact in passed.facts if isinstance(fact, Forwarded)] == [
        (1, ()),
        (2, (("Mine.", None),)),
    ]


def test_a_forward_joins_nothing_by_its_subject_but_answers_find_it() -> None:
    (made,) = keys(sorted_by(passing_on()))
    answer = a_mail(subject="Re: Lost key", authors=(an_address("Olga Bauer <olga@customer.example>"),))
    (asked,) = keys(sorted_by(answer))
    assert made.key == asked.key
    assert made.register
    assert made.window_s is not None
    assert made.window_s < 0
    assert asked.window_s == 14 * 86_400


def test_a_forward_that_stays_its_forwarders_shares_no_subject() -> None:
    assert keys(sorted_by(passing_on(), forwards="keep")) == []
