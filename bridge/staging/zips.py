"""A zip of files on disk, made while it is written: the same files always give the same bytes, so its digest names it for ever.

Nothing is compressed, because most of what mails carry is already, and because another version of a compressor would make
another file of it. Memory is one chunk, whatever the files are. Light on purpose: worker processes import it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

#: Beyond these a zip needs the fields of Zip64, which are not written.
MAX_FILES = 0xFFFE
MAX_BYTES = 0xFFFF_FFFE
_CHUNK_BYTES = 256 * 1024
#: 1 January 1980: the earliest date a zip can say, for no file has one of its own.
_DATE, _TIME = 0x0021, 0x0000
_UTF8 = 0x0800
_VERSION = 20
_MADE_ON_UNIX = 0x0300 | _VERSION
_PLAIN_FILE = 0o100644 << 16


def chunks(files: Sequence[tuple[str, Path]]) -> Iterator[bytes]:
    """The zip of the files under their names. Raises OSError, and ValueError for more than a plain zip can hold."""
    if len(files) > MAX_FILES:
        raise ValueError(f"more than {MAX_FILES} files")
    directory: list[bytes] = []
    at = 0
    for name, path in files:
        described = name.encode("utf-8", "replace")
        entry = _entry(described, *_measured(path))
        header = b"PK\x03\x04" + entry + described
        directory.append(
            b"PK\x01\x02"
            + struct.pack("<H", _MADE_ON_UNIX)
            + entry
            + struct.pack("<HHHLL", 0, 0, 0, _PLAIN_FILE, at)
            + described
        )
        yield header
        at += len(header)
        for chunk in _read(path):
            at += len(chunk)
            yield chunk
        if at > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES} bytes")
    listing = b"".join(directory)
    yield listing
    yield b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, len(files), len(files), len(listing), at, 0)


def _entry(name: bytes, crc: int, size_bytes: int) -> bytes:
    """What the header before a file and the directory say alike: version, flags, stored, date, CRC, sizes, length of the name."""
    return struct.pack(
        "<HHHHHLLLHH", _VERSION, _UTF8, 0, _TIME, _DATE, crc, size_bytes, size_bytes, len(name), 0
    )


def _measured(path: Path) -> tuple[int, int]:
    """CRC and size, which stand before the content: a reader need not know the end of the zip."""
    crc = size_bytes = 0
    for chunk in _read(path):
        crc = zlib.crc32(chunk, crc)
        size_bytes += len(chunk)
    if size_bytes > MAX_BYTES:
        raise ValueError(f"more than {MAX_BYTES} bytes")
    return crc, size_bytes


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
