"""Imported last by the fork server: what it has by then is nobody's garbage, and no child looks through it for some."""

from __future__ import annotations

import gc

gc.collect()
gc.freeze()
