"""Types and names a stranger's file may have."""

from __future__ import annotations

import pytest

from bridge.staging import media


@pytest.mark.parametrize(
    ("declared", "served"),
    [
        ("image/png", "image/png"),
        ("application/pdf", "application/pdf"),
        ("text/plain", "text/plain"),
        ("audio/ogg", "audio/ogg"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document",) * 2,
        ("text/html", media.OPAQUE),
        ("application/xhtml+xml", media.OPAQUE),
        ("image/svg+xml", media.OPAQUE),
        ("text/xml", media.OPAQUE),
        ("application/vnd.ms-evil+xml", media.OPAQUE),
        ("text/javascript", media.OPAQUE),
        ("application/javascript", media.OPAQUE),
        ("application/x-shockwave-flash", media.OPAQUE),
        ("application/x-msdownload", media.OPAQUE),
        ("multipart/related", media.OPAQUE),
        ("message/rfc822", media.OPAQUE),
        ("IMAGE/PNG", media.OPAQUE),
        ("image/png; charset=x", media.OPAQUE),
        ("image/png\r\nset-cookie: a=b", media.OPAQUE),
        ("audio/x\n", media.OPAQUE),
        ("", media.OPAQUE),
        ("png", media.OPAQUE),
        ("audio/" + "x" * 500, media.OPAQUE),
    ],
)
def test_a_type_is_declared_as(declared: str, served: str) -> None:
    assert media.safe_type(declared) == served


@pytest.mark.parametrize(
    ("name", "inert"),
    [
        ("photo.jpg", "photo.jpg"),
        ("report 2026.final.pdf", "report 2026.final.pdf"),
        ("README", "README"),
        ("html", "html"),
        ("archive.tar.gz", "archive.tar.gz"),
        ("invoice.html", "invoice_html.bin"),
        ("invoice.HTM", "invoice_HTM.bin"),
        ("logo.svg", "logo_svg.bin"),
        ("shell.php", "shell_php.bin"),
        ("shell.php5", "shell_php5.bin"),
        ("shell.php.jpg", "shell_php.jpg"),
        ("x.phtml.y.pl", "x_phtml.y_pl.bin"),
        (".htaccess", "_htaccess.bin"),
        (".hidden", "_hidden"),
        ("..", "_."),
        ("original.eml", "original.eml"),
        ("", ""),
    ],
)
def test_no_server_acts_on_the_name(name: str, inert: str) -> None:
    assert media.inert_name(name) == inert


@pytest.mark.parametrize(
    ("name", "segment"),
    [
        ("a b.pdf", "a%20b.pdf"),
        ("Übersicht.pdf", "%C3%9Cbersicht.pdf"),
        ("a/b\\c?.txt", "a%2Fb%5Cc%3F.txt"),
        ("{token}.txt", "%7Btoken%7D.txt"),
        ("..", "file"),
        (".", "file"),
        ("", "file"),
    ],
)
def test_a_name_is_one_segment_of_a_url(name: str, segment: str) -> None:
    assert media.quoted_name(name) == segment
