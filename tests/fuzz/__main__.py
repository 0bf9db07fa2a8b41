"""`python tests/fuzz TARGET --minutes M`: coverage-guided fuzzing with atheris (`pip install atheris`).

Starts from the corpus and the inputs kept beside this file. Status 0: the time is over and nothing was found. Else the input
that broke a promise lies in `found/TARGET` with the traceback above: mend the cause and commit the input, by a name that says
what it is; the tests try it ever after. `--keep-new --grown FOLDER` then keeps, as seeds, what of the folder reaches new code.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

TESTS = Path(__file__).parents[1]


def main() -> None:
    sys.path[:0] = [str(TESTS), str(TESTS.parent)]
    parser = argparse.ArgumentParser(prog="python tests/fuzz", description=__doc__)
    parser.add_argument("target", help="parser, html, tnef, trimmer or formats")
    parser.add_argument("--minutes", type=float, default=60.0, help="how long (default: an hour)")
    parser.add_argument("--seed", type=int, default=0, help="of libFuzzer's chance; 0 takes the clock")
    parser.add_argument("--grown", type=Path, help="a folder that keeps the inputs that reached new code")
    parser.add_argument(
        "--keep-new",
        action="store_true",
        help="fuzz nothing: keep what of --grown reaches code that no seed does",
    )
    chosen = parser.parse_args()
    if chosen.keep_new:
        _keep(parser, chosen.target, chosen.grown)
    else:
        _fuzz(chosen)


def _keep(parser: argparse.ArgumentParser, target: str, grown: Path | None) -> None:
    import keeping
    import targets

    if target not in targets.TARGETS or grown is None or not grown.is_dir():
        parser.error("--keep-new wants a target and the folder that --grown named when it was fuzzed")
    kept = keeping.keep_new(target, (path.read_bytes() for path in grown.iterdir()))
    print(f"{target}: {kept} new seeds")


def _fuzz(chosen: argparse.Namespace) -> None:
    try:
        import atheris
    except ImportError:
        sys.exit("atheris is missing: pip install atheris (Linux; it is not needed for anything else)")
    with atheris.instrument_imports(include=["bridge"]):
        import targets

    import seeds

    if chosen.target not in targets.TARGETS:
        sys.exit(f"no such target: {chosen.target}; there are {', '.join(targets.TARGETS)}")
    grown = chosen.grown or Path(tempfile.mkdtemp(prefix=f"bridge-fuzz-{chosen.target}-"))
    grown.mkdir(parents=True, exist_ok=True)
    for content in (*seeds.made(chosen.target), *(content for _, content in seeds.kept(chosen.target))):
        (grown / sha256(content).hexdigest()[:40]).write_bytes(content)
    found = seeds.FOUND / chosen.target
    found.mkdir(parents=True, exist_ok=True)
    dictionary = seeds.HERE / "words" / f"{chosen.target}.dict"
    options = [
        f"-max_total_time={round(chosen.minutes * 60)}",
        f"-max_len={targets.LONGEST_BYTES}",
        f"-seed={chosen.seed}",
        f"-artifact_prefix={found}{os.sep}",
        f"-dict={dictionary}",
        # The targets bound their CPU themselves; these are of the wall's clock, for what never ends.
        "-timeout=300",
        "-report_slow_units=300",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
    ]
    print(f"{chosen.target}: {len(list(grown.iterdir()))} inputs to begin with, in {grown}", flush=True)
    atheris.Setup([sys.argv[0], *options, str(grown)], lambda content: targets.tried(chosen.target, content))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
