"""`python tests/chaos --seed N --minutes M`: the long chaos run. Prints its counts; status 1 if anything is wrong."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parents[1]


def main() -> int:
    sys.path[:0] = [str(TESTS), str(TESTS.parent)]
    from storm import Storm, Weather

    parser = argparse.ArgumentParser(prog="python tests/chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="what happens by chance follows from it")
    parser.add_argument(
        "--minutes", type=float, default=5.0, help="how long mails are sent and the bridge is killed"
    )
    parser.add_argument(
        "--kill-every", type=float, default=6.0, metavar="S", help="mean seconds between two kills"
    )
    parser.add_argument(
        "--fault-rate", type=float, default=0.2, help="share of the API's calls that meet a fault"
    )
    parser.add_argument("--rate", type=float, default=4.0, help="letters a second")
    parser.add_argument("--keep", type=Path, help="a new folder to keep spool, logs and journal in")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bridge-chaos-")) if chosen.keep is None else chosen.keep
    folder.mkdir(parents=True, exist_ok=chosen.keep is None)
    weather = Weather(
        seed=chosen.seed,
        seconds=60.0 * chosen.minutes,
        kill_every_s=chosen.kill_every,
        fault_rate=chosen.fault_rate,
        rate=chosen.rate,
    )
    report = asyncio.run(Storm(folder, weather).run())
    print(f"Seed {weather.seed}, {report.seconds / 60:.1f} minutes:")
    for line in report.lines():
        print(line)
    if chosen.keep is None and not report.wrong:
        shutil.rmtree(folder)
    elif report.wrong:
        print(f"Spool, logs and journal are in {folder}")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
