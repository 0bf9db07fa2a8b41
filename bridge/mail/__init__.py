"""Bytes to `Mail`, whatever comes: pure, total and linear in the size of the content.

`parse` never raises and reads no clock, file or network; what was odd in a mail is told by `Mail.defects`. The decoded
bytes of a leaf are had from `decode.chunks`, in bounded pieces, straight from the content (bytes or an mmap).
"""

from bridge.mail.assemble import parse
from bridge.mail.limits import Limits

__all__ = ["Limits", "parse"]
