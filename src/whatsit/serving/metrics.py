"""Counters for Prometheus, https://prometheus.io/docs/concepts/metric_types/."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from whatsit.serving.pool import Pool

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """What a server counts, in a registry of its own."""

    def __init__(self, pool: Pool) -> None:
        self._registry = CollectorRegistry()
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
        places = Gauge("whatsit_places_taken", "Requests in work or in the queue.", registry=self._registry)
        places.set_function(lambda: pool.taken)
        Gauge("whatsit_places", "Requests that find a place.", registry=self._registry).set(pool.places)

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self._registry)
