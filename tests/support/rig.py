"""A whole bridge and a whole Re:amaze on loopback, in this process: real SMTP in, real HTTP out, real worker processes."""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.config.schema import Config
from bridge.daemon import Daemon
from bridge.delivery import loop
from bridge.sandbox import Behaviour, Sandbox
from bridge.sandbox.state import Message
from support import forked, ports, simulator, verdict
from support.marked import Letter

#: An upper bound for a machine that has other things to do; a pass takes a second or two.
WITHIN_S = 120.0
LOOK_EVERY_S = 0.01
Change = Callable[[dict[str, Any]], None]


def impatient(data: dict[str, Any]) -> None:
    """Waits so short that a test meets many of them."""
    data["reamaze"] |= {"read_timeout_s": 0.25, "connect_timeout_s": 1.0, "look_again_s": 0.02}
    data["retry"] |= {
        "first_delay_s": 0.01,
        "max_delay_s": 0.05,
        "outage_first_pause_s": 0.01,
        "outage_max_pause_s": 0.05,
    }


@contextlib.contextmanager
def polling(every_s: float = 0.01) -> Iterator[None]:
    """Loops that look for what is due more often than once a second."""
    before, loop.POLL_S = loop.POLL_S, every_s
    try:
        yield
    finally:
        loop.POLL_S = before


def settings(folder: Path, base_url: str) -> dict[str, Any]:
    """A config for tests, as plain data to be changed."""
    token = folder / "token"
    token.write_text("sandbox")
    files_port = ports.free()
    return {
        "hostname": "bridge.example.com",
        "smtp": {"listeners": [{"name": "main", "listen": "127.0.0.1:0"}]},
        "spool": {"folder": folder / "spool", "min_free_bytes": 0},
        "routes": [
            {"name": "support", "recipients": ["support@example.com"], "brand": "acme", "channel": "support"},
            {"name": "sales", "recipients": ["sales@example.com"], "brand": "acme", "channel": "sales"},
        ],
        "staging": {
            "serve": {"listen": f"127.0.0.1:{files_port}", "public_url": f"http://127.0.0.1:{files_port}"}
        },
        "reamaze": {
            "look_again_s": 0.05,
            "brands": {
                "acme": {"base_url": base_url, "user": "bridge@example.com", "token": {"file": token}},
            },
        },
        "workers": {"processes": 2},
        "retry": {
            "first_delay_s": 0.05,
            "max_delay_s": 0.2,
            "outage_first_pause_s": 0.05,
            "outage_max_pause_s": 0.5,
        },
        "operate": {"listen": None, "stop_within_s": 5},
    }


def taken(code: int, answer: bytes) -> bytes:
    """The text of a reply. Raises SMTPResponseException for any but 250."""
    if code != 250:
        raise smtplib.SMTPResponseException(code, answer)
    return answer


@dataclass
class Rig:
    """One bridge that runs, and the sandbox it posts to."""

    daemon: Daemon
    sandbox: Sandbox

    @property
    def port(self) -> int:
        return self.daemon.addresses["main"].port

    async def send(
        self,
        content: str | bytes,
        *,
        to: str | tuple[str, ...] = "support@example.com",
        reverse_path: str = "ann@customer.example",
    ) -> str:
        """Send one mail by SMTP; its id. Raises smtplib's errors when it is refused."""
        raw = content.encode() if isinstance(content, str) else content
        recipients = (to,) if isinstance(to, str) else to
        return await asyncio.to_thread(self._send, raw, recipients, reverse_path)

    async def send_all(self, *letters: Letter) -> list[str]:
        """Send letters, one after the other, each by its author; their ids."""
        return [await self.send(each.content, reverse_path=each.author) for each in letters]

    def wrong(self, letters: Sequence[Letter]) -> tuple[str, ...]:
        """What is not as it should be in the sandbox, to which exactly these letters were sent."""
        return verdict.judge(letters, verdict.in_sandbox(self.sandbox)).faults

    def _send(self, content: bytes, recipients: tuple[str, ...], reverse_path: str) -> str:
        with smtplib.SMTP("127.0.0.1", self.port, local_hostname="client.example", timeout=30) as client:
            client.ehlo("client.example")
            taken(*client.mail(reverse_path))
            for recipient in recipients:
                taken(*client.rcpt(recipient))
            answer = taken(*client.data(content))
        return answer.decode().rsplit(" ", 1)[-1]

    async def until(self, reached: Callable[[], bool]) -> None:
        """Return when that is so. Raises TimeoutError with the state of things."""
        try:
            async with asyncio.timeout(WITHIN_S):
                while True:
                    began_s = time.thread_time()
                    if reached():
                        break
                    # Looking costs what is looked at no more than a tenth of its time.
                    await asyncio.sleep(max(LOOK_EVERY_S, 10 * (time.thread_time() - began_s)))
        except TimeoutError:
            raise TimeoutError(f"it never was so; the spool holds {self.daemon.snapshot().counts}") from None

    async def settled(self) -> None:
        """Return when nothing waits and every file the sandbox was told of is fetched or given up."""
        await self.idle()
        await self.until(self._fetched)

    async def idle(self) -> None:
        """Return when nothing waits."""
        spool = self.daemon._spool
        assert spool is not None
        await self.until(lambda: spool.ledger()["waiting"] == 0)

    def _fetched(self) -> bool:
        return all(
            attachment.stored is not None or attachment.failure
            for message in self.sandbox.posted
            for attachment in message.attachments
        )

    def state(self, mail_id: str) -> str:
        return self.daemon.trace(mail_id)[0].summary.state

    def only_conversation(self) -> tuple[Message, ...]:
        """The messages of the one conversation there is."""
        (conversation,) = self.sandbox.conversations
        return self.sandbox.messages(conversation.slug)

    def said(self) -> list[str]:
        """The bodies of all messages that are no notes, in the order they were posted."""
        return [message.body for message in self.sandbox.posted if not message.internal]


@contextlib.asynccontextmanager
async def running(
    folder: Path, *, behaviour: Behaviour | None = None, change: Change | None = None
) -> AsyncIterator[Rig]:
    """A rig with its spool in that folder."""
    async with simulator.on_port(behaviour or Behaviour()) as stand_in:
        data = settings(folder, stand_in.base_url)
        if change is not None:
            change(data)
        async with bridge(data, stand_in.sandbox) as rig:
            yield rig


@contextlib.asynccontextmanager
async def bridge(data: dict[str, Any], sandbox: Sandbox) -> AsyncIterator[Rig]:
    """The bridge alone, for a sandbox that outlives it."""
    forked.context()
    async with Daemon(Config.model_validate(data)).started() as daemon:
        yield Rig(daemon, sandbox)
