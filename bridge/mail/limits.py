"""What one mail may cost to read: every cap of the parser, in one place.

A cap is applied before the bytes it bounds are looked at, so the time to parse is bounded by the size of the content
and never by its cunning. Whatever a cap cuts is named in `Mail.defects`.
"""

from __future__ import annotations

from dataclasses import dataclass

KB = 1024
MB = 1024 * KB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The defaults are far above what real mail holds."""

    #: Header of one part; the rest of a longer one is skipped.
    header_bytes: int = 256 * KB
    #: Header fields of one part.
    fields: int = 1000
    #: One header field; address fields included.
    field_bytes: int = 64 * KB
    #: Mailboxes read from one field.
    addresses: int = 500
    #: Characters of the subject.
    subject_chars: int = 10_000
    #: Message-IDs kept from References: the first and the newest.
    references: int = 100
    #: Multiparts within multiparts; what lies deeper is kept as one .eml.
    depth: int = 50
    #: Parts of one mail; what follows is kept as one file.
    parts: int = 2000
    #: Decoded text of one part; the rest is cut. HTML may hold pictures.
    text_bytes: int = 5 * MB
    #: The same of plain text. Measured, 5 MB in lines of a word: 12 s of CPU and 800 MB, which no worker has.
    plain_bytes: int = 1 * MB
    #: Decoded text of all parts; text parts beyond it are files.
    all_text_bytes: int = 5 * MB
    #: Wrappers (winmail.dat, S/MIME) within wrappers; what lies deeper stays a file.
    unwrap_depth: int = 3
    #: Decoded bytes of all wrappers of a mail; wrappers beyond it stay files.
    unwrap_bytes: int = 64 * MB
    #: Text of all wrappers, after decompression; the rest is cut.
    unwrap_text_bytes: int = 2 * MB
    #: Leaves found within other leaves.
    unwrap_leaves: int = 1000
    #: Bytes read of one calendar, report or card; the rest is only in the file.
    fact_bytes: int = 512 * KB
    #: Bytes read of all of them; what follows is only files.
    all_fact_bytes: int = 1 * MB
    #: Things told that parts say to machines.
    facts: int = 20
    #: Sentences in `Mail.defects`.
    defects: int = 100
