"""Measures the budget, side by side in one run, and prints a table. `python tests/benchmarks [--only NAME] [--quick]`.

Every figure is a ratio of two things measured alternately in the same run, medians over rounds: the machine may be slow or
busy, the ratio holds. Goals are printed beside what was got, also where it falls short. The exit status is 0 either way.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import converting
import delivering
import intake
import memory
import responsive
import waiting


def main() -> None:
    parts: dict[str, Callable[[bool], list[tuple[str, str, str]]]] = {
        "intake": intake.measure,
        "memory": memory.measure,
        "delivering": delivering.measure,
        "responsive": responsive.measure,
        "waiting": waiting.measure,
        "converting": converting.measure,
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=parts, action="append", help="measure only this part")
    parser.add_argument("--quick", action="store_true", help="fewer mails and rounds; for a first look")
    arguments = parser.parse_args()
    rows: list[tuple[str, str, str]] = []
    for name in arguments.only or parts:
        print(f"measuring {name} …", flush=True)
        rows += parts[name](arguments.quick)
    widths = [max(len(row[column]) for row in [*rows, ("what", "measured", "goal")]) for column in range(3)]
    print()
    for row in [("what", "measured", "goal"), *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    main()
