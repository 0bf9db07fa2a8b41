"""The draft of a mail, by as much effort as a worker survives: in full, then plain, then the original alone. Never none.

Before a quote is left standing, the conversation at Re:amaze is read once: what staff said there the bridge has not seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace

from bridge import convert, log
from bridge.compose import once, said
from bridge.config.schema import Route
from bridge.delivery.parts import Parts
from bridge.errors import ReamazeError
from bridge.model import Draft
from bridge.plan import Plan
from bridge.spool import ConversationRow, Item
from bridge.workers import WorkerError


async def draft(parts: Parts, item: Item, route: Route, conversation: ConversationRow | None) -> Draft:
    """What will be said about the mail; its files are in the store when this returns.

    What is in the conversation already may be left out; without a conversation, nothing is known to be.
    """
    if conversation is None or conversation.slug is None or route.body.trim == "off":
        return await _converted(parts, item, route, None)
    known = await parts.spool.said(conversation.number)
    made = await _converted(parts, item, route, known)
    if not made.unproved:
        return made
    more = await _read(parts, item, conversation, conversation.slug) - said.unpack(known)
    if not more:
        return made
    return await _converted(parts, item, route, said.pack(more) + known)


async def whole(parts: Parts, item: Item, route: Route) -> Draft:
    """The same with nothing left out."""
    body = route.body.model_copy(update={"trim": "off"})
    return await _converted(parts, item, route.model_copy(update={"body": body}), None)


async def again(parts: Parts, item: Item, made: Draft, conversation: ConversationRow) -> Draft:
    """The draft, made anew where the conversation, now that it is known, may hold what the mail quotes."""
    route = parts.route(item.route)
    return made if route is None else await draft(parts, item, route, conversation)


async def restored(parts: Parts, item: Item, made: Draft) -> Draft:
    """The draft with the quotes in its body that were left out; its files are as they are planned."""
    route = parts.route(item.route)
    if route is None or not made.known_lines:
        return made
    return replace(made, body=(await whole(parts, item, route)).body, known_lines=0)


def heard(plan: Plan, route: Route | None, *, missing: Collection[int] = ()) -> frozenset[bytes]:
    """What the conversation holds once the plan is carried out, but for the missing files, where that is of use."""
    if route is None or route.body.trim == "off":
        return frozenset()
    files = (file for place, file in enumerate(plan.draft.files) if place not in missing)
    return said.digests(plan.draft.body) | once.pictures(files)


async def _read(parts: Parts, item: Item, conversation: ConversationRow, slug: str) -> frozenset[bytes]:
    """Digests of what the newest messages say; they are remembered."""
    try:
        bodies = await parts.clients[item.brand].bodies(slug)
    except ReamazeError as error:
        # The quote stays: that costs a reader a glance, and a mail must not wait for it.
        log.info("unread", id=item.id, slug=slug, reason=str(error))
        return frozenset()
    found = await asyncio.to_thread(lambda: frozenset().union(*map(said.digests, bodies)))
    await parts.spool.hear(conversation.number, found)
    return found


async def _converted(parts: Parts, item: Item, route: Route, known: bytes | None) -> Draft:
    remarks = _remarks(item)
    for effort in convert.Effort:
        try:
            return await parts.workers.run(
                convert.draft, parts.job(item, route, effort=effort, remarks=remarks, said=known)
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
