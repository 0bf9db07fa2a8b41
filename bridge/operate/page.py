"""The operator's page: how the queue is, what is in trouble, and the last dead letters, at one look.

Reasons hold words from outside: everything is escaped, and no script is on the page.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from bridge.log import printable
from bridge.operate.snapshot import DeadLetter, Snapshot

#: Longer reasons are cut; `reamaze-bridge trace` has them whole.
_MOST_CHARS = 300
_WAITING = {
    "new": "not sorted yet",
    "ready": "due, or waiting for the next try",
    "behind": "after an earlier mail of its conversation",
    "busy": "being delivered",
}

_STYLE = """
:root{--paper:#f6f7f9;--card:#fff;--ink:#1b2530;--soft:#5d6b7a;--line:#e1e6eb;--good:#0b7a43;--goodbg:#e3f4ea;--bad:#b3261e;
--badbg:#fbe9e7}
@media(prefers-color-scheme:dark){:root{--paper:#12171d;--card:#1b222b;--ink:#e6ebf0;--soft:#93a1b0;--line:#2b3540;
--good:#6fd59b;--goodbg:#15321f;--bad:#ff9d94;--badbg:#3a1a18}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:2rem 1.25rem 3rem}
header{display:flex;flex-wrap:wrap;align-items:baseline;gap:.4rem 1rem;margin-bottom:1.25rem}
h1{font-size:1.25rem;margin:0}
h2{font-size:.95rem;margin:0 0 .6rem}
small,.soft{color:var(--soft)}
a{color:inherit}
.pill{margin-left:auto;padding:.15rem .7rem;border-radius:1rem;font-weight:600;font-size:.85rem}
.good{color:var(--good);background:var(--goodbg)}
.bad{color:var(--bad);background:var(--badbg)}
ul.bad{list-style:none;margin:0 0 1.25rem;padding:.7rem 1rem;border-radius:.6rem}
ul.bad li{overflow-wrap:anywhere}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.75rem;margin-bottom:.75rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.9rem 1rem}
.card b{display:block;font-size:1.6rem;line-height:1.2;font-variant-numeric:tabular-nums}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:.75rem;margin-bottom:.75rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}
td,th{padding:.35rem .8rem .35rem 0;border-top:1px solid var(--line);text-align:left;vertical-align:top}
tr:first-child td,thead th{border-top:0}
th{font-weight:600;font-size:.85rem;color:var(--soft)}
td.n{text-align:right;padding-right:0;font-variant-numeric:tabular-nums;white-space:nowrap}
td.t{white-space:nowrap}
td.r{overflow-wrap:anywhere;min-width:14rem}
code{font:13px/1.5 ui-monospace,monospace}
"""


def render(now: Snapshot) -> str:
    """The whole page."""
    troubles = now.troubles
    good = '<span class="pill good">All is well</span>'
    pill = '<span class="pill bad">Needs a person</span>' if troubles else good
    listed = "".join(f"<li>{_text(trouble)}</li>" for trouble in troubles)
    return _frame(
        f"<header><h1>reamaze-bridge</h1><small>{_text(now.version)}, up for {_span(_up_s(now))}</small>{pill}</header>"
        + (f'<ul class="bad">{listed}</ul>' if troubles else "")
        + _figures(now)
        + f'<div class="two">{_waiting(now)}{_account(now)}</div>'
        + _dead(now.dead_letters)
        + f'<p class="soft">As of {now.taken_at:%Y-%m-%d %H:%M:%S} UTC, anew every 10 seconds. '
        'For machines: <a href="/health">/health</a>, <a href="/metrics">/metrics</a>.</p>'
    )


def trouble(text: str) -> str:
    """The page when the figures cannot be had."""
    return _frame(
        '<header><h1>reamaze-bridge</h1><span class="pill bad">Needs a person</span></header>'
        f'<ul class="bad"><li>{_text(text)}</li></ul>'
    )


def _frame(content: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>reamaze-bridge</title>'
        '<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="10">'
        f"<style>{_STYLE}</style></head><body><main>{content}</main></body></html>"
    )


def _figures(now: Snapshot) -> str:
    oldest = _span(now.oldest_s) if now.waiting else "–"
    figures = (
        ("waiting", f"{now.waiting:,}"),
        ("oldest of them", oldest),
        ("held", f"{now.counts.get('held', 0):,}"),
        ("dead letters", f"{now.counts.get('dead', 0):,}"),
        ("paused brands", f"{len(now.paused):,}"),
    )
    cards = "".join(f'<div class="card"><b>{value}</b>{what}</div>' for what, value in figures)
    return f'<div class="figures">{cards}</div>'


def _waiting(now: Snapshot) -> str:
    rows = (
        (f'{state} <span class="soft">{what}</span>', now.counts.get(state, 0))
        for state, what in _WAITING.items()
    )
    return f'<section class="card"><h2>Waiting now</h2>{_numbers(rows)}</section>'


def _account(now: Snapshot) -> str:
    rows = [(what, now.ledger.get(what, 0)) for what in ("accepted", "delivered", "dropped")]
    rows += [("held", now.ledger.get("held", 0)), ("dead", now.ledger.get("dead", 0))]
    rows += [("waiting", now.waiting), ("unaccounted", now.unaccounted)]
    return f'<section class="card"><h2>Account since the spool was made</h2>{_numbers(rows)}</section>'


def _numbers(rows: Iterable[tuple[str, int]]) -> str:
    """A table of figures; what they are called is ours, and may be markup."""
    return (
        "<table>"
        + "".join(f'<tr><td>{what}</td><td class="n">{count:,}</td></tr>' for what, count in rows)
        + "</table>"
    )


def _dead(letters: tuple[DeadLetter, ...]) -> str:
    if not letters:
        return '<section class="card"><h2>Dead letters</h2><span class="soft">None.</span></section>'
    rows = "".join(
        f'<tr><td class="t">{letter.at:%Y-%m-%d %H:%M}</td><td class="t"><code>{_text(letter.id)}</code></td>'
        f'<td class="t">{_text(letter.route)}</td><td class="r">{_text(letter.reason)}</td></tr>'
        for letter in letters
    )
    return (
        '<section class="card"><h2>The last dead letters</h2><div class="wide"><table><thead><tr><th>when</th><th>id</th>'
        f"<th>route</th><th>why</th></tr></thead><tbody>{rows}</tbody></table></div>"
        '<p class="soft">Their lives: <code>reamaze-bridge trace ID</code>; again: '
        "<code>reamaze-bridge queue retry ID</code></p></section>"
    )


def _text(value: str) -> str:
    shown = printable(value)
    return escape(shown if len(shown) <= _MOST_CHARS else f"{shown[:_MOST_CHARS]}…")


def _up_s(now: Snapshot) -> float:
    return (now.taken_at - now.started_at).total_seconds()


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"
