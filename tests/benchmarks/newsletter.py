"""A newsletter in the shape of real ones: nested layout tables, inline styles, buttons, a tracker. Sizes by repetition."""

# ruff: noqa: E501 - HTML as mailers write it

from __future__ import annotations

from email.message import EmailMessage

_HEAD = """<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8">
<title>Autumn offers</title><style type="text/css">body{margin:0} .btn a{color:#fff} @media only screen{.w{width:100%!important}}</style>
<!--[if mso]><xml><o:OfficeDocumentSettings></o:OfficeDocumentSettings></xml><![endif]--></head>
<body style="margin:0;padding:0;background-color:#f4f4f4"><div style="display:none;max-height:0;overflow:hidden">Preheader</div>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr><td align="center">
<table role="presentation" class="w" width="600" cellpadding="0" cellspacing="0" border="0">"""

_STORY = """
<tr><td style="padding:24px 32px;font-family:Arial,Helvetica,sans-serif;font-size:16px;line-height:24px;color:#333333">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr><td width="180" valign="top">
<a href="https://shop.bench.example/item/{n}?utm_source=newsletter&amp;utm_campaign=autumn" target="_blank"><img
src="https://cdn.bench.example/images/{n}.jpg" width="160" height="160" alt="Jacket {n}" style="display:block;border:0"></a></td>
<td valign="top" style="padding-left:16px"><h2 style="margin:0 0 8px;font-size:20px">Jacket number {n} &mdash; for <em>wet</em> days</h2>
<p style="margin:0 0 12px">A <strong>waterproof</strong> jacket with taped seams, {n}0 g light. <span style="color:#999">Was 1{n}9.00,
now <b>{n}9.00</b>&nbsp;EUR.</span> Read what <a href="https://shop.bench.example/item/{n}/reviews">34 customers</a> say.</p>
<ul style="margin:0 0 12px;padding-left:18px"><li>three pockets</li><li>hood with peak</li><li>sizes XS &ndash; XXL</li></ul>
<table role="presentation" class="btn" cellpadding="0" cellspacing="0" border="0"><tr><td bgcolor="#00796b" style="border-radius:4px">
<a href="https://shop.bench.example/item/{n}?buy=1" style="display:inline-block;padding:10px 20px;color:#ffffff">Buy now</a></td></tr></table>
</td></tr></table></td></tr>"""

_FOOT = """<tr><td style="padding:24px;font-size:12px;color:#777777" align="center"><p>You get this mail because you asked for it.
<a href="https://shop.bench.example/unsubscribe?id=77">Unsubscribe</a> | <a href="https://shop.bench.example/imprint">Imprint</a></p>
</td></tr></table></td></tr></table><img src="https://t.bench.example/open?id=77" width="1" height="1" alt=""></body></html>"""


def html(size_bytes: int) -> str:
    """HTML of about that size, every story with other words."""
    stories, number = [_HEAD], 0
    length = len(_HEAD) + len(_FOOT)
    while length < size_bytes:
        number += 1
        stories.append(_STORY.format(n=number))
        length += len(stories[-1])
    return "".join([*stories, _FOOT])


def mail(html_bytes: int = 37_000) -> bytes:
    """A multipart/alternative mail with that much HTML; 37,000 make a mail of about 50 KB."""
    message = EmailMessage()
    message["From"] = "Shop <news@shop.bench.example>"
    message["To"] = "support@bench.example"
    message["Subject"] = "Autumn offers"
    message["Date"] = "Mon, 02 Nov 2026 09:30:00 +0000"
    message.set_content(
        "\n".join(f"Jacket number {n}: a waterproof jacket with taped seams.\n" for n in range(180))
    )
    message.add_alternative(html(html_bytes), subtype="html")
    return message.as_bytes()
