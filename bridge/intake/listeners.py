"""Opens the sockets a listener names: TCP on one or all addresses, unix sockets, and those systemd hands over.

Whatever cannot be opened is a StartError with cause and fix in one line.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import StartError

#: systemd hands over descriptors from this number on.
_FIRST_FD = 3


@dataclass(frozen=True, slots=True)
class Bound:
    """One socket that takes connections."""

    listener: str
    #: "127.0.0.1:2525", "[::1]:2525" or "unix:/run/bridge/lmtp".
    address: str
    #: 0 for a unix socket.
    port: int

    def __str__(self) -> str:
        return self.address


def open_sockets(listen: str, environ: Mapping[str, str]) -> list[socket.socket]:
    """Bound sockets for the `listen` of a listener. Raises StartError."""
    if listen.startswith("unix:"):
        return [_unix(Path(listen.removeprefix("unix:")))]
    if listen.startswith("systemd:"):
        return _inherited(listen.removeprefix("systemd:"), environ)
    host, _, port = listen.rpartition(":")
    return _tcp(listen, host.strip("[]"), int(port))


def bound(listener: str, sock: socket.socket) -> Bound:
    name = sock.getsockname()
    if not isinstance(name, tuple):
        return Bound(listener, f"unix:{name}", 0)
    host, port = name[:2]
    return Bound(listener, f"[{host}]:{port}" if ":" in host else f"{host}:{port}", port)


# -- TCP -------------------------------------------------------------------------------------------


def _tcp(listen: str, host: str, port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        for family, address in _addresses(host):
            sock = _bind(family, address, port)
            if sock is None:
                continue
            sockets.append(sock)
            # `*:0` means one free port, the same for both families.
            port = port or int(sock.getsockname()[1])
    except OSError as error:
        for sock in sockets:
            sock.close()
        raise StartError(
            f"cannot listen on {listen}: {error.strerror or error}. Another program may hold the port, the host may "
            f"not have this address, or a port below 1024 needs more rights; choose another `listen`, see who has "
            f"the port with `ss -ltnp`, or let systemd open it (`listen: systemd:NAME`)"
        ) from error
    return sockets


def _addresses(host: str) -> list[tuple[socket.AddressFamily, str]]:
    if host == "*":
        return [(socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")]  # noqa: S104 - what `*` asks for
    found = socket.getaddrinfo(host or "127.0.0.1", None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys((info[0], str(info[4][0])) for info in found))


def _bind(family: socket.AddressFamily, address: str, port: int) -> socket.socket | None:
    """A bound socket; None for IPv6 on a host without it, when it is only one of several."""
    try:
        # Without IPPROTO_TCP asyncio leaves Nagle's algorithm on: 40 ms for a small reply.
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError:
        if family == socket.AF_INET6 and address == "::":
            return None
        raise
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((address, port))
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


# -- unix and systemd ------------------------------------------------------------------------------


def _unix(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _clear(path)
        sock.bind(str(path))
        # The group may connect: put the mail server's user into the bridge's group.
        path.chmod(0o660)
    except OSError as error:
        sock.close()
        raise StartError(
            f"cannot listen on unix:{path}: {error.strerror or error}. The folder must exist and be writable for the "
            f"bridge's user, and no other program may listen there; see who does with `ss -lxp`"
        ) from error
    sock.setblocking(False)
    return sock


def _clear(path: Path) -> None:
    """Remove the socket a killed process left behind, but never one that answers, nor a file."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(17, "a file is in the way")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise FileExistsError(98, "a program answers there already")


def _inherited(name: str, environ: Mapping[str, str]) -> list[socket.socket]:
    count = environ.get("LISTEN_FDS", "0")
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    if environ.get("LISTEN_PID") != str(os.getpid()) or not count.isdigit():
        count = "0"
    fds = [_FIRST_FD + n for n, given in enumerate(names[: int(count)]) if given == name]
    if not fds:
        raise StartError(
            f"cannot listen on systemd:{name}: systemd handed over no socket of that name. Set "
            f"`FileDescriptorName={name}` in the .socket unit, and start the bridge by systemd with that unit enabled"
        )
    sockets = []
    for fd in fds:
        sock = socket.socket(fileno=os.dup(fd))
        sock.setblocking(False)
        sockets.append(sock)
    return sockets
