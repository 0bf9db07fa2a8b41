"""Files on their way: many of them, one that the staging server will not have, and one logo in every mail."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from support import rig, simulator

from bridge.sandbox import Behaviour
from bridge.web import Request, Response, Route, Server, Starlette, bind

pytestmark = pytest.mark.anyio

MANY = 70


def mail(number: int, *files: tuple[str, bytes]) -> bytes:
    made = EmailMessage()
    made["From"], made["Subject"] = "ann@customer.example", "Files"
    made["Message-ID"] = f"<{number}@customer.example>"
    made.set_content("See the files.")
    for name, content in files:
        made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return made.as_bytes().replace(b"\n", b"\r\n")


async def test_seventy_files_arrive_once_each_though_the_bridge_stops_among_them(tmp_path: Path) -> None:
    """Case 91."""
    contents = [bytes([number]) * 20_000 for number in range(MANY)]
    files = [(f"photo {number:02}.bin", content) for number, content in enumerate(contents)]
    async with simulator.on_port(Behaviour(latency_s=0.01)) as stand_in:
        data = rig.settings(tmp_path, stand_in.base_url)
        data["operate"]["stop_within_s"] = 0.05
        # A call that the stop cut off is given this long to arrive.
        data["reamaze"]["read_timeout_s"] = 2
        async with rig.bridge(data, stand_in.sandbox) as bridge:
            mail_id = await bridge.send(mail(1, *files))
            await bridge.until(lambda: len(stand_in.sandbox.posted) > MANY // 4)
        stopped_after = len(stand_in.sandbox.posted)
        async with rig.bridge(data, stand_in.sandbox) as bridge:
            await bridge.settled()
            assert bridge.state(mail_id) == "delivered"
            arrived = [file for message in bridge.only_conversation() for file in message.files]
    assert stopped_after < MANY
    assert [file.name for file in arrived] == [name for name, _ in files]
    assert [file.sha256 for file in arrived] == [hashlib.sha256(content).hexdigest() for content in contents]


def with_logo(number: int, logo: bytes, *, words: str = "Regards") -> bytes:
    made = EmailMessage()
    made["From"], made["Subject"] = "ann@customer.example", "Logo"
    made["Message-ID"], made["References"] = f"<l{number}@customer.example>", "<root@customer.example>"
    made.set_content(
        f"<p>Mail {number}</p><p>{words}<br><img src='cid:logo@x' alt='Our logo'></p>", subtype="html"
    )
    made.add_related(logo, maintype="image", subtype="gif", cid="<logo@x>", filename="logo.gif")
    return made.as_bytes().replace(b"\n", b"\r\n")


async def test_the_same_logo_is_shown_once_in_a_conversation(tmp_path: Path) -> None:
    """Case 65."""
    async with rig.running(tmp_path) as bridge:
        for number, logo in enumerate((b"GIF89a one", b"GIF89a one", b"GIF89a other")):
            await bridge.send(with_logo(number, logo))
            await bridge.settled()
        first, second, third = bridge.only_conversation()
    assert "![Our logo](" in first.body
    assert second.body == "Mail 1\n\nRegards"
    assert "![Our logo](" in third.body


@contextlib.asynccontextmanager
async def picky_storage() -> AsyncIterator[str]:
    """A server that takes any file but one with "refused" in its name."""
    kept: dict[str, bytes] = {}

    async def answer(request: Request) -> Response:
        path = request.url.path
        if request.method == "PUT" and "refused" in path:
            return Response(status_code=413)
        if request.method == "PUT":
            kept[path] = await request.body()
            return Response(status_code=201)
        return Response(kept[path]) if path in kept else Response(status_code=404)

    sock = bind("127.0.0.1:0")
    port = sock.getsockname()[1]
    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "HEAD", "PUT", "DELETE"])])
    server = Server(app, sock)
    await server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await server.stop()


async def test_a_file_that_nobody_takes_costs_the_mail_a_line_and_no_more(tmp_path: Path) -> None:
    """Case 92."""
    async with picky_storage() as storage:

        def put(data: dict[str, Any]) -> None:
            place = storage + "/{sha256}/{token}/{name}"
            data["staging"] = {"put": {"url": place, "public_url": place}}

        async with rig.running(tmp_path, change=put) as bridge:
            mail_id = await bridge.send(mail(1, ("refused.bin", b"one"), ("taken.bin", b"two")))
            await bridge.settled()
            assert bridge.state(mail_id) == "delivered"
            post, note = bridge.only_conversation()
    assert post.body == "See the files.\n\n(The file refused.bin could not be attached.)"
    assert [file.name for file in post.files] == ["taken.bin"]
    assert note.internal
    assert "The file refused.bin could not be passed on" in note.body
