"""The operator's HTTP face: `/health`, `/metrics` and one page, `/`. Read only, and on loopback unless told otherwise."""

from __future__ import annotations

from html import escape

from bridge.operate import metrics
from bridge.operate.snapshot import Snapshot
from bridge.web import HTMLResponse, JSONResponse, Request, Response, Route, Starlette

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>reamaze-bridge</title>
<meta http-equiv="refresh" content="10"><style>
body{{font:16px/1.5 system-ui,sans-serif;margin:3rem auto;max-width:44rem;color:#1c2733;padding:0 1rem}}
h1{{font-size:1.3rem}} table{{border-collapse:collapse;width:100%}} td{{padding:.35rem 0;border-bottom:1px solid #e4e8ec}}
td:last-child{{text-align:right;font-variant-numeric:tabular-nums}} .ok{{color:#0a7d43}} .trouble{{color:#b3261e}}
</style><h1>reamaze-bridge {version}</h1>{troubles}<table>{rows}</table></html>"""


def app(take: metrics.Snapshotter) -> Starlette:
    """The ASGI app; `take` makes a snapshot and may block, so it runs in a thread."""

    def health(_: Request) -> Response:
        now = take()
        troubles = now.troubles
        return JSONResponse(
            {"status": "trouble" if troubles else "ok", "troubles": troubles, "waiting": now.waiting},
            # A dead letter or a pause needs a person, not a restart: the process itself is healthy.
            status_code=503 if now.unaccounted else 200,
        )

    def figures(_: Request) -> Response:
        return Response(metrics.render(take()), media_type=metrics.CONTENT_TYPE)

    def page(_: Request) -> Response:
        return HTMLResponse(_render(take()))

    return Starlette(routes=[Route("/", page), Route("/health", health), Route("/metrics", figures)])


def _render(now: Snapshot) -> str:
    troubles = "".join(f'<p class="trouble">{escape(trouble)}</p>' for trouble in now.troubles)
    figures = {"waiting": now.waiting, "oldest waiting, s": round(now.oldest_s), **now.ledger}
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{value:,}</td></tr>" for name, value in figures.items())
    return _PAGE.format(
        version=escape(now.version), troubles=troubles or '<p class="ok">All is well.</p>', rows=rows
    )
