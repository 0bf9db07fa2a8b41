"""Links that gateways wrapped lead where they say, and nothing that is not plainly in a link is guessed (mail-cases 97)."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.composing import a_mail

from bridge.compose import body, said, wrapped
from bridge.compose.trim import Trimmer
from bridge.model import Written

SAFE = "https://eur05.safelinks.protection.outlook.com/?url={}&data=05%7C02%7Cann%40x.example&sdata=a%2Bb%3D&reserved=0"
SHOP = SAFE.format("https%3A%2F%2Fshop.example%2Forders%3Fid%3D7%26show%3Dall")


@pytest.mark.parametrize(
    ("link", "leads_to"),
    [
        (SHOP, "https://shop.example/orders?id=7&show=all"),
        (
            "https://urldefense.proofpoint.com/v2/url?u=https-3A__shop.example_orders-3Fid-3D7&d=DwMFaQ&c=x&r=y&m=z&s=w&e=",
            "https://shop.example/orders?id=7",
        ),
        (
            "https://urldefense.com/v3/__https://shop.example/orders?id=7__;!!AbC!dEf$",
            "https://shop.example/orders?id=7",
        ),
        (
            "https://urldefense.com/v3/__https://shop.example/a*b?c=1*2__;Iys!!AbC!dEf$",
            "https://shop.example/a#b?c=1+2",
        ),
        (
            "https://urldefense.com/v3/__https://shop.example/**Aend__;w6TDvA!!A!b$",
            "https://shop.example/äüend",
        ),
        ("https://urldefense.us/v3/__https:/shop.example/x__;!!A!b$", "https://shop.example/x"),
        (
            "https://urldefense.proofpoint.com/v1/url?u=http%3A%2F%2Fshop.example%2F&k=1",
            "http://shop.example/",
        ),
        (
            "https://linkprotect.cudasvc.com/url?a=https%3a%2f%2fshop.example%2fx&c=E,1,a",
            "https://shop.example/x",
        ),
        (
            "https://secure-web.cisco.com/1Ab-c_D/https%3A%2F%2Fshop.example%2Fx%3Fy%3D1",
            "https://shop.example/x?y=1",
        ),
        (
            "https://imsva91-ctp.trendmicro.com:443/wis/clicktime/v1/query?url=https%3a%2f%2fshop.example%2fx&umid=1",
            "https://shop.example/x",
        ),
        (
            "https://www.google.com/url?q=https://shop.example/x%3Fy%3D1&sa=D&source=editors&ust=1&usg=AOv",
            "https://shop.example/x?y=1",
        ),
        (
            "https://clicktime.symantec.com/3Ab?u=https%3A%2F%2Fshop.example%2Fx",
            "https://shop.example/x",
        ),
        (
            "https://protect2.fireeye.com/v1/url?k=1a-2b&q=1&e=3c&u=https%3A%2F%2Fshop.example%2Fx",
            "https://shop.example/x",
        ),
        (
            "https://eu-central-1.protection.sophos.com/?d=shop.example&u=aHR0cHM6Ly9zaG9wLmV4YW1wbGUveA==&i=1",
            "https://shop.example/x",
        ),
        (
            "https://url.avanan.click/v2/___https://shop.example/x?y=1___.YXAz",
            "https://shop.example/x?y=1",
        ),
        (
            SAFE.format("https%3A%2F%2Furldefense.com%2Fv3%2F__https%3A%2F%2Fshop.example%2F__%3B!!A!b%24"),
            "https://shop.example/",
        ),
    ],
)
def test_a_wrapped_link_leads_to_what_stands_in_it(link: str, leads_to: str) -> None:
    found, by = wrapped.target(link)
    assert found == leads_to
    assert by in link


@pytest.mark.parametrize(
    "link",
    [
        "https://shop.example/?url=https%3A%2F%2Fother.example%2F",
        "https://eur05.safelinks.protection.outlook.com.evil.example/?url=https%3A%2F%2Fshop.example",
        SAFE.format("javascript%3Aalert(1)"),
        SAFE.format("https%3A%2F%2Fshop.example%2F%20%3Cb%3E"),
        SAFE.format("https%3A%2F%2Flocalhost%2F"),
        SAFE.format("https%3A%2F%2Fshop%E2%80%AE.example%2F"),
        "https://eur05.safelinks.protection.outlook.com/?data=none",
        "https://www.google.com/search?q=https://shop.example/",
        "https://evilwww.google.com.evil.example/url?q=https://shop.example/",
        "https://protect.checkpoint.com/v2/r01/___myyux://xmtu.jcfruqj___.YXAz",
        "https://eu-central-1.protection.sophos.com/?d=shop.example&u=%C3%A4&i=1",
        "https://urldefense.com/v3/__https://shop.example/*__;!!A!b$",
        "https://urldefense.com/v3/__https://shop.example/*__;_w!!A!b$",
        "https://urldefense.com/v3/__https://shop.example/never-ends",
        "https://urldefense.proofpoint.com/v2/url?d=1",
        "https://protect.mimecast.example/s/AbCd?domain=shop.example",
        "https://[urldefense.com/v3/__https://shop.example/__;!!A!b$",
        "https://urldefense.com/v3/" + "x" * 20_000,
    ],
)
def test_a_link_in_which_no_target_stands_stays_as_it_is(link: str) -> None:
    assert wrapped.target(link) == (link, "")


def test_links_in_a_text_are_freed_where_they_stand() -> None:
    mail = a_mail(text=f"Your order: {SHOP}.\nAs <{SHOP}>, too.")
    made = body.compose(mail)
    bare = "https://shop.example/orders?id=7&show=all"
    assert made.markdown == f"Your order: {bare}.  \nAs <{bare}>, too."
    assert made.remarks == (
        "Links by way of eur05.safelinks.protection.outlook.com lead straight to their targets here, unchecked.",
    )


def test_links_of_html_are_freed_and_still_judged_by_their_words() -> None:
    escaped = SHOP.replace("&", "&amp;")
    source = f"<p><a href='{escaped}'>shop.example</a> <a href=\"{escaped}\">mybank.example</a> {escaped}</p>"
    made = body.compose(a_mail(blocks=(Written(None, source),)))
    bare = "https://shop.example/orders?id=7&show=all"
    assert made.markdown == f"[shop.example]({bare}) [mybank.example]({bare}) (→ shop.example) {bare}"


def test_a_quote_is_known_again_though_a_gateway_wrapped_its_links() -> None:
    known = said.digests("See https://shop.example/orders?id=7&show=all for it.")
    mail = a_mail(text=f"Thanks!\n\nOn Mon, 2 Nov 2026 at 10:15, Support wrote:\n> See {SHOP} for it.")
    assert body.compose(mail, trimmer=Trimmer("lossless", known=known)).markdown == "Thanks!"


@pytest.mark.parametrize(
    "text",
    [
        "https://urldefense.com/v3/__" + "https://a.b/*__;" * 60_000,
        ("https://urldefense.com/" + "." * 15_000 + "b ") * 20,
        (SAFE.format("https%3A%2F%2F" + "a." * 7_500 + "%20") + " ") * 20,
    ],
    ids=["unfinished", "dots behind", "dots within"],
)
def test_a_mail_full_of_strange_wrappings_costs_little(text: str) -> None:
    started = time.process_time()
    wrapped.without(text, lambda host: None)
    wrapped.without_in_html(text, lambda host: None)
    assert time.process_time() - started < 2


PIECES = [
    "https://urldefense.com/v3/__",
    "https://urldefense.proofpoint.com/v2/url?u=",
    "https://x.safelinks.protection.outlook.com/?url=",
    "https://secure-web.cisco.com/1/",
    "https%3A%2F%2F",
    "https-3A__",
    "https://a.example/",
    "__;",
    "**A",
    "Kw!!",
    *"*%&=[]:@#? <>\"'ä\n",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_whatever_stands_in_a_link_it_leads_to_the_web_and_nowhere_else(text: str) -> None:
    found, by = wrapped.target(text)
    assert found == text if not by else found.lower().startswith(("http://", "https://"))
    assert not by or not any(character.isspace() or character in '<>"' for character in found)
    plain = wrapped.without(text, lambda host: None)
    assert plain.count("\n") == text.count("\n")
