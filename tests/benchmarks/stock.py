"""The baseline of intake: aiosmtpd as it comes, throwing every mail away. `python stock.py PORT`."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys

from aiosmtpd.smtp import SMTP


class Discard:
    async def handle_DATA(self, server, session, envelope):
        return "250 OK"


async def main(port: int) -> None:
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    # IPPROTO_TCP: else Nagle makes the baseline look forty times worse than it is.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Discard(), hostname="stock", data_size_limit=60 * 1024 * 1024), sock=sock, backlog=1024
    )
    print("listening", file=sys.stderr, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
