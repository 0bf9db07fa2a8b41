"""Says a thing at Re:amaze once and no more: after an answer that was lost, it looks before it speaks again.

A look that finds nothing counts only when the lost call can no longer be under way: a process that died in the middle of a call
may be back before Re:amaze has done what it was asked, and a gateway that gives up on Re:amaze does not stop it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bridge import log
from bridge.clock import Clock
from bridge.errors import AmbiguousError, LaterError, MissingError, OutageError, RefusedError
from bridge.faults import point
from bridge.model import Receipt

Look = Callable[[], Awaitable[Receipt | None]]


class Once:
    """The calls of one delivery, step by step."""

    def __init__(self, delivery: str, *, look_again_s: float, clock: Clock) -> None:
        self._clock = clock
        self._delivery = delivery
        self._look_again_s = look_again_s
        #: Whether a call of the step under way may have been heard without its answer reaching us.
        self.in_doubt = False
        #: How long such a call may still take to be heard, seconds.
        self.arrives_within_s = 0.0

    async def say(self, look: Look, say: Callable[[], Awaitable[Receipt]], *, began: bool) -> Receipt:
        """Say it, unless an earlier call whose answer was lost did arrive."""
        if not began:
            return await say()
        found = await self._look(look)
        if found is not None:
            return found
        try:
            return await say()
        except RefusedError:
            # It may be the repeat that is refused, by a Re:amaze whose lists lag behind.
            found = await self._look(look)
            if found is None:
                raise
            return found

    async def hear(self, call: Awaitable[Receipt]) -> Receipt:
        """The answer of a call that changes something; whether it may have been heard is known afterwards."""
        self.in_doubt = True
        began_s = self._clock.monotonic_s()
        try:
            return await call
        except AmbiguousError as error:
            # What took long to come to nothing may take as long again to be done after all: until then nobody looks.
            took_s = self._clock.monotonic_s() - began_s
            error.retry_after_s = max(error.retry_after_s or 0.0, took_s)
            raise
        except (RefusedError, MissingError, LaterError, OutageError):
            # Each of these says that nothing was done.
            self.in_doubt = False
            raise

    async def _look(self, look: Look) -> Receipt | None:
        """What an earlier, unclear call made, if it did arrive; None after looking twice, some time apart.

        Raises LaterError while it may still arrive.
        """
        for number in (1, 2):
            found = await look()
            if found is not None:
                log.info("found", id=self._delivery, slug=found.slug, look=number)
                point("looked")
                return found
            if self.arrives_within_s > self._look_again_s:
                raise LaterError(
                    "the bridge died in the middle of the call, which may still arrive",
                    retry_after_s=self.arrives_within_s,
                )
            if number == 1:
                await asyncio.sleep(self._look_again_s)
        # Looked for twice and not there: the earlier call was not heard.
        self.in_doubt = False
        point("looked")
        return None
