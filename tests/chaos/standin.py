"""Re:amaze as a process of its own for a chaos run: faults on a share of its calls, a journal of what it did.

`python standin.py PORT JOURNAL COUNTS BEHAVIOUR` with the behaviour as JSON. It ends at SIGTERM and then writes how many calls
it had and how many faults of each kind fell on them.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import Counter
from pathlib import Path

from bridge.sandbox import Behaviour, Sandbox
from bridge.sandbox.faults import Fault
from bridge.web import Server, bind


async def main(port: int, journal: Path, counts: Path, behaviour: Behaviour) -> None:
    sandbox = Sandbox(behaviour, journal=journal)
    met: Counter[str] = Counter()
    decide = sandbox.faults.next

    def counted(call: str) -> Fault | None:
        fault = decide(call)
        met["calls"] += 1
        if fault is not None:
            met[fault.spec] += 1
        return fault

    sandbox.faults.next = counted  # type: ignore[method-assign] # counts what it decides
    server = Server(sandbox.app, bind(f"127.0.0.1:{port}"))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await server.start()
    await stop.wait()
    await sandbox.close()
    await server.stop()
    counts.write_text(json.dumps(met))


if __name__ == "__main__":
    switches = json.loads(sys.argv[4])
    behaviour_ = Behaviour(**{name: tuple(v) if isinstance(v, list) else v for name, v in switches.items()})
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), behaviour_))
