"""Sends a folder of mails through a whole bridge and prints how far what is posted agrees with what is expected.

`python tests/agreement FOLDER [--keep FOLDER]`. The folder holds `NAME.eml`, and beside those of which more is expected than
that they arrive, `NAME.expect.json`. Every difference is one line, below its reason; the exit status is 0 either way.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from agreement import cases, comparing, reasons, sending  # noqa: E402 - found by the line above
from agreement.sending import Sent  # noqa: E402 - the same

MAX_SHOWN = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="mails and expectations, at any depth")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write what was posted there, to be read")
    parser.add_argument("--only", default="", metavar="TEXT", help="only mails with this in their names")
    arguments = parser.parse_args()
    found = [case for case in cases.read(arguments.folder) if arguments.only in case.name]
    if not found:
        parser.error(f"no .eml in {arguments.folder}")
    with tempfile.TemporaryDirectory(prefix="agreement-") as folder:
        run = asyncio.run(sending.send(found, Path(folder)))
        if arguments.keep:
            for sent in run.sent:
                _keep(arguments.keep, sent)
        shares, differences = comparing.compare(run.sent)
    print(
        f"{len(found)} mails, {sum(case.expected is not None for case in found)} of them with expectations\n"
    )
    print(table(shares))
    for contested, title in ((False, "Differences"), (True, "Differences where readers of mail disagree")):
        found_here = [one for one in differences if one.contested is contested]
        print(f"\n{title}: {len(found_here)}")
        for reason, lines in _by_reason(found_here):
            print(f"\n  {reason}: {len(lines)}")
            print("\n".join(f"    {line}" for line in lines))
    print(f"\nWarnings and errors of the bridge: {len(run.trouble)}")
    print("\n".join(run.trouble))


def table(shares: dict[tuple[str, bool], comparing.Share]) -> str:
    rows = [("field", "compared", "equal", "share", "explained", "unexplained", "contested", "equal")]
    for field in dict.fromkeys(("accepted", "delivered", "files fetched", *comparing.FIELDS)):
        plain = shares.get((field, False), comparing.Share())
        other = shares.get((field, True), comparing.Share())
        if plain.compared or other.compared:
            share = f"{plain.equal / plain.compared:.1%}" if plain.compared else ""
            left = plain.compared - plain.equal - plain.explained
            disputed = (str(other.compared), str(other.equal)) if other.compared else ("", "")
            told = (str(plain.explained or ""), str(left or ""))
            rows.append((field, str(plain.compared), str(plain.equal), share, *told, *disputed))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        row[0].ljust(widths[0])
        + "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    )


def _by_reason(differences: list[comparing.Difference]) -> list[tuple[str, list[str]]]:
    """The lines of each reason, those without one first and then the most frequent."""
    found: dict[str, list[str]] = {}
    for one in differences:
        found.setdefault(one.reason, []).append(_line(one))
    named = {reasons.UNEXPLAINED: "to be looked at: no reason can be told"}
    ordered = sorted(found, key=lambda reason: (reason != reasons.UNEXPLAINED, -len(found[reason])))
    return [(named.get(reason, reason), found[reason]) for reason in ordered]


def _line(one: comparing.Difference) -> str:
    return f"{one.case}  {one.field}  expected {_cut(one.expected)!r}  got {_cut(one.got)!r}"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _keep(folder: Path, sent: Sent) -> None:
    """One page a mail and route: what an agent would see, in Markdown."""
    for choice, posted in sent.posted.items():
        path = folder / f"{sent.case.name}.{choice}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        files = "".join(
            f"- {file.name} ({file.content_type}, {len(file.content)})\n" for file in posted.files
        )
        shown = "".join(f"- in the body: {file.name} ({len(file.content)})\n" for file in posted.pictures)
        path.write_text(
            f"Subject: {posted.subject}\nFrom: {posted.user_name} <{posted.user_email}>\n"
            f"State: {posted.state}{', quiet' if posted.quiet else ''}\n\n{posted.body}\n\n"
            f"---- files\n{files}{shown}---- note\n{posted.note}\n",
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()
