"""Message-IDs as keys: without brackets, blanks and folds, bounded, so that the same id always reads the same.

Linear and total: free text, several ids, missing brackets and 200-id References all give what ids there are.
"""

from __future__ import annotations

import re
from hashlib import sha256

_LONGEST = 500
_BRACKETED = re.compile(r"<([^<>]*+)")
_AROUND = " \t,;\"'()[]"


def one(value: str) -> str | None:
    """The id of a Message-ID field; None when there is none."""
    bracketed = _BRACKETED.search(value)
    return _normal(bracketed[1] if bracketed else value) or (_normal(value.strip("<>")) or None)


def several(value: str, limit: int) -> tuple[str, ...]:
    """The ids of References or In-Reply-To, in order, without duplicates; of too many the first and the last ones."""
    found = [_normal(text) for text in _BRACKETED.findall(value)]
    if not any(found):
        found = [_normal(token) for token in re.split(r"[\s,;]+", value) if _looks_like_id(token)]
    unique = list(dict.fromkeys(filter(None, found)))
    if len(unique) > limit:
        unique = unique[:1] + unique[len(unique) - limit + 1 :]
    return tuple(unique)


def _normal(text: str) -> str:
    text = "".join(text.split())
    if len(text) > _LONGEST:
        # Cut alone would make one id of two; the digest keeps them apart.
        return text[: _LONGEST - 65] + "-" + sha256(text.encode("utf-8", "replace")).hexdigest()
    return text


def _looks_like_id(token: str) -> bool:
    local, at, domain = token.strip(_AROUND).rpartition("@")
    return bool(local and at and domain)
