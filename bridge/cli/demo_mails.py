"""The mails of `demo`: half a dozen in the shape of real clients, made afresh so that their dates are today's."""

# ruff: noqa: E501 - HTML as mailers write it

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

SUPPORT = "support@demo.example"


@dataclass(frozen=True, slots=True)
class DemoMail:
    what: str
    reverse_path: str
    recipient: str
    content: bytes


def all_mails() -> tuple[DemoMail, ...]:
    """In the order they are sent; the second answers the first."""
    return (_question(), _reply(), _newsletter(), _screenshot(), _out_of_office(), _scanner())


def drawing(width: int = 320, height: int = 120) -> bytes:
    """A small PNG: a blue gradient with a red bar, as a screenshot of an error might look."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            bar = height * 0.4 < y < height * 0.6 and width * 0.1 < x < width * 0.9
            rows += (
                bytes((214, 69, 65)) if bar else bytes((40 + 120 * x // width, 110 + 60 * y // height, 200))
            )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def invoice() -> bytes:
    """A PDF of one page that says "Invoice 2026-114"."""
    page = b"BT /F1 28 Tf 72 700 Td (Invoice 2026-114) Tj ET"
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(page), page),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def readings() -> bytes:
    """A CSV file, the second attachment of the first mail."""
    return b"day;kWh\r\n" + b"".join(b"2026-10-%02d;%d\r\n" % (day, 11 + day * 7 % 5) for day in range(1, 32))


def _mail(author: str, subject: str, message_id: str, minutes_ago: int) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = author
    mail["To"] = f"Support <{SUPPORT}>"
    mail["Subject"] = subject
    mail["Date"] = format_datetime(datetime.now(UTC) - timedelta(minutes=minutes_ago))
    mail["Message-ID"] = f"<{message_id}>"
    return mail


def _question() -> DemoMail:
    mail = _mail(
        "María Fernández <maria@kundin.example>", "Invoice 2026-114 does not match", "q1@kundin.example", 50
    )
    mail.set_content(
        "Hello,\n\ninvoice 2026-114 shows 412 kWh, but our meter says 389 kWh.\n"
        "Both files are attached.\n\n"
        "1. Which reading did you use?\n2. Can you correct the invoice?\n\n"
        "The tariff was changed on *1 October*, see #4711.\n\nKind regards\nMaría\n-- \nMaría Fernández\n+34 600 000 000\n"
    )
    mail.add_attachment(invoice(), maintype="application", subtype="pdf", filename="Invoice 2026-114.pdf")
    mail.add_attachment(readings(), maintype="text", subtype="csv", filename="readings.csv")
    return DemoMail("a question with two files", "maria@kundin.example", SUPPORT, mail.as_bytes(policy=SMTP))


def _reply() -> DemoMail:
    mail = _mail(
        "María Fernández <maria@kundin.example>",
        "Re: Invoice 2026-114 does not match",
        "q2@kundin.example",
        20,
    )
    mail["In-Reply-To"] = "<q1@kundin.example>"
    mail["References"] = "<q1@kundin.example>"
    mail.set_content(
        "One more thing: the meter was replaced on 12 October, serial number 77-A.\n\n"
        "> invoice 2026-114 shows 412 kWh, but our meter says 389 kWh.\n"
    )
    return DemoMail("her own reply to it", "maria@kundin.example", SUPPORT, mail.as_bytes(policy=SMTP))


def _newsletter() -> DemoMail:
    mail = _mail(
        "Solar Weekly <news@solar-weekly.example>", "Five roofs, one battery", "n1@solar-weekly.example", 18
    )
    mail["List-Id"] = "<weekly.solar-weekly.example>"
    mail.set_content("View this mail in a browser: https://solar-weekly.example/114")
    mail.add_alternative(_NEWSLETTER, subtype="html")
    return DemoMail(
        "a newsletter of layout tables", "bounce@solar-weekly.example", SUPPORT, mail.as_bytes(policy=SMTP)
    )


def _screenshot() -> DemoMail:
    mail = _mail("Jonas Weber <jonas.weber@werk.example>", "Fehler beim Login 🙁", "s1@werk.example", 12)
    mail.set_content("Guten Tag,\n\nsiehe Bild.\n\n[cid:shot]\n\nGrüße\nJonas\n")
    mail.add_alternative(
        "<p>Guten Tag,</p><p>beim Login sehe ich seit heute <b>nur noch das</b>:</p>"
        '<p><img src="cid:shot" alt="Fehlermeldung"></p><p>Grüße<br>Jonas</p>',
        subtype="html",
    )
    html = mail.get_payload(1)
    if isinstance(html, EmailMessage):
        html.add_related(drawing(), maintype="image", subtype="png", cid="<shot>", filename="image001.png")
    return DemoMail(
        "a picture within the text", "jonas.weber@werk.example", SUPPORT, mail.as_bytes(policy=SMTP)
    )


def _out_of_office() -> DemoMail:
    mail = _mail(
        "Ana Kovač <ana@partner.example>", "Out of office: Re: Delivery on Monday", "o1@partner.example", 6
    )
    mail["Auto-Submitted"] = "auto-replied"
    mail.set_content("I am away until Monday. In urgent cases please write to team@partner.example.\n")
    return DemoMail("an out-of-office reply", "", SUPPORT, mail.as_bytes(policy=SMTP))


def _scanner() -> DemoMail:
    content = (
        b"From: scanner-2og\r\nTo: support@demo.example\r\nSubject: Scan von Ger\xe4t 2. OG\r\n\r\n"
        b"Papierstau behoben, 3 Seiten gescannt.\r\n"
    )
    return DemoMail("an old device: no date, no id, latin-1", "scanner-2og@office.example", SUPPORT, content)


_NEWSLETTER = """\
<!DOCTYPE html><html><head><title>Solar Weekly</title><style>td{font-family:Arial}</style></head><body bgcolor="#eeeeee">
<div style="display:none;max-height:0">A preheader nobody should read</div>
<table width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">
<table width="600" role="presentation"><tr><td><img src="https://solar-weekly.example/logo.png" alt="Solar Weekly" width="200"></td>
<td align="right"><a href="https://solar-weekly.example/114?utm_source=mail">Read online</a></td></tr></table>
<table width="600"><tr><td><h1>Five roofs, one battery</h1>
<p>Last month <strong>five neighbours</strong> in Graz joined their roofs. What they learned:</p>
<ul><li>Metering comes first</li><li>One inverter is <em>not</em> enough<ul><li>two are</li></ul></li></ul></td></tr>
<tr><td><table border="1"><tr><th>Roof</th><th>kWp</th><th>kWh in October</th></tr>
<tr><td>North</td><td>4.2</td><td>212</td></tr><tr><td>South</td><td>9.8</td><td>731</td></tr></table></td></tr>
<tr><td style="padding:20px"><a href="https://solar-weekly.example/graz" style="background:#0a7;color:#fff">Read the whole story</a></td></tr>
</table></td></tr></table><img src="https://solar-weekly.example/open.gif?id=1" width="1" height="1"></body></html>
"""
