"""The help desk as a person sees it."""

from __future__ import annotations

from collections.abc import Collection

from bridge.sandbox.state import State
from bridge.sandbox.wire import Call
from bridge.web import HTMLResponse, Request, Response, Route


class Page:
    def __init__(self, state: State, calls: Collection[Call]) -> None:
        self._state = state
        self._calls = calls

    @property
    def routes(self) -> list[Route]:
        return [Route("/", self._inbox)]

    async def _inbox(self, _request: Request) -> Response:
        return HTMLResponse("<!DOCTYPE html><title>Inbox</title>")
