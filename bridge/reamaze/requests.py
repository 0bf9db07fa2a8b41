"""The exact JSON bodies that are posted; `explain --json` prints them from here.

`user` is always sent: left out, Re:amaze books the mail as a staff reply of the token's owner. The flag that keeps Re:amaze
quiet has two spellings in its documentation, so both are sent, and both inside `message`. One file goes as the documented
`attachment`; several, which only a plan made for `attachments: list` asks for, as `attachments`.
"""

from __future__ import annotations

from typing import Any

from bridge.model import Message, New, User

#: The key of a conversation's custom data that holds the key of the step which made it.
DATA_KEY = "bridge_key"

Body = dict[str, Any]


def create(new: New, message: Message) -> Body:
    """The body of POST /conversations."""
    conversation: Body = {
        "subject": new.subject,
        "category": new.channel,
        "user": _user(message.user),
        "message": _message(message),
        "data": {**dict(message.data), DATA_KEY: message.key},
    }
    if message.contact:
        conversation["user"]["data"] = dict(message.contact)
    if message.tags:
        conversation["tag_list"] = list(message.tags)
    return {"conversation": conversation}


def append(message: Message) -> Body:
    """The body of POST /conversations/{slug}/messages."""
    return {"message": {**_message(message), "user": _user(message.user)}}


def _user(user: User) -> Body:
    # An empty name is left out: Re:amaze makes one from the address, where "" may be refused.
    return {"name": user.name, "email": user.email} if user.name else {"email": user.email}


def _message(message: Message) -> Body:
    body: Body = {
        "body": message.body,
        "origin_id": message.key,
        # A sender whose address is a staff user's would otherwise resolve the conversation.
        "suppress_autoresolve": True,
    }
    if message.internal:
        body["visibility"] = 1
    if message.suppress_notifications:
        body["suppress_notifications"] = body["suppress_notification"] = True
    if message.recipients:
        body["recipients"] = list(message.recipients)
    match message.attachments:
        case ():
            pass
        case (url,):
            body["attachment"] = url
        case urls:
            body["attachments"] = list(urls)
    return body
