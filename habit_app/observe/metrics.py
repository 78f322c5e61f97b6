"""Figures for Prometheus under /metrics, for whoever asks from inside: Fly.io collects them on the private network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from habit_app.context import Services
from habit_app.edge.replay import Environ, StartResponse, WsgiApp
from habit_app.inside.answers import from_outside
from habit_app.observe.tally import BUCKETS

if TYPE_CHECKING:
    from prometheus_client import Metric

PATH = "/metrics"


class AnswerMetrics:
    """WSGI middleware: to what comes through Fly's proxy, the path does not exist."""

    def __init__(self, app: WsgiApp, parts: Services) -> None:
        """Wrap `app`; the figures are those of `parts`."""
        self.app = app
        self.parts = parts

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, refuse, or hand on to the app."""
        if environ["PATH_INFO"] != PATH:
            return self.app(environ, start_response)
        status, kind, body = "404 Not Found", "text/plain", b""
        if not from_outside(environ) and environ["REQUEST_METHOD"] == "GET":
            status, (kind, body) = "200 OK", self._figures()
        headers = [("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
        start_response(status, headers)
        return [body]

    def _figures(self) -> tuple[str, bytes]:
        # Imported when first asked for, since it would make every start slower.
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
        from prometheus_client.process_collector import ProcessCollector

        registry = CollectorRegistry()
        registry.register(self)
        ProcessCollector(registry=registry)
        return CONTENT_TYPE_LATEST, generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        """The figures, as prometheus_client wants them."""
        from prometheus_client.core import InfoMetricFamily

        settings = self.parts.settings
        machine = {"region": settings.region, "machine": settings.machine, "release": settings.release}
        yield InfoMetricFamily("habit", "Who answers.", value=machine)
        yield from self._requests()
        yield from self._loads()
        yield from self._database()

    def _requests(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        count = CounterMetricFamily(
            "habit_requests",
            "Requests answered; 409: a write sent to the primary region.",
            labels=["method", "status"],
        )
        for (method, status), number in sorted(self.parts.tally.requests().items()):
            count.add_metric([method, str(status)], number)
        yield count
        times, seconds = self.parts.tally.times()
        buckets, total = [], 0
        for bound, number in zip([*map(str, BUCKETS), "+Inf"], times, strict=True):
            total += number
            buckets.append((bound, float(total)))
        yield HistogramMetricFamily("habit_request_seconds", "How long they took.", buckets=buckets, sum_value=seconds)

    def _loads(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        loads = CounterMetricFamily(
            "habit_page_loads",
            "Dashboards shown: a page in memory, drawn from a snapshot in memory, or asked for. All but `database` ran"
            " no SQL here.",
            labels=["data"],
        )
        found = self.parts.tally.loads()
        for data in ("page", "snapshot", "database", "primary"):
            loads.add_metric([data], found.get(data, 0))
        yield loads
        cache = self.parts.dashboards.cache
        yield GaugeMetricFamily("habit_known_users", "Users in memory.", value=len(cache))
        yield GaugeMetricFamily("habit_known_bytes", "Bytes they take.", value=cache.size)

    def _database(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        guard = self.parts.store.guard
        work = "Pieces of work that got to the database; none in a far region."
        yield CounterMetricFamily("habit_database_work", work, value=guard.let_in)
        yield GaugeMetricFamily("habit_database_waiting", "Requests inside the database now.", value=guard.waiting)
        fails = GaugeMetricFamily("habit_database_fails", "1 when the last attempt failed.", labels=["work"])
        fails.add_metric(["reading"], guard.reads.open)
        fails.add_metric(["writing"], guard.writes.open)
        yield fails
