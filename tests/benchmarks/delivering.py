"""Delivered 50 KB HTML mails: rate and CPU a mail against parse + markdownify + httpx inline, and the share of each step."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import account
import bridge_config
import load
import newsletter
import processes


def measure(quick: bool) -> list[tuple[str, str, str]]:
    count = 60 if quick else 300
    rounds = 1 if quick else 3
    rates: dict[str, list[float]] = {"inline": [], "bridge": []}
    cpus: dict[str, list[float]] = {"inline": [], "bridge": []}
    steps: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        for number in range(rounds):
            folder = Path(name) / str(number)
            folder.mkdir()
            ports = bridge_config.free_ports()
            content = folder / "newsletter.eml"
            content.write_bytes(newsletter.mail())
            with bridge_config.sandbox(folder, ports):
                spent = _inline(content, count, ports.sandbox)
                steps.append(spent)
                rates["inline"].append(count / spent["seconds"])
                cpus["inline"].append((spent["parse"] + spent["convert"] + spent["post"]) / count)
                with bridge_config.bridge(folder, ports) as pid:
                    load.send(ports.smtp, count=20, size_bytes=0, connections=4, content=content)
                    account.wait_delivered(ports.operate, 20)
                    before_s, began = processes.cpu_s(pid), time.monotonic()
                    load.send(ports.smtp, count=count, size_bytes=0, connections=10, content=content)
                    account.wait_delivered(ports.operate, 20 + count)
                    rates["bridge"].append(count / (time.monotonic() - began))
                    cpus["bridge"].append((processes.cpu_s(pid) - before_s) / count)
    rate = {who: statistics.median(values) for who, values in rates.items()}
    cpu = {who: statistics.median(values) * 1e3 for who, values in cpus.items()}
    shares = {
        step: statistics.median(s[step] for s in steps) / count * 1e3 for step in ("parse", "convert", "post")
    }
    inline_shares = ", ".join(f"{step} {ms:.1f}" for step, ms in shares.items())
    own_shares = ", ".join(f"{step} {ms:.1f}" for step, ms in _own_steps().items())
    return [
        (
            "CPU of a delivered 50 KB HTML mail, against inline",
            f"{cpu['bridge'] / cpu['inline']:.2f}× ({cpu['bridge']:.1f} : {cpu['inline']:.1f} ms)",
            "≤ 0.5×",
        ),
        (
            "delivered 50 KB HTML mails a second, against inline",
            f"{rate['bridge'] / rate['inline']:.2f}× ({rate['bridge']:.0f}/s : {rate['inline']:.0f}/s)",
            "≥ 1×",
        ),
        ("  share of the steps, inline, ms CPU a mail", inline_shares, ""),
        ("  share of the steps, bridge, ms CPU a mail", own_shares, ""),
    ]


def _inline(content: Path, count: int, port: int) -> dict[str, float]:
    script = str(Path(__file__).with_name("inline.py"))
    command = [sys.executable, script, str(content), str(count), f"http://127.0.0.1:{port}/api/v1"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout)


def _own_steps() -> dict[str, float]:
    """CPU ms a mail of our own pure steps, in this process; the rest of the total is intake, spool, HTTP and travel."""
    from bridge.compose import body, files
    from bridge.mail import parse

    content, rounds = newsletter.mail(), 50
    began = time.process_time()
    for _ in range(rounds):
        mail = parse(content)
    parsed = time.process_time()
    for _ in range(rounds):
        body.compose(mail, prefer="auto", pictures="link", max_chars=60_000, naming=files.plan(mail))
    converted = time.process_time()
    return {"parse": (parsed - began) / rounds * 1e3, "convert": (converted - parsed) / rounds * 1e3}
