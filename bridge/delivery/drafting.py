"""The draft of a mail, by as much effort as a worker survives: in full, then plain, then the original alone. Never none."""

from __future__ import annotations

import asyncio

from bridge import convert, log
from bridge.config.schema import Route
from bridge.delivery.parts import Parts
from bridge.model import Draft
from bridge.spool import Item
from bridge.workers import WorkerError


async def draft(parts: Parts, item: Item, route: Route) -> Draft:
    """What will be said about the mail; its files are in the store when this returns."""
    remarks = _remarks(item)
    for effort in convert.Effort:
        try:
            return await parts.workers.run(
                convert.draft, parts.job(item, route, effort=effort, remarks=remarks)
            )
        except WorkerError as error:
            log.warning("conversion-failed", id=item.id, effort=effort.value, reason=str(error))
            remarks = (*remarks, f"The conversion ({effort.value}) {error}.")
    job = parts.job(item, route, remarks=remarks)
    author = convert.author_of(item.envelope, parts.config.sender)
    return await asyncio.to_thread(convert.unreadable, job, "failed at every effort", author.user)


def _remarks(item: Item) -> tuple[str, ...]:
    if item.stranger:
        return ("The sender had not taken part in this conversation before.",)
    return ()
