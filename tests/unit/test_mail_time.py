"""No input makes the parser slow: each of these took some parser of the field from seconds to for ever.

The bound is loose, for a busy machine; what is quadratic misses it by far.
"""

from __future__ import annotations

import time

import pytest

from bridge import mail
from bridge.mail import assemble, decode
from bridge.mail.limits import Limits

MB = 1024 * 1024
BOUND_S = 4.0

INPUTS = {
    "1 MB subject": b"Subject: " + b"word " * (MB // 5) + b"\n\nx",
    "55,000 encoded words": b"Subject: " + b"=?utf-8?Q?caf=C3=A9?= " * 55_000 + b"\n\nx",
    "encoded words that never close": b"Subject: " + b"=?utf-8?Q?" * 100_000 + b"\n\nx",
    "1 MB of quotes": b"From: " + b'"' * MB + b"\n\nx",
    "1 MB of escaped quotes": b"From: " + b'"\\' * (MB // 2) + b"\n\nx",
    "1 MB of parentheses": b"From: " + b"(" * MB + b"\n\nx",
    "1 MB of angles": b"From: " + b"<" * MB + b"\n\nx",
    "1 MB of a-angles": b"From: " + b"<a" * (MB // 2) + b"\n\nx",
    "1 MB of quotes in parentheses": b"From: " + b'(a"' * (MB // 3) + b"\n\nx",
    "20,000 addresses": b"To: " + b"".join(b"u%d@example.com,\n " % n for n in range(20_000)) + b"\n\nx",
    "1 MB of parameters": b"Content-Type: text/plain; " + b"a=b; " * (MB // 5) + b"\n\nx",
    "1 MB of sections": b"Content-Type: text/plain; "
    + b"".join(b"name*%d=a; " % n for n in range(80_000))
    + b"\n\nx",
    "1 MB of one parameter": b"Content-Type: text/plain; " + b"a" * MB + b"\n\nx",
    "1 MB Message-ID": b"Message-ID: " + b"<a" * (MB // 2) + b"\n\nx",
    "1 MB of references": b"References: " + b"<a@b> " * (MB // 6) + b"\n\nx",
    "1 MB of header": b"X-A: b\n" * (MB // 7),
    "1 MB of lines that are no header": b"From: a@b\n" + b"oops\nX-A: b\n" * (MB // 12),
    "1 MB without a colon": b"a" * MB,
    "1 MB of folds": b"X-A: b\n" + b" x\n" * (MB // 3) + b"\nx",
    "20,000 parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 20_000,
    "10,000 nested": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(10_000)
    ),
    "10,000 nested in one boundary": b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" * 10_000,
    "10,000 mails in mails": b"Content-Type: message/rfc822\n\n" * 10_000,
    "10 MB of newlines": b"Subject: S\n\n" + b"\n" * 10 * MB,
    "10 MB of newlines alone": b"\n" * 10 * MB,
    "10 MB of nearly delimiters": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--bx\n" * (2 * MB),
    "25 MB of delimiters": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n" * (6 * MB),
    "10 MB of blanks behind a delimiter": b"Content-Type: multipart/mixed; boundary=b\n\n--b"
    + b" " * 10 * MB,
    "5 MB that begin": b"\n" + b"begin 644 x\n" * (5 * MB // 12),
    "5 MB that nearly end": b"\nbegin 644 x\n#86)C\n" + b"endx\n" * MB,
    "5 MB of flowed lines": b"Content-Type: text/plain; format=flowed\n\n"
    + b"> a \n>> b \n" * (5 * MB // 11),
    "10 MB of equals signs": b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=" * 10 * MB,
    "10 MB of soft blanks": b"Content-Transfer-Encoding: quoted-printable\n\n=" + b" " * 10 * MB,
    "10 MB of padding": b"Content-Transfer-Encoding: base64\n\n" + b"YQ==\n" * (2 * MB),
    "18 MB of padded groups": b"Content-Transfer-Encoding: base64\n\n" + b"AAAAAAAAAAAAAAAA=" * MB,
    "3 MB of escapes": b"\n\n" + b"\x1b$B\xff" * MB,
    "5 MB of controls": b"\n" + b"\x01\xe9" * (5 * MB // 2),
    "meta tags": b"Content-Type: text/html\n\n" + b"<meta charset" * (MB // 13) + b"\xff",
}


@pytest.mark.parametrize("name", INPUTS)
def test_hostile_input_is_read_in_bounded_time(name: str) -> None:
    """Cases 19, 41, 55 and 56."""
    content = INPUTS[name]
    started = time.process_time()
    found = assemble.parse(content, Limits())
    for leaf in found.leaves:
        for _ in decode.chunks(content, leaf):
            pass
    assert time.process_time() - started < BOUND_S
    assert not any("could not be read (" in defect for defect in found.defects)


def test_the_time_grows_with_the_size_and_no_faster() -> None:
    def seconds(times: int) -> float:
        content = b"From: " + b'"<(' * times + b"\n\n" + b"begin 644 x\n--b \n=?=" * times
        return min(_timed(content) for _ in range(3))

    small, large = seconds(20_000), seconds(200_000)
    assert large < small * 40 + 0.05


def _timed(content: bytes) -> float:
    started = time.process_time()
    mail.parse(content)
    return time.process_time() - started
