"""A limit on the CPU time of a piece of work that cannot look at the clock itself, such as a regular expression.

The work is stopped where it is: in the middle of a match, too, since the `re` engine lets signals in. Only a main thread gets
signals, so in any other the work runs to its end.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class OutOfTime(BaseException):
    """The work took longer than it may. Like KeyboardInterrupt, no guard against errors catches it."""


@contextlib.contextmanager
def within(cpu_s: float) -> Iterator[None]:
    """Raises OutOfTime in the work when it has used so much CPU time; not to be nested."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _ring)
    # Again and again, in case the first one falls where exceptions are swallowed, as in a destructor.
    signal.setitimer(signal.ITIMER_VIRTUAL, cpu_s, cpu_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _ring(_number: int, _frame: FrameType | None) -> None:
    raise OutOfTime
