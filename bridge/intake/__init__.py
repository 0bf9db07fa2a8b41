"""Step 1: mail comes in by SMTP, LMTP or a pipe, and is the spool's before the peer hears 250. Owns aiosmtpd."""

from bridge.intake.intake import Intake
from bridge.intake.listeners import Bound
from bridge.intake.store import Incoming, Store

__all__ = ["Bound", "Incoming", "Intake", "Store"]
