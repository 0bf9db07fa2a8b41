"""The help desk as a person sees it: the inbox, a conversation, the files, and the raw calls behind them.

What is shown came from mail and is hostile: no script runs, nothing is loaded from elsewhere, and files are downloads unless
they are plain pictures or text.
"""

from __future__ import annotations

from collections import deque

from bridge.sandbox import style, view
from bridge.sandbox.state import State, Stored
from bridge.sandbox.wire import Call
from bridge.web import FileResponse, HTMLResponse, PlainTextResponse, Request, Response, Route

_HEADERS = {
    "Content-Security-Policy": style.CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Page:
    def __init__(self, state: State, calls: deque[Call]) -> None:
        self._state = state
        self._calls = calls

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/", self._inbox),
            Route("/calls", self._call_log),
            Route("/conversations/{brand}/{slug}", self._conversation),
            Route("/files/{sha256}/{name}", self._file),
        ]

    async def _inbox(self, request: Request) -> Response:
        conversations, behaviour = self._state.conversations, self._state.behaviour
        if not conversations:
            base_url = f"{request.url.scheme}://{request.url.netloc}/api/v1"
            content = f'<div class="frame">{view.nothing(base_url, behaviour.user)}</div>'
            return self._html("Inbox", content, here="inbox")
        chosen = request.query_params.get("channel", "")
        shown = [c for c in conversations if chosen in ("", c.channel)]
        brands = len({c.brand for c in conversations}) > 1
        side = view.sidebar(conversations, behaviour.channels, chosen)
        return self._html(
            "Inbox", f'<div class="frame inbox">{side}{view.inbox(shown, brands=brands)}</div>', here="inbox"
        )

    async def _conversation(self, request: Request) -> Response:
        found = self._state.conversation(request.path_params["brand"], request.path_params["slug"])
        if found is None:
            return self._html("No such conversation", view.missing(), here="inbox", status=404)
        content = view.conversation(found, hard_breaks=self._state.behaviour.hard_breaks)
        return self._html(found.subject or "(no subject)", content, here="inbox")

    async def _call_log(self, request: Request) -> Response:
        opened = request.query_params.get("open", "")
        newest_first = list(reversed(self._calls))
        asked_for = [call for call in newest_first[view.SHOWN :] if str(call.number) == opened]
        return self._html(
            "API calls", view.calls(newest_first[: view.SHOWN] + asked_for, opened), here="calls"
        )

    async def _file(self, request: Request) -> Response:
        stored = self._stored(request.path_params["sha256"], request.path_params["name"])
        if stored is None:
            return PlainTextResponse("No such file", 404)
        shown = stored.content_type in view.PICTURES or stored.content_type == "text/plain"
        headers = {
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
        }
        return FileResponse(
            stored.path,
            headers=headers,
            media_type=stored.content_type if shown else "application/octet-stream",
            filename=stored.name,
            content_disposition_type="inline" if shown else "attachment",
        )

    def _stored(self, sha256: str, name: str) -> Stored | None:
        for message in reversed(self._state.messages):
            for attachment in message.attachments:
                stored = attachment.stored
                if stored is not None and (stored.sha256, stored.name) == (sha256, name):
                    return stored
        return None

    def _html(self, title: str, content: str, *, here: str, status: int = 200) -> Response:
        page = view.document(
            title,
            content,
            here=here,
            conversations=len(self._state.conversations),
            calls=self._state.calls,
        )
        return HTMLResponse(page, status, _HEADERS)
