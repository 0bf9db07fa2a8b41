"""A `Mail` in, a `Draft` out: who wrote it, which conversation it belongs to, and what is said. Pure: no I/O, no clock."""
