"""Hypothesis strategies: what mail is made of, put together by someone who has only heard of the rules."""

from __future__ import annotations

from hypothesis import strategies as st

_MARKS = [
    b"\n",
    b"\r\n",
    b"\r",
    b"\n\n",
    b" ",
    b"\t",
    *(bytes([mark]) for mark in b":;,=?<>\"()\\@*'-|\0\xff\xc3\xa9"),
]
_BYTES = [b"\x1b$B", b"\x1b(B", b"\xed\xa0\x80", "é".encode(), "日本".encode(), b"\xef\xbb\xbf", b"\xff\xfe"]
_FIELDS = (
    b"From: |To: |Subject: |Date: |Message-ID: |References: |In-Reply-To: |Auto-Submitted: |Return-Path: |Content-Type: |"
    b"Content-Transfer-Encoding: |Content-Disposition: |Content-ID: |X-Failed-Recipients: |From x\n"
).split(b"|")
_TYPES = (
    b"multipart/mixed|multipart/alternative|multipart/related|multipart/report|multipart/digest|multipart/signed|"
    b"text/plain|text/html|text/enriched|text/calendar|message/rfc822|message/delivery-status|image/png|application/pdf"
).split(b"|")
_PARAMETERS = (
    b'; boundary=b|; boundary="b"|; boundary=bb|; start=x|; charset=utf-8|; charset=utf-16|; charset=utf-7|; charset=rot13|'
    b"; charset=iso-2022-jp|; charset=big5|; charset=hz|; format=flowed|; delsp=yes|; name=a.txt|; name*0*=utf-8''%E2|"
    b"; name*1=b|; filename*=x|; name*|; report-type=delivery-status"
).split(b"|")
_WORDS = (
    b"\n--b\n|\r\n--b\r\n|\n--bb\n|\n--b--\n|\n--bb--\n|--b|base64|quoted-printable|x-uuencode|8bit|attachment|inline|"
    b"=?utf-8?q?|=?utf-8?B?|=?x?Q?=3D?=|?=|YWJj|YQ==|=0D0A|=\n|=C3=A9|= \n|begin 644 a.txt\n|#86)C\n|`\nend\n|\nend\n|"
    b"<a@b.example>|a@b|> quoted \n|-- \n|<html><meta charset=koi8-r>|Mon, 2 Nov 2026 09:30:00 +0000|auto-replied|word "
).split(b"|")

#: Bytes drawn from the alphabet of mail: they reach far deeper into a parser than random ones.
mail_bytes = st.lists(
    st.sampled_from([*_MARKS, *_BYTES, *_FIELDS, *_TYPES, *_PARAMETERS, *_WORDS]), max_size=120
).map(b"".join)


@st.composite
def parts(draw: st.DrawFn, depth: int = 3) -> bytes:
    """One well-formed part, perhaps a multipart of others."""
    if depth and draw(st.booleans()):
        kind = draw(
            st.sampled_from(["mixed", "alternative", "related", "report", "digest", "signed", "x-unknown"])
        )
        boundary = f"b{depth}"
        inner = draw(st.lists(parts(depth=depth - 1), min_size=1, max_size=4))
        body = b"".join(b"--" + boundary.encode() + b"\r\n" + one + b"\r\n" for one in inner)
        return (
            f"Content-Type: multipart/{kind}; boundary={boundary}\r\n\r\n".encode()
            + body
            + f"--{boundary}--".encode()
        )
    content_type = draw(
        st.sampled_from(
            [
                "text/plain",
                "text/html",
                "text/enriched",
                "text/calendar",
                "image/png",
                "application/pdf",
                "message/rfc822",
            ]
        )
    )
    lines = [f"Content-Type: {content_type}"]
    if disposition := draw(
        st.sampled_from(["", "inline", "attachment", "attachment; filename=a.bin", "inline; filename=b.txt"])
    ):
        lines.append(f"Content-Disposition: {disposition}")
    if draw(st.booleans()):
        lines.append(f"Content-ID: <{draw(st.sampled_from('xyz'))}>")
    body = draw(
        st.sampled_from(
            ["", "words", "<p>other words</p>", "words\r\nbegin 644 u.txt\r\n#86)C\r\n`\r\nend\r\nmore"]
        )
    )
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


#: A well-formed tree of parts.
trees = parts()
