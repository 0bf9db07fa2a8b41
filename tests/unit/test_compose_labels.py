"""What stands behind a label, in the shapes that form mailers and machines give to it."""

from __future__ import annotations

import time

import pytest
from support.composing import a_mail

from bridge.compose import labels
from bridge.model import Written


def behind(text: str, label: str = "Name", *others: str) -> list[str]:
    return list(labels.values(labels.lines(a_mail(text=text)), label, others))


def in_html(html: str, label: str = "Name", *others: str) -> list[str]:
    mail = a_mail(blocks=(Written(None, html, (0,)),))
    return list(labels.values(labels.lines(mail), label, others))


@pytest.mark.parametrize(
    "line",
    [
        "Name: Kim Roe",
        "NAME:Kim Roe",
        "  * Name : Kim Roe",
        "Name\tKim Roe",
        "Name\t: Kim Roe",
        "Name = Kim Roe",
        "Name........: Kim Roe",
        "Name ....... Kim Roe",
        "Name. : Kim Roe",
        "| Name    | Kim Roe          |",
        "> Name: Kim Roe",
        "- Name:        Kim Roe",
        "*Name:* Kim Roe",
        "**Name**: Kim Roe",
        "[Name] => Kim Roe",
        '"Name": "Kim Roe",',
        'Name="Kim Roe"',
        "Name：Kim Roe",
        "Name:\nKim Roe",
        "Name\n\nKim Roe",
        "--- Name ---\n\nKim Roe",
        "*Name*\nKim Roe",
        "Name (required)\n\n\n  Kim Roe",
    ],
)
def test_the_shapes_of_labelled_lines(line: str) -> None:
    label = {"[": "[Name]", "(": "Name (required)"}.get("(" if "(" in line else line[0], "- Name:")
    assert behind(f"Hello\n{line}\nMail: x", label) == ["Kim Roe"]


@pytest.mark.parametrize(
    "line",
    ["Names: Kim", "Name of the shop: Lamps", "My name: Kim", "Name ... of what?", "Name - Kim", "Name, Kim"],
)
def test_what_only_begins_like_a_label_is_none(line: str) -> None:
    assert behind(line) == []


@pytest.mark.parametrize(
    ("label", "line"),
    [
        ("Order no.", "Order no.: 4711"),
        ("Order no", "Order no.: 4711"),
        ("Order  no.:", "order no.:4711"),
        ("İsim:", "İsim: 4711"),
        ("What's it", "What’s it: 4711"),
        ("Größe", "Gro\u0308ße: 4711"),
        ("氏名", "氏名\u3000：\u30004711"),
        ("お名前", "■お名前：4711"),
        ("【お名前】", "【お名前】4711"),
        ("[Name]", "[Name] 4711"),
        ("Name", "Name\u200b:\xa04711"),
        ("Name", "Name:: 4711"),
        ("NAME", "NAME\n====\n4711"),
    ],
)
def test_a_label_is_known_by_its_words(label: str, line: str) -> None:
    assert behind(line, label) == ["4711"]


def test_a_value_keeps_its_own_signs() -> None:
    assert behind("Name: Jana Voß <jana@voss.example>") == ["Jana Voß <jana@voss.example>"]
    assert behind("Name: O’Brien, Ann") == ["O’Brien, Ann"]
    assert behind('Name: the "blue" one') == ['the "blue" one']


@pytest.mark.parametrize(
    "below",
    [
        "E-mail: kim@roe.example",
        "Message:",
        "Message",
        "Date of birth: 1. 2. 1990",
        "",
        "*Message*",
        "  - Total: 5",
    ],
)
def test_a_label_below_is_no_value(below: str) -> None:
    assert behind(f"*Name*\n{below}\n", "Name", "Message") == []
    assert behind(f"Name:\n\n{below}\n", "Name", "Message") == [] or below == "*Message*"


def test_an_assignment_below_an_empty_one_is_no_value() -> None:
    assert behind("Name=\nMail=kim@roe.example") == []
    assert behind("Name:\na=b") == ["a=b"]


def test_a_value_below_may_look_like_a_time_a_link_or_a_reply() -> None:
    for value in ("09:12", "https://shop.example/", "Re: My order"):
        assert behind(f"Name:\n{value}") == [value]


# -- tables ----------------------------------------------------------------------------------------

ROW = "<table><tr>{}</tr><tr><td>Mail</td><td>kim@roe.example</td></tr></table>"


@pytest.mark.parametrize(
    "cells",
    [
        "<td>Name</td><td>Kim Roe</td>",
        "<td><b>Name:</b><td>Kim Roe",
        "<th>Name</th><td>Kim Roe</td>",
        "<td><p>Name</p></td><td><p>Kim</p><p>Roe</p></td>",
        "<td>Name</td><td>:</td><td>Kim Roe</td>",
        "<td>Name</td><td>&nbsp;</td><td>Kim Roe</td>",
        "<td>No.</td><td>7</td><td>Name</td><td>Kim Roe</td><td>Age</td><td>40</td>",
        "<td>Name<br>Kim Roe</td><td>Age<br>40</td>",
        '<td colspan="2">Name</td></tr><tr><td width="20">&nbsp;</td><td>Kim Roe</td>',
        "<th>No.</th><th>Name</th></tr><tr><td>7</td><td>Kim Roe</td>",
    ],
)
def test_the_shapes_of_tables(cells: str) -> None:
    assert in_html(ROW.format(cells)) in (["Kim Roe"], ["Kim"])


def test_a_last_heading_leads_to_its_own_column() -> None:
    plain = "<table><tr><td>Name<td>Mail<tr><td>Kim<td>kim@roe.example<tr><td>Lee<td>lee@x.example</table>"
    assert in_html(plain, "Mail") == ["kim@roe.example"]
    assert in_html(plain.replace("<td>Mail", "<th>Mail").replace("<td>Name", "<th>Name")) == ["Kim"]


def test_an_empty_cell_is_an_empty_value() -> None:
    assert in_html(ROW.format("<td>Name</td><td></td>")) == []
    assert in_html(ROW.format("<td>Name:</td><td>&nbsp;</td>")) == []
    assert in_html("<table><tr><th>Name<th>Mail<tr><td>Kim<td></table>", "Mail") == []


def test_the_next_heading_is_no_value() -> None:
    assert in_html("<table><tr><td>Name<td>Mail<tr><td>Kim<td>kim@roe.example</table>", "Name", "Mail") == []


def test_a_value_in_a_cell_may_look_like_a_label() -> None:
    assert in_html(ROW.format("<td>Name</td><td>Note: fragile</td>")) == ["Note: fragile"]


def test_what_the_text_part_does_not_say_is_read_in_the_html() -> None:
    html = "<table><tr><td>Name</td><td>Kim Roe</td></tr></table>"
    mail = a_mail(blocks=(Written("Please read this mail as HTML.", html, (0,)),))
    assert list(labels.values(labels.lines(mail), "Name")) == ["Kim Roe"]


def test_reading_is_linear() -> None:
    hostile = ("Name" + " ." * 480 + "\n") * 2_000
    cells = "<tr>" + "<td>Name<td>Kim" * 20_000
    began_s = time.process_time()
    assert behind(hostile) == []
    assert len(in_html(cells)) >= 1_000
    assert time.process_time() - began_s < 2.0
