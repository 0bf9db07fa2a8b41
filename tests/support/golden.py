"""What a mail becomes, as JSON that is the same on every run: the requests of `explain`, without what is made by chance.

The envelope is what a mailbox would have kept of it: the reverse-path from Return-Path, the recipient from Delivered-To.
A mail to `trimmed@example.com` takes the route that leaves every quote out; all others take the one with the defaults.
"""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bridge import explain
from bridge.config.schema import Config
from bridge.model import Envelope, File, Mail

CORPUS = Path(__file__).parent.parent / "corpus"
FOLDER = Path("/nonexistent")
RECEIVED_AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
_MAIL_ID = re.compile(r"\b[0-9a-hjkmnp-tv-z]{13}\b")
_RETURN_PATH = re.compile(rb"^Return-Path: <(.*)>\r?$", re.MULTILINE)
_DELIVERED_TO = re.compile(rb"^Delivered-To: (.*?)\r?$", re.MULTILINE)


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
                _route("support"),
                {**_route("trimmed"), "body": {"trim": "quotes", "signatures": "cut"}},
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


def _route(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "recipients": [f"{name}@example.com"],
        "brand": "acme",
        "channel": "support",
        "copy_recipients": True,
    }


def posted(content: bytes) -> str:
    """The requests and files as indented JSON, with keys and ids replaced by their names."""
    envelope = Envelope(
        reverse_path=_first(_RETURN_PATH, content, "bounce@sender.example.net"),
        recipients=(_first(_DELIVERED_TO, content, "support@example.com"),),
        peer="192.0.2.25",
        helo="mx.sender.example.net",
        listener="main",
        received_at=RECEIVED_AT,
    )
    found = asyncio.run(explain.explain(config(), content, envelope))
    shown: Any = {"state": found.placed.state, "requests": [_steady(call) for call in found.requests]}
    if found.draft is not None and found.draft.files:
        shown["files"] = [_described(file, found.mail) for file in found.draft.files]
    if not found.requests:
        shown["because"] = found.placed.because
    return json.dumps(shown, indent=1, ensure_ascii=False) + "\n"


def _first(pattern: re.Pattern[bytes], content: bytes, otherwise: str) -> str:
    found = pattern.search(content)
    return found[1].decode() if found else otherwise


def _described(file: File, mail: Mail) -> dict[str, Any]:
    """What is handed to staging; size and digest only where they do not change with the mail's line ends."""
    shown: dict[str, Any] = {"name": file.name, "content_type": file.content_type, "inline": file.inline}
    made = file.leaf < 0 and file.content_type != "message/rfc822"
    if made or (file.leaf >= 0 and mail.leaves[file.leaf].encoding in ("base64", "x-uuencode")):
        shown |= {"size_bytes": file.size_bytes, "sha256": file.sha256}
    return shown


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
