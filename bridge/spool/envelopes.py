"""An envelope as one compact JSON text: a list in the order of its fields, since a put writes one for every mail."""

from __future__ import annotations

import json

from bridge.model import Envelope
from bridge.spool.steady import from_us, to_us


def pack(envelope: Envelope) -> str:
    # ASCII, so that a lone surrogate in a peer's address survives the database.
    return json.dumps(
        [
            envelope.reverse_path,
            envelope.recipients,
            envelope.peer,
            envelope.helo,
            envelope.listener,
            to_us(envelope.received_at),
            envelope.login,
            envelope.tls,
            envelope.trusted,
        ]
    )


def unpack(text: str) -> Envelope:
    reverse_path, recipients, peer, helo, listener, received_at, login, tls, trusted = json.loads(text)
    return Envelope(
        reverse_path=reverse_path,
        recipients=tuple(recipients),
        peer=peer,
        helo=helo,
        listener=listener,
        received_at=from_us(received_at),
        login=login,
        tls=tls,
        trusted=trusted,
    )
