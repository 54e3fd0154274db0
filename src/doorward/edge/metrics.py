"""What the door counts. One object per process, made by ``app``; its registry is its own, nothing is global."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

_CHECK_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """Labels have few values, all of them ours: never a path, a host or an address of a visitor."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._decisions = Counter(
            "doorward_decisions",
            "Decisions of the control plane; requests that Envoy decides alone are in Envoy's own numbers.",
            ("outcome", "refusal"),
            registry=self.registry,
        )
        self._logins = Counter(
            "doorward_logins", "Logins that came to an end.", ("idp_type", "outcome"), registry=self.registry
        )
        self._pushes = Counter("doorward_xds_pushes", "Resources sent to Envoy.", ("type",), registry=self.registry)
        self._nacks = Counter(
            "doorward_xds_nacks", "Configuration that Envoy refused; the last good one stays.", ("type",),
            registry=self.registry,
        )  # fmt: skip
        self.check_seconds = Histogram(
            "doorward_check_seconds", "Time of one decision.", buckets=_CHECK_SECONDS, registry=self.registry
        )
        """``with metrics.check_seconds.time(): …``"""
        self._snapshot_age = Gauge(
            "doorward_snapshot_age_seconds",
            "Since the snapshot in use was read from the store.",
            registry=self.registry,
        )
        self._streams = Gauge(
            "doorward_streams", "Open WebSockets, event streams and gRPC calls on the leash.", registry=self.registry
        )
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def decided(self, outcome: str, refusal: str = "") -> None:
        """One decision; ``refusal`` is the reason's code where there was one."""
        self._decisions.labels(outcome, refusal).inc()

    def logged_in(self, idp_type: str, outcome: str) -> None:
        """One login, successful or not."""
        self._logins.labels(idp_type, outcome).inc()

    def pushed(self, kind: str) -> None:
        """One xDS response of this resource type (``listeners``, ``routes``)."""
        self._pushes.labels(kind).inc()

    def refused_by_envoy(self, kind: str) -> None:
        """One NACK."""
        self._nacks.labels(kind).inc()

    def watch_snapshot(self, age: Callable[[], float]) -> None:
        """Where the age of the snapshot, in seconds, comes from."""
        self._snapshot_age.set_function(age)

    def watch_streams(self, held: Callable[[], float]) -> None:
        """Where the number of open streams on the leash comes from."""
        self._streams.set_function(held)

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)
