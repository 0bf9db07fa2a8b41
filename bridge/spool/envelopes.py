"""An envelope as one compact JSON text: its fields by short names, and which of these names are meant.

The first spools wrote a list in the order of the fields, which is still read.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

# Quoting string by string takes a third of the time of json.dumps, which builds an encoder for every list. It is ASCII, so that
# a lone surrogate in a peer's address survives the database.
from json.encoder import encode_basestring_ascii as quote

from bridge.model import Envelope

#: Grows when a name comes to mean something else; a further name needs no new one.
VERSION = 1
#: The names of the first form, by their place.
_PLACES = ("from", "to", "peer", "helo", "listener", "login", "tls", "trusted")
#: That of a mail whose row is gone.
NOTHING = '{"v":1}'


def pack(envelope: Envelope) -> str:
    """All but the time of arrival, which has its own column."""
    packed = (
        f'{{"v":{VERSION},"from":{quote(envelope.reverse_path)},"to":{pack_all(envelope.recipients)},'
        f'"peer":{quote(envelope.peer)},"helo":{quote(envelope.helo)},"listener":{quote(envelope.listener)}'
    )
    if envelope.login is not None:
        packed += f',"login":{quote(envelope.login)}'
    if envelope.tls is not None:
        packed += f',"tls":{quote(envelope.tls)}'
    return packed + (',"trusted":true}' if envelope.trusted else "}")


def unpack(text: str, received_at: datetime) -> Envelope:
    """Raises ValueError for the form of a newer bridge: what it means must not be guessed."""
    found = json.loads(text)
    if isinstance(found, list):
        found = {"v": VERSION, **dict(zip(_PLACES, found, strict=True))}
    if found["v"] != VERSION:
        raise ValueError(f"an envelope of version {found['v']}; this bridge knows {VERSION}")
    return Envelope(
        reverse_path=found.get("from", ""),
        recipients=tuple(found.get("to", ())),
        peer=found.get("peer", ""),
        helo=found.get("helo", ""),
        listener=found.get("listener", ""),
        received_at=received_at,
        login=found.get("login"),
        tls=found.get("tls"),
        trusted=found.get("trusted", False),
    )


def pack_all(texts: Sequence[str]) -> str:
    """Strings as one JSON list."""
    return "[" + ",".join(map(quote, texts)) + "]"


def unpack_all(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
