"""Counters for Prometheus, https://prometheus.io/docs/concepts/metric_types/."""

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.process_collector import ProcessCollector

from whatsit.serving.pool import Pool

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Names the folder in which the processes of one server keep their counters; read when the client library is
# imported (prometheus.github.io/client_python/multiprocess).
SHARED = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """What a server counts, in a registry of its own; several processes add up what each of them counts."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._registry = CollectorRegistry()
        if SHARED not in os.environ:  # they describe one process
            ProcessCollector(registry=self._registry)
            GCCollector(registry=self._registry)
        self.requests = Counter(
            "whatsit_requests", "Requests.", ["route", "method", "status"], registry=self._registry
        )
        self.seconds = Histogram(
            "whatsit_request_seconds",
            "Seconds from the head of a request to the end of its answer.",
            ["route"],
            registry=self._registry,
            buckets=SECONDS,
        )
        self.predictions = Counter(
            "whatsit_predictions",
            "Pictures that were answered.",
            ["bundle", "label", "verdict"],
            registry=self._registry,
        )
        self._taken, places = (
            Gauge(name, text, registry=self._registry, multiprocess_mode="livesum")
            for name, text in (
                ("whatsit_places_taken", "Requests in work or in the queue."),
                ("whatsit_places", "Requests that find a place."),
            )
        )
        places.set(pool.places)

    def note_places(self) -> None:
        """Write down how many places are taken now."""
        self._taken.set(self._pool.taken)

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        self.note_places()
        registry = self._registry
        if SHARED in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)


def forget_process(pid: int | None) -> None:
    """Leave out what a process that has ended took of places; what it counted stays."""
    mark_process_dead(pid)  # type: ignore[no-untyped-call]
