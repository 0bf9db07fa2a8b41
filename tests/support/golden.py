"""What a mail becomes, as JSON that is the same on every run: the requests of `explain`, without what is made by chance."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bridge import explain
from bridge.config.schema import Config
from bridge.model import Envelope

CORPUS = Path(__file__).parent.parent / "corpus"
FOLDER = Path("/nonexistent")
RECEIVED_AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
_MAIL_ID = re.compile(r"\b[0-9a-hjkmnp-tv-z]{13}\b")


def config() -> Config:
    """The one config of the corpus."""
    return Config.model_validate(
        {
            "hostname": "bridge.example.com",
            "smtp": {"listeners": [{"name": "main", "listen": "127.0.0.1:0"}]},
            "spool": {"folder": FOLDER, "min_free_bytes": 0},
            "sender": {
                "default_domain": "example.com",
                "staff": ["@staff.example.com"],
                "unknown": {"name": "Unknown sender", "email": "unknown@example.com"},
            },
            "routes": [
                {
                    "name": "support",
                    "recipients": ["support@example.com"],
                    "brand": "acme",
                    "channel": "support",
                    "copy_recipients": True,
                }
            ],
            "staging": {"serve": {"public_url": "https://files.example.com"}},
            "reamaze": {
                "brands": {
                    "acme": {
                        "base_url": "https://acme.reamaze.io/api/v1",
                        "user": "bridge@example.com",
                        "token": {"env": "NONE"},
                    }
                }
            },
        }
    )


def posted(content: bytes) -> str:
    """The requests as indented JSON, with keys and ids replaced by their names."""
    envelope = Envelope(
        reverse_path="bounce@sender.example.net",
        recipients=("support@example.com",),
        peer="192.0.2.25",
        helo="mx.sender.example.net",
        listener="main",
        received_at=RECEIVED_AT,
    )
    found = asyncio.run(explain.explain(config(), content, envelope))
    shown: Any = {"state": found.placed.state, "requests": [_steady(call) for call in found.requests]}
    if not found.requests:
        shown["because"] = found.placed.because
    return json.dumps(shown, indent=1, ensure_ascii=False) + "\n"


def _steady(value: Any, key: str = "") -> Any:
    match value:
        case dict():
            return {name: _steady(inner, name) for name, inner in value.items()}
        case list():
            return [_steady(inner) for inner in value]
        case str() if key in ("origin_id", "bridge_key"):
            return "KEY"
        case str() if value.startswith("Mail bridge, mail "):
            return _MAIL_ID.sub("ID", value, count=1)
        case _:
            return value
