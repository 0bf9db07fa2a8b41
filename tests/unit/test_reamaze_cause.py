"""Why Re:amaze cannot be reached, as an operator reads it."""

from __future__ import annotations

import socket
import ssl

import httpx
import pytest

from bridge.reamaze import cause

SECRET = "t0k3n-of-the-test"


def wrapped(inner: BaseException) -> httpx.ConnectError:
    """As httpx raises it: its own error, made of httpcore's, made of the system's."""
    middle, outer = RuntimeError(SECRET), httpx.ConnectError(SECRET)
    middle.__cause__ = inner
    outer.__context__ = middle
    return outer


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, SECRET)
    error.verify_message = "certificate has expired"
    return error


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        (socket.gaierror(-2, SECRET), "its name cannot be resolved: check `base_url` and the DNS"),
        (ConnectionRefusedError(111, SECRET), "refused: nothing listens there, or a firewall answers"),
        (untrusted(), "its certificate is not trusted (certificate has expired)"),
        (ssl.SSLError(1, SECRET), "it does not speak TLS: check `https` in `base_url`"),
        (httpx.ConnectTimeout(SECRET), "it did not answer in time: check the route and the firewall"),
        (OSError(113, SECRET), "No route to host"),
        (ValueError(SECRET), "ConnectError"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_innermost_cause_is_named_and_no_text_repeated(inner: BaseException, said: str) -> None:
    assert cause.of(wrapped(inner)) == said


def test_errors_that_name_each_other_in_a_circle_come_to_an_end() -> None:
    one, two = RuntimeError(), RuntimeError()
    one.__cause__, two.__cause__ = two, one
    assert cause.of(one) == "RuntimeError"
