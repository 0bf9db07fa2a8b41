"""The SMTP load: Postfix's smtp-source where it is installed, else our own client. `python load.py PORT COUNT SIZE CONNECTIONS`.

Always a process of its own, so that its CPU time is not the server's.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import time
from pathlib import Path

SMTP_SOURCE = shutil.which("smtp-source") or next(
    (str(path) for path in (Path("/usr/sbin/smtp-source"),) if path.exists()), None
)
RECIPIENT = "support@bench.example"


def send(port: int, *, count: int, size_bytes: int, connections: int, content: Path | None = None) -> float:
    """Send `count` mails of about `size_bytes` (or the given one); returns the seconds it took. All must be accepted."""
    began = time.monotonic()
    if SMTP_SOURCE and content is None:
        command = [SMTP_SOURCE, "-d", "-l", str(size_bytes), "-m", str(count), "-s", str(connections)]
        command += ["-f", "load@bench.example", "-t", RECIPIENT, f"inet:127.0.0.1:{port}"]
    else:
        command = [sys.executable, __file__, str(port), str(count), str(size_bytes), str(connections)]
        command += [str(content)] if content else []
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise RuntimeError(f"the load failed: {done.stderr[-2000:]}")
    return time.monotonic() - began


class _Client:
    """One connection that sends its share, four round trips a mail."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def run(self, port: int, count: int, first: int) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        await self._expect(b"220")
        await self._say(b"EHLO load.bench.example\r\n", b"250 ")
        for number in range(first, first + count):
            await self._say(b"MAIL FROM:<load@bench.example>\r\n", b"250")
            await self._say(f"RCPT TO:<{RECIPIENT}>\r\n".encode(), b"250")
            await self._say(b"DATA\r\n", b"354")
            self._writer.write(b"Message-ID: <%d.%d@load>\r\n" % (number, id(self)))
            self._writer.write(self._content)
            await self._say(b".\r\n", b"250")
        self._writer.close()

    async def _say(self, line: bytes, expected: bytes) -> None:
        self._writer.write(line)
        await self._writer.drain()
        await self._expect(expected)

    async def _expect(self, code: bytes) -> None:
        while True:
            line = await self._reader.readline()
            if line[3:4] != b"-":
                break
        if not line.startswith(code.strip()):
            raise RuntimeError(f"expected {code!r}, got {line!r}")


def _stuffed(content: bytes) -> bytes:
    lines = content.replace(b"\r\n", b"\n").split(b"\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b"\r\n"


async def _main(port: int, count: int, size_bytes: int, connections: int, file: str | None) -> None:
    if file is None:
        line = b"X" * 78 + b"\r\n"
        content = b"Subject: load\r\nFrom: load@bench.example\r\n\r\n" + line * max(1, size_bytes // 80)
    else:
        content = _stuffed(Path(file).read_bytes())
    share = [count // connections + (number < count % connections) for number in range(connections)]
    await asyncio.gather(
        *(_Client(content).run(port, part, sum(share[:number])) for number, part in enumerate(share) if part)
    )


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:5]]
    asyncio.run(_main(*numbers, sys.argv[5] if len(sys.argv) > 5 else None))
