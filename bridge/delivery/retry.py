"""When to try again, and when to give up. Pure: time and chance are handed in."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from bridge.config.schema import DAY_S, Retry

#: Fewer attempts are no proof, however old the mail is: it may have waited out an outage, or the clock may have leapt.
LEAST_ATTEMPTS = 5


def delay_s(settings: Retry, attempts: int, rng: Random) -> float:
    """Seconds to wait after the given number of failed attempts: doubling from the first delay, half of it jitter.

    Always above zero and at most `max_delay_s`.
    """
    # The exponent is bounded so that a long-lived mail does not overflow a float.
    ceiling = min(settings.max_delay_s, settings.first_delay_s * 2.0 ** min(attempts, 32))
    return ceiling * (0.5 + rng.random() / 2)


def gives_up(settings: Retry, *, attempts: int, received_at: datetime, now: datetime) -> str | None:
    """Why no further attempt is made, or None. By count, and by age after some attempts, whichever comes first."""
    if attempts >= settings.max_attempts:
        return f"gave up after {attempts} attempts"
    if attempts >= LEAST_ATTEMPTS and now - received_at >= timedelta(seconds=settings.max_age_days * DAY_S):
        return f"gave up after {settings.max_age_days:g} days"
    return None
