"""What the daemon says of itself by HTTP: health for a probe, figures for a monitoring, a page for a person."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from bridge.config.schema import Config
from bridge.daemon import Daemon
from bridge.errors import SpoolBrokenError
from bridge.operate import app as operator_app
from bridge.operate.snapshot import DeadLetter, Snapshot

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 22, 20, 15, tzinfo=UTC)
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
WELL = Snapshot(
    version="1.2.3",
    taken_at=NOW,
    started_at=NOW - timedelta(hours=5),
    counts={
        "new": 1,
        "ready": 2,
        "behind": 3,
        "busy": 4,
        "delivered": 500,
        "held": 6,
        "dead": 0,
        "dropped": 8,
    },
    ledger={"accepted": 1524, "delivered": 1500, "held": 6, "dead": 0, "dropped": 8, "waiting": 10},
    unaccounted=0,
    oldest_s=125.0,
    paused={},
)
ILL = replace(
    WELL,
    counts={**WELL.counts, "dead": 1},
    paused={"acme": "answered 503: Service Unavailable"},
    dead_letters=(DeadLetter("d20kn4097n009", "support", NOW, "answered 422: subject is too long"),),
)


def client(take: Callable[[], Snapshot]) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(operator_app.app(take))
    return httpx.AsyncClient(transport=transport, base_url="http://bridge")


async def asked(path: str, now: Snapshot) -> httpx.Response:
    async with client(lambda: now) as http:
        return await http.get(path)


# -- who asks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/health", "/metrics"])
async def test_a_website_cannot_ask_by_a_name_of_its_own(path: str) -> None:
    """DNS rebinding: the browser of somebody on this host is told that the site lives at 127.0.0.1."""
    transport = httpx.ASGITransport(operator_app.app(lambda: ILL, names=("localhost", "mx.example.org")))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8026") as http:
        for host in ("evil.example", "evil.example:8026", "localhost.evil.example", "127.0.0.1.evil.example"):
            answer = await http.get(path, headers={"host": host})
            assert answer.status_code == 421
            assert "acme" not in answer.text
            assert "`hostname`" in answer.text
        for host in (
            "127.0.0.1:8026",
            "localhost:8026",
            "[::1]:8026",
            "LocalHost",
            "mx.example.org",
            "10.0.0.1",
        ):
            assert (await http.get(path, headers={"host": host})).status_code == 200


async def test_a_page_that_is_meant_for_others_too_answers_to_any_name() -> None:
    assert (await asked("/health", WELL)).status_code == 200


@pytest.mark.parametrize(
    ("listen", "names"),
    [
        ("127.0.0.1:8026", ("localhost", "mx.example.org")),
        ("[::1]:8026", ("localhost", "mx.example.org")),
        ("localhost:8026", ("localhost", "mx.example.org")),
        ("0.0.0.0:8026", None),
        ("192.0.2.7:8026", None),
    ],
)
def test_a_page_on_loopback_is_for_this_host(listen: str, names: tuple[str, ...] | None) -> None:
    config = Config.model_construct(hostname="MX.example.org", routes=())
    assert Daemon(config)._names(listen) == names


# -- health ----------------------------------------------------------------------------------------


async def test_a_daemon_that_is_well_says_so() -> None:
    answer = await asked("/health", WELL)
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "troubles": [],
        "version": "1.2.3",
        "waiting": 10,
        "oldest_waiting_s": 125.0,
        "paused": {},
    }


async def test_a_pause_or_a_dead_letter_is_trouble_but_no_reason_for_a_restart() -> None:
    answer = await asked("/health", ILL)
    assert answer.status_code == 200
    assert answer.json()["status"] == "trouble"
    assert answer.json()["troubles"] == [
        'brand "acme" is paused: answered 503: Service Unavailable',
        "dead letters: 1; see `reamaze-bridge queue list --state dead`",
    ]
    assert answer.json()["paused"] == {"acme": "answered 503: Service Unavailable"}


async def test_a_mail_in_no_state_makes_the_daemon_unhealthy() -> None:
    answer = await asked("/health", replace(WELL, unaccounted=1))
    assert answer.status_code == 503
    assert "in no state: 1" in answer.json()["troubles"][0]


def broken() -> Snapshot:
    raise SpoolBrokenError("spool /x: the disk failed; look into the kernel's log <b>\nand check")


@pytest.mark.parametrize("path", ["/health", "/metrics", "/"])
async def test_a_broken_spool_is_said_in_words_and_not_in_a_traceback(path: str) -> None:
    async with client(broken) as http:
        answer = await http.get(path)
    assert answer.status_code == 503
    assert "the disk failed" in answer.text
    assert "Traceback" not in answer.text


# -- figures ---------------------------------------------------------------------------------------


async def figures(now: Snapshot) -> dict[str, float]:
    answer = await asked("/metrics", now)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


async def test_every_state_is_a_figure() -> None:
    found = await figures(WELL)
    states = {state: found[f'reamaze_bridge_deliveries{{state="{state}"}}'] for state in WELL.counts}
    assert states == WELL.counts
    assert found["reamaze_bridge_waiting"] == 10
    assert found["reamaze_bridge_oldest_waiting_seconds"] == 125
    assert found["reamaze_bridge_start_time_seconds"] == WELL.started_at.timestamp()
    assert found['reamaze_bridge_version{version="1.2.3"}'] == 1


async def test_only_what_never_falls_is_a_counter() -> None:
    answer = await asked("/metrics", WELL)
    counters = re.findall(r"^# TYPE (\S+) counter$", answer.text, re.MULTILINE)
    assert counters == ["reamaze_bridge_account_total"]
    assert set(re.findall(r'account_total\{what="(\w+)"\}', answer.text)) == {
        "accepted",
        "delivered",
        "dropped",
    }


async def test_a_limit_that_has_mail_refused_is_trouble() -> None:
    full = replace(WELL, closed=("no mail is taken: only 7 bytes free",))
    assert (await asked("/health", full)).json()["troubles"] == ["no mail is taken: only 7 bytes free"]
    assert "no mail is taken: only 7 bytes free" in (await asked("/", full)).text
    assert (await figures(full))["reamaze_bridge_closed"] == 1
    assert (await figures(WELL))["reamaze_bridge_closed"] == 0


async def test_what_the_readme_alerts_on_is_there() -> None:
    found = await figures(ILL)
    named = set(re.findall(r"`(reamaze_bridge_[^`]+)`", README))
    assert named
    assert named <= set(found)
    assert found["reamaze_bridge_paused_brands"] == 1
    assert found['reamaze_bridge_deliveries{state="dead"}'] == 1


# -- the page --------------------------------------------------------------------------------------


class Seen(HTMLParser):
    """The text of a page, and every element on it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


async def test_the_page_of_a_healthy_daemon_says_that_all_is_well() -> None:
    seen = Seen((await asked("/", WELL)).text)
    assert "1.2.3, up for 5 h All is well 10 waiting 2 min oldest of them 6 held 0 dead letters" in seen.text
    assert "Dead letters None." in seen.text


async def test_the_page_shows_what_is_in_trouble_and_why() -> None:
    seen = Seen((await asked("/", ILL)).text)
    assert "Needs a person" in seen.text
    assert 'brand "acme" is paused: answered 503: Service Unavailable' in seen.text
    assert "2026-11-22 20:15 d20kn4097n009 support answered 422: subject is too long" in seen.text


async def test_hostile_reasons_stay_text() -> None:
    hostile = '</table><script>alert(1)</script><img src=x onerror="alert(1)">\x1b[2J\u202e{0}{version}%s'
    letter = DeadLetter(f"id{hostile}", f"route{hostile}", NOW, hostile * 100)
    plain = Seen((await asked("/", ILL)).text)
    answer = await asked("/", replace(ILL, dead_letters=(letter,), paused={hostile: hostile}))
    seen = Seen(answer.text)
    assert (seen.elements, seen.attributes) == (plain.elements, plain.attributes)
    assert "<script>alert(1)</script>" in seen.text
    assert "\x1b" not in answer.text
    assert "\u202e" not in answer.text
    assert len(answer.text) < 20_000


@pytest.mark.parametrize("path", ["/health", "/metrics", "/"])
async def test_nothing_runs_and_nothing_is_kept(path: str) -> None:
    headers = (await asked(path, ILL)).headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_it_can_only_be_looked_at(method: str) -> None:
    async with client(lambda: WELL) as http:
        assert (await http.request(method, "/")).status_code == 405
