"""Step 6: tells Re:amaze what a mail says, by its REST API, and looks before it says anything twice."""

from __future__ import annotations

from bridge.reamaze.alike import Sought
from bridge.reamaze.client import Client
from bridge.reamaze.lists import Channel

__all__ = ["Channel", "Client", "Sought"]
