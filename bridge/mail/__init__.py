"""Bytes to `Mail`, whatever comes: pure, total and linear in the size of the content.

`parse` never raises and reads no clock, file or network; what was odd in a mail is told by `Mail.defects`. The decoded
bytes of a leaf are had from `decode.chunks`, in bounded pieces, straight from the content (bytes or an mmap).

Where to read what:

- the way: `assemble` (the whole), `split` (the tree of parts), `blocks` (words and files in order), `gather` (what is for
  machines), `limits`
- headers: `headers`, `parameters`, `words` (RFC 2047), `addresses`, `ids`, `dates`, `automatic`
- leaves: `leaves` (what one says of itself), `decode`, `alternatives`, `outside` (of all parts), `pieces`, `endings`, `markup`
- text: `charsets`, `guess`, `hygiene`, `flowed`, `enriched`, `uu`
- wrappers: `unwrap`; `tnef` with `mapi`, `rtf`, `outlook`, `wallclock` and `eml`; `cms`, `openpgp`, `journal`
- for machines: `calendar` and `vcard` with `contentlines` and `zones`; `reports`, `bounces`
"""

from bridge.mail.assemble import parse
from bridge.mail.limits import Limits

__all__ = ["Limits", "parse"]
