"""How a message would be known again after its answer was lost: by its key and, where lists show none, by what it says."""

from __future__ import annotations

import json
from datetime import datetime

from bridge.delivery.parts import Parts
from bridge.model import Message
from bridge.reamaze import Sought, alike
from bridge.spool import ConversationRow


async def sought(
    parts: Parts, conversation: ConversationRow, slug: str, message: Message, began_at: datetime
) -> Sought:
    """The message that an earlier call, begun then, may have posted to the conversation of that slug."""
    content = alike.content(message)
    answers = map(json.loads, await parts.spool.answers(conversation.number, slug))
    return Sought(
        key=message.key,
        content=content,
        # By a clock that was ahead then, it would have been posted before it was begun.
        since=min(began_at, parts.clock.now()),
        others=tuple(
            answer["created_at"]
            for answer in answers
            if answer["slug"] == slug and answer.get("said") == content
        ),
    )


def sought_anew(parts: Parts, brand: str, message: Message, since: datetime) -> Sought:
    """The message that may have opened a conversation, one that the spool does not know by then."""
    return Sought(
        key=message.key,
        content=alike.content(message),
        since=since,
        taken=lambda slug: parts.spool.knows(brand, slug),
    )
