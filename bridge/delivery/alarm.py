"""Tells an operator of dead letters by a conversation of their own, where the config names a channel for it.

The log and the metrics have told already; this is for who looks at neither. It is told once for each dead letter, collected
in one conversation a day, and a failure to tell is logged and never comes back as mail or as another alarm.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date

from bridge import log
from bridge.clock import Clock
from bridge.compose import note
from bridge.config.schema import Config
from bridge.delivery.parts import Desk
from bridge.errors import MissingError, ReamazeError
from bridge.model import Message, New, User
from bridge.spool import Item


class Alarm:
    def __init__(self, config: Config, clients: Mapping[str, Desk], clock: Clock) -> None:
        self._config = config
        self._clients = clients
        self._clock = clock
        #: The day's conversation, once there is one.
        self._day: date | None = None
        self._slug = ""

    async def dead(self, item: Item, reason: str) -> None:
        """Say that this delivery is dead. Never raises for what Re:amaze answers."""
        alert = self._config.operate.alert
        if alert is None or alert.brand not in self._clients:
            return
        client = self._clients[alert.brand]
        message = Message(
            user=User("Mail bridge", self._config.reamaze.brands[alert.brand].user),
            body=_text(item, reason),
            key=hashlib.sha256(f"alarm\0{item.id}\0{item.waiting_at.isoformat()}".encode()).hexdigest()[:32],
        )
        today = self._clock.now().date()
        try:
            if self._day == today:
                await client.append(self._slug, message)
            else:
                new = New(alert.channel, f"Mail that could not be delivered, {today.isoformat()}")
                self._slug = (await client.create(new, message)).slug
                self._day = today
        except MissingError:
            # Somebody closed the day's conversation for good: the next dead letter opens another.
            self._day = None
        except ReamazeError as error:
            log.error("alarm-failed", id=item.id, reason=str(error))


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
