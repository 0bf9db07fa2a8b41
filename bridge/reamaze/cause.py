"""Why there is no answer, in words that tell an operator where to look.

An exception's own text is never repeated: it may hold the request, and with it the token. Its kind says enough.
"""

from __future__ import annotations

import os
import socket
import ssl

import httpx

#: Errors wrap each other; nobody wraps more often.
_MOST = 10


def of(error: BaseException) -> str:
    """The cause behind an error of httpx."""
    named = type(error).__name__
    found: BaseException | None = error
    for _ in range(_MOST):
        if found is None:
            break
        said = _said(found)
        if said:
            return said
        found = found.__cause__ or found.__context__
    return named


def _said(error: BaseException) -> str:
    match error:
        case socket.gaierror():
            return "its name cannot be resolved: check `base_url` and the DNS"
        case ConnectionRefusedError():
            return "refused: nothing listens there, or a firewall answers"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted ({error.verify_message})"
        case ssl.SSLError():
            return "it does not speak TLS: check `https` in `base_url`"
        case httpx.ConnectTimeout():
            return "it did not answer in time: check the route and the firewall"
        case OSError() if error.errno is not None:
            return os.strerror(error.errno)
        case _:
            return ""
