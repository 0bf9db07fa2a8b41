"""The operator's HTTP face: `/health`, `/metrics` and one page, `/`. Read only, and on loopback unless told otherwise.

Whatever is wrong with the spool, it answers, and says so; a trouble that wants a person is no reason to restart the process.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from bridge.errors import BridgeError
from bridge.operate import metrics, page
from bridge.operate.snapshot import Snapshot, Snapshotter
from bridge.web import HTMLResponse, JSONResponse, Request, Response, Route, Starlette

_HEADERS = {
    # No script runs and nothing is loaded, whatever stands in a reason.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

_OTHER_NAME = (
    "This page is for this host alone: ask for it by localhost, by an address, or by the bridge's `hostname`. "
    "A proxy before it must send one of these as Host.\n"
)


def app(take: Snapshotter, *, names: Collection[str] | None = None) -> Starlette:
    """The ASGI app; `take` may block, so it runs in a thread.

    `names` are those by which it may be asked, beside every address; None for any.
    """

    def answer(
        request: Request, make: Callable[[Snapshot], Response], trouble: Callable[[str], Response]
    ) -> Response:
        if names is not None and not _called_by(request.headers.get("host", ""), names):
            return Response(_OTHER_NAME, 421, _HEADERS, media_type="text/plain")
        try:
            response = make(take())
        except BridgeError as error:
            response = trouble(str(error))
        response.headers.update(_HEADERS)
        return response

    def health(request: Request) -> Response:
        return answer(
            request, _health, lambda text: JSONResponse({"status": "trouble", "troubles": [text]}, 503)
        )

    def figures(request: Request) -> Response:
        return answer(
            request,
            lambda now: Response(metrics.render(now), media_type=metrics.CONTENT_TYPE),
            lambda text: Response(f"# {' '.join(text.split())}\n", 503, media_type=metrics.CONTENT_TYPE),
        )

    def overview(request: Request) -> Response:
        return answer(
            request,
            lambda now: HTMLResponse(page.render(now)),
            lambda text: HTMLResponse(page.trouble(text), 503),
        )

    return Starlette(
        routes=[Route("/", overview), Route("/health", health), Route("/metrics", figures)],
    )


def _called_by(host: str, names: Collection[str]) -> bool:
    """Whether a Host header is an address or one of the names.

    Any website can give its own name the address 127.0.0.1, and have the browser of who reads it ask here; but not without that
    name in the header.
    """
    with contextlib.suppress(ValueError):
        name = urlsplit(f"//{host}").hostname or ""
        return not host or name in names or _is_address(name)
    return False


def _is_address(name: str) -> bool:
    with contextlib.suppress(ValueError):
        ip_address(name)
        return True
    return False


def _health(now: Snapshot) -> Response:
    troubles = now.troubles
    return JSONResponse(
        {
            "status": "trouble" if troubles else "ok",
            "troubles": troubles,
            "version": now.version,
            "waiting": now.waiting,
            "oldest_waiting_s": round(now.oldest_s, 1),
            "paused": dict(now.paused),
        },
        # A dead letter or a pause needs a person, not a restart: the process itself is healthy.
        status_code=503 if now.unaccounted else 200,
    )
