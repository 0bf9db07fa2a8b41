"""The figures in Prometheus' text format. Owns prometheus-client."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bridge.operate.snapshot import Snapshot

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _Figures(Collector):
    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        now = self._snapshot
        states = GaugeMetricFamily(
            "reamaze_bridge_deliveries", "Deliveries in the spool by state", labels=["state"]
        )
        for state, count in now.counts.items():
            states.add_metric([state], count)
        yield states
        account = CounterMetricFamily(
            "reamaze_bridge_account",
            "Deliveries since the spool was made, by what became of them",
            labels=["what"],
        )
        # The other accounts can fall: a dead letter that is taken up again is none.
        for what in ("accepted", "delivered", "dropped"):
            account.add_metric([what], now.ledger.get(what, 0))
        yield account
        yield GaugeMetricFamily(
            "reamaze_bridge_unaccounted", "Accepted but in no state; must be 0", now.unaccounted
        )
        yield GaugeMetricFamily(
            "reamaze_bridge_unfetched_files", "Attached files nobody fetched in time", now.unfetched
        )
        yield GaugeMetricFamily("reamaze_bridge_waiting", "Deliveries not settled yet", now.waiting)
        yield GaugeMetricFamily(
            "reamaze_bridge_oldest_waiting_seconds", "Age of the oldest of them", now.oldest_s
        )
        yield GaugeMetricFamily(
            "reamaze_bridge_paused_brands", "Brands waiting for Re:amaze", len(now.paused)
        )
        yield GaugeMetricFamily(
            "reamaze_bridge_closed",
            "Limits of the spool that are reached, so that mail is refused",
            len(now.closed),
        )
        yield GaugeMetricFamily(
            "reamaze_bridge_start_time_seconds", "When the daemon started", now.started_at.timestamp()
        )
        version = GaugeMetricFamily("reamaze_bridge_version", "Always 1", labels=["version"])
        version.add_metric([now.version], 1)
        yield version


def render(snapshot: Snapshot) -> bytes:
    """The exposition of one snapshot."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(snapshot))
    return generate_latest(registry)
