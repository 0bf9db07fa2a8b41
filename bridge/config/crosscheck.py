"""What no single section can see: names that must be unique, names that must exist, ports taken twice, mail for two routes.

`mistakes` reads the plain data, so these are named together with everything the schema found, however broken the rest of the
file is. `warnings` reads a valid config and names what runs but is probably not meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from bridge.config import backtracking, outline, schema, wording
from bridge.config.document import Path
from bridge.config.values import is_loopback

Finding = tuple[Path, str]

_TWO_WAYS = (
    "a repeat such as (a+)+ or (\\w+\\s?)* can read one text in many ways; write it so that there is one"
)


def mistakes(data: dict[str, Any]) -> Iterator[Finding]:
    """What cannot be right, whatever else is wrong with the file."""
    listeners = list(_each(data, "smtp", "listeners"))
    routes = list(_each(data, "routes"))
    yield from _unique(listeners, "name", "listener")
    yield from _unique(routes, "name", "route")
    yield from _logins(data, listeners)
    yield from _addresses(data, listeners)
    yield from _brands(data, routes)
    yield from _recipients(routes)


def warnings(config: schema.Config) -> Iterator[Finding]:
    """What is allowed but surprises people."""
    for index, listener in enumerate(config.smtp.listeners):
        for finding in _listener(listener):
            yield (("smtp", "listeners", index, finding[0]), finding[1])
    yield from _shadowed(config.routes)
    yield from _explosive(config.routes)
    yield from _devices(config.sender)
    yield from _public_url(config)
    for name, brand in config.reamaze.brands.items():
        url = urlsplit(brand.base_url)
        if url.scheme == "http" and not is_loopback(url.hostname):
            yield (
                ("reamaze", "brands", name, "base_url"),
                "the token travels unencrypted over http; write https:// unless this is a test",
            )
        if url.path.rstrip("/") not in ("", "/api/v1"):
            yield (
                ("reamaze", "brands", name, "base_url"),
                f'Re:amaze has its API at "/api/v1", not at "{url.path}"; right only for a proxy of your own',
            )
    if config.retry.first_delay_s > config.retry.max_delay_s:
        yield (("retry", "first_delay_s"), "longer than `max_delay_s`, so every delay is `max_delay_s`")


def _each(data: dict[str, Any], *path: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The sections of a list, as far as the file has such a list."""
    found: Any = data
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    if isinstance(found, list):
        for index, item in enumerate(found):
            if isinstance(item, dict):
                yield (*path, index), item


def _unique(items: list[tuple[Path, dict[str, Any]]], key: str, noun: str) -> Iterator[Finding]:
    seen: set[str] = set()
    for path, item in items:
        name = item.get(key)
        if not isinstance(name, str):
            continue
        if name in seen:
            yield (
                (*path, key),
                f'another {noun} is named "{name}" too; names tell them apart in logs, so choose another',
            )
        seen.add(name)


def _logins(data: dict[str, Any], listeners: list[tuple[Path, dict[str, Any]]]) -> Iterator[Finding]:
    """Two logins of one name, and staff that would prove itself by a login nobody has."""
    users: list[str] = []
    for path, listener in listeners:
        logins = [((*path, *at), login) for at, login in _each(listener, "logins")]
        yield from _unique(logins, "user", "login")
        users += (str(login.get("user")) for _, login in logins)
    sender = data.get("sender")
    staff = sender.get("staff_logins") if isinstance(sender, dict) else None
    for user in staff if isinstance(staff, dict) else ():
        if user not in users:
            yield (
                ("sender", "staff_logins", user),
                f'no listener has a login "{user}"; add it to `logins` there, or remove it here',
            )


def _addresses(data: dict[str, Any], listeners: list[tuple[Path, dict[str, Any]]]) -> Iterator[Finding]:
    """Two servers on one port; and what only one kind of server can listen on."""
    serve = (data.get("staging") or {}).get("serve") if isinstance(data.get("staging"), dict) else None
    http = [
        (("staging", "serve"), serve, "127.0.0.1:8025"),
        (("operate",), data.get("operate", {}), "127.0.0.1:8026"),
    ]
    taken: dict[str, str] = {}
    for path, item, default in (*((path, item, None) for path, item in listeners), *http):
        listen = item.get("listen", default) if isinstance(item, dict) else None
        if not isinstance(listen, str):
            continue
        here = (*path, "listen")
        if path[0] != "smtp" and listen.startswith(("unix:", "systemd:", "*")):
            yield here, f'expected "host:port" for an HTTP listener, got "{listen}"'
        if item.get("kind") == "lmtp" and listen.endswith(":25"):
            yield (
                here,
                "LMTP must not use port 25 (RFC 2033, section 5); choose another port or a unix socket",
            )
        other = next((name for known, name in taken.items() if _collide(listen, known)), None)
        if other is not None:
            yield here, f'"{listen}" is already taken by `{other}`; choose another port'
        taken.setdefault(listen, wording.shown(path))


def _collide(one: str, other: str) -> bool:
    """Whether two servers cannot both listen there: "0.0.0.0" and "*" take the port of every address."""
    if one == other:
        return True
    (host, _, port), (other_host, _, other_port) = one.rpartition(":"), other.rpartition(":")
    hosts = {"127.0.0.1" if name in ("", "localhost") else name for name in (host, other_host)}
    everywhere = hosts & {"*", "0.0.0.0"}  # noqa: S104 - named to be found
    return (
        port == other_port
        and port not in ("", "0")
        and not {"unix", "systemd"} & {host, other_host}
        and (len(hosts) == 1 or bool(everywhere and not any(name.startswith("[") for name in hosts)))
    )


def _brands(data: dict[str, Any], routes: list[tuple[Path, dict[str, Any]]]) -> Iterator[Finding]:
    reamaze = data.get("reamaze")
    brands = reamaze.get("brands") if isinstance(reamaze, dict) else None
    if not isinstance(brands, dict) or not brands:
        return
    for path, route in (*routes, *_alert(data)):
        brand = route.get("brand")
        if not isinstance(brand, str) or brand in brands:
            continue
        meant = outline.nearest(brand, tuple(brands))
        hint = (
            f'did you mean "{meant}"?' if meant else "there are " + ", ".join(f'"{name}"' for name in brands)
        )
        yield (*path, "brand"), f'no brand "{brand}" below `reamaze.brands`; {hint}'


def _alert(data: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    operate = data.get("operate")
    alert = operate.get("alert") if isinstance(operate, dict) else None
    if isinstance(alert, dict):
        yield ("operate", "alert"), alert


def _recipients(routes: list[tuple[Path, dict[str, Any]]]) -> Iterator[Finding]:
    """One recipient named twice: only the first route ever gets it."""
    taken: dict[str, str] = {}
    for path, route in routes:
        recipients = route.get("recipients")
        for index, recipient in enumerate(recipients if isinstance(recipients, list) else ()):
            if not isinstance(recipient, str):
                continue
            if recipient.startswith("/") and backtracking.explodes(recipient[1:-1], re.IGNORECASE):
                yield (
                    (*path, "recipients", index),
                    f"an address made for it could keep this expression busy for ever: {_TWO_WAYS}",
                )
            key = recipient if recipient.startswith("/") else recipient.lower()
            if key in taken:
                yield (
                    (*path, "recipients", index),
                    f'"{recipient}" is already a recipient of {taken[key]}, which gets its mail; remove one of the two',
                )
            taken.setdefault(key, f'route "{route.get("name", "")}"')


def _listener(listener: schema.Listener) -> Iterator[tuple[str, str]]:
    if listener.listen.startswith("unix:"):
        return
    open_to_all = any(network.prefixlen == 0 for network in listener.networks)
    host = listener.listen.rpartition(":")[0].strip("[]")
    if not listener.networks:
        yield "networks", "empty, so nobody can connect; name the mail servers that may"
    elif not (listener.listen.startswith("systemd:") or is_loopback(host)) and all(
        network.is_loopback for network in listener.networks
    ):
        yield (
            "listen",
            f"only this host may connect, though it listens on {listener.listen}; name in `networks` who else may",
        )
    if listener.legacy and open_to_all:
        yield (
            "legacy",
            "bare line ends are taken from anywhere, which lets a sender smuggle mails; limit `networks`",
        )
    for network in listener.trusted:
        if network.prefixlen == 0:
            yield (
                "trusted",
                "the headers of every peer are believed, so anybody can pass as staff; name your servers",
            )
        elif not any(network.version == may.version and network.overlaps(may) for may in listener.networks):
            yield "trusted", f"{network} may not connect at all; add it to `networks` or remove it here"


def _shadowed(routes: tuple[schema.Route, ...]) -> Iterator[Finding]:
    """Recipients that never get mail, because an earlier route takes their whole domain."""
    domains: dict[str, str] = {}
    for index, route in enumerate(routes):
        for number, recipient in enumerate(route.recipients):
            taken = domains.get(recipient.lower().rpartition("@")[2])
            if taken is not None and taken != route.name and not recipient.startswith("/"):
                yield (
                    ("routes", index, "recipients", number),
                    f'route "{taken}" stands before this one and takes the whole domain; move this route above it',
                )
        for recipient in route.recipients:
            if recipient.startswith("@"):
                domains.setdefault(recipient.lower()[1:], route.name)


def _explosive(routes: tuple[schema.Route, ...]) -> Iterator[Finding]:
    for index, route in enumerate(routes):
        expressions: list[Finding] = [
            (("conversation", "patterns", number, "match"), pattern.match)
            for number, pattern in enumerate(route.conversation.patterns)
        ]
        expressions += [(("fields", number, "match"), rule.match) for number, rule in enumerate(route.fields)]
        for place, expression in expressions:
            if backtracking.explodes(expression):
                yield (
                    ("routes", index, *place),
                    f"a mail made for it costs a quarter of a second, and is read without it: {_TWO_WAYS}",
                )


def _devices(sender: schema.Sender) -> Iterator[Finding]:
    domain = f"@{sender.default_domain.lower()}"
    if domain in (entry.lower() for entry in sender.staff):
        yield (
            ("sender", "default_domain"),
            f'"root" becomes root{domain}, which is staff and has to prove it, so mail of devices is posted as unverified; '
            f"write another domain, such as devices.{sender.default_domain}",
        )


def _public_url(config: schema.Config) -> Iterator[Finding]:
    serve = config.staging.serve
    path, url = (
        (("staging", "serve", "public_url"), serve.public_url)
        if serve
        else (("staging", "put", "public_url"), config.staging.put.public_url if config.staging.put else "")
    )
    address = urlsplit(url)
    online = any(
        not is_loopback(urlsplit(brand.base_url).hostname) for brand in config.reamaze.brands.values()
    )
    if is_loopback(address.hostname):
        if online:
            yield (
                path,
                "only this host can fetch files from there, and Re:amaze must; give the address it is seen under",
            )
    elif address.scheme != "https":
        yield (
            path,
            "customers' files travel unencrypted over http; put a certificate before it and write https://",
        )
