"""Tells an operator of dead letters by a conversation of their own, where the config names a channel for it.

The log and the metrics have told already; this is for who looks at neither. It is told once for each dead letter, collected
in one conversation a day, and a failure to tell is logged and never comes back as mail or as another alarm. Nobody waits for it:
a Re:amaze that is slow to be told of a dead letter holds up no other mail.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Mapping
from datetime import date

from bridge import log
from bridge.clock import Clock
from bridge.compose import note
from bridge.config.schema import Config
from bridge.delivery.parts import Desk
from bridge.errors import BridgeError, MissingError
from bridge.model import Message, New, User
from bridge.spool import Item

#: Alarms that may wait to be told; what is beyond is in the log.
MOST_WAITING = 1_000


class Alarm:
    def __init__(self, config: Config, clients: Mapping[str, Desk], clock: Clock) -> None:
        self._config = config
        self._clients = clients
        self._clock = clock
        #: The day's conversation, once there is one.
        self._day: date | None = None
        self._slug = ""
        #: Ids of deliveries, and what is to be said of each.
        self._waiting: deque[tuple[str, Message]] = deque()
        self._telling: asyncio.Task[None] | None = None

    def dead(self, item: Item, reason: str) -> None:
        """Have it said that this delivery is dead, soon."""
        alert = self._config.operate.alert
        if alert is None or alert.brand not in self._clients:
            return
        if len(self._waiting) >= MOST_WAITING:
            log.error("alarm-failed", id=item.id, reason="too many others wait to be told")
            return
        message = Message(
            user=User("Mail bridge", self._config.reamaze.brands[alert.brand].user),
            body=_text(item, reason),
            key=hashlib.sha256(f"alarm\0{item.id}\0{item.waiting_at.isoformat()}".encode()).hexdigest()[:32],
        )
        self._waiting.append((item.id, message))
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_all(self._clients[alert.brand], alert.channel))

    async def close(self, within_s: float) -> None:
        """Give what waits to be told its time."""
        if self._telling is not None:
            await asyncio.wait((self._telling,), timeout=within_s)
            self._telling.cancel()

    async def _tell_all(self, client: Desk, channel: str) -> None:
        while self._waiting:
            id_, message = self._waiting.popleft()
            try:
                await self._tell(client, channel, message)
            except BridgeError as error:
                log.error("alarm-failed", id=id_, reason=str(error))
            except Exception as error:  # noqa: BLE001 - a bug of ours must not silence the alarms behind it
                log.error("alarm-failed", id=id_, reason=type(error).__name__)

    async def _tell(self, client: Desk, channel: str, message: Message) -> None:
        today = self._clock.now().date()
        try:
            if self._day == today:
                await client.append(self._slug, message)
            else:
                new = New(channel, f"Mail that could not be delivered, {today.isoformat()}")
                self._slug = (await client.create(new, message)).slug
                self._day = today
        except MissingError:
            # Somebody closed the day's conversation for good: the next dead letter opens another.
            self._day = None
            raise


def _text(item: Item, reason: str) -> str:
    return "\n".join(
        (
            f"A mail could not be delivered and is kept: `{item.id}`, route {note.escape(item.route)}.",
            "",
            f"- Reason: {note.escape(reason)}",
            f"- Its life: `reamaze-bridge trace {item.id}`",
            f"- Try again: `reamaze-bridge queue retry {item.id}`",
            f"- The mail as it came: `reamaze-bridge queue export {item.id}`",
        )
    )
