"""The operator's HTTP face: `/health`, `/metrics` and one page, `/`. Read only, and on loopback unless told otherwise.

Whatever is wrong with the spool, it answers, and says so; a trouble that wants a person is no reason to restart the process.
"""

from __future__ import annotations

from collections.abc import Callable

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


def app(take: Snapshotter) -> Starlette:
    """The ASGI app; `take` may block, so it runs in a thread."""

    def answer(make: Callable[[Snapshot], Response], trouble: Callable[[str], Response]) -> Response:
        try:
            response = make(take())
        except BridgeError as error:
            response = trouble(str(error))
        response.headers.update(_HEADERS)
        return response

    def health(_: Request) -> Response:
        return answer(_health, lambda text: JSONResponse({"status": "trouble", "troubles": [text]}, 503))

    def figures(_: Request) -> Response:
        return answer(
            lambda now: Response(metrics.render(now), media_type=metrics.CONTENT_TYPE),
            lambda text: Response(f"# {' '.join(text.split())}\n", 503, media_type=metrics.CONTENT_TYPE),
        )

    def overview(_: Request) -> Response:
        return answer(
            lambda now: HTMLResponse(page.render(now)), lambda text: HTMLResponse(page.trouble(text), 503)
        )

    return Starlette(
        routes=[Route("/", overview), Route("/health", health), Route("/metrics", figures)],
    )


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
