"""The way in: content is sealed where it is too large for a row, then the writer commits the mail with its deliveries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from bridge.config.schema import Spool as Settings
from bridge.model import Envelope, Target
from bridge.spool import trouble
from bridge.spool.files import Files, Incoming
from bridge.spool.ids import Ids
from bridge.spool.puts import Put
from bridge.spool.writer import Writer

#: Told what went wrong, if anything, when a put has ended.
Ended = Callable[[Exception | None], None]


def new_put(mail_id: str, envelope: Envelope, content: bytes | Incoming, targets: Sequence[Target]) -> Put:
    if not targets:
        raise ValueError("a mail without a target would never be delivered")
    size_bytes = len(content) if isinstance(content, bytes) else content.size_bytes
    return Put(mail_id, envelope, content, size_bytes, targets)


class Taking:
    def __init__(self, settings: Settings, writer: Writer, files: Files, ids: Ids) -> None:
        self._folder = settings.folder
        self._limit_bytes = settings.inline_limit_bytes
        self._writer = writer
        self._files = files
        self._ids = ids
        #: Puts under way that were begun and are not waited for.
        self._begun: set[asyncio.Task[None]] = set()

    def incoming(self) -> Incoming:
        with trouble.translated(self._folder):
            return self._files.start(self._ids.new())

    async def put(self, put: Put) -> None:
        if not self._fits_a_row(put):
            put.content = await asyncio.to_thread(self._sealed, put.content)
        await self._writer.put(put)

    def begin_put(self, put: Put, ended: Ended) -> None:
        if self._fits_a_row(put):
            self._writer.begin_put(put, ended)
            return
        task = asyncio.get_running_loop().create_task(self._put(put, ended))
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)

    async def _put(self, put: Put, ended: Ended) -> None:
        try:
            await self.put(put)
        except Exception as error:  # noqa: BLE001 - whatever went wrong is the caller's to hear
            ended(error)
        else:
            ended(None)

    def put_now(self, put: Put) -> None:
        put.content = self._sealed(put.content)
        self._writer.put_now(put)

    def _fits_a_row(self, put: Put) -> bool:
        return isinstance(put.content, bytes) and put.size_bytes <= self._limit_bytes

    def _sealed(self, content: bytes | Incoming) -> bytes | Incoming:
        """Content in the form it is kept: bytes for a row, or a file that is safe on the disk."""
        with trouble.translated(self._folder):
            if isinstance(content, Incoming):
                if content.size_bytes > self._limit_bytes:
                    content.seal()
                    return content
                inline = content.read()
                content.discard()
                return inline
            if len(content) <= self._limit_bytes:
                return content
            file = self._files.start(self._ids.new())
            try:
                file.write(content)
                file.seal()
            except BaseException:
                file.remove()
                raise
            return file
