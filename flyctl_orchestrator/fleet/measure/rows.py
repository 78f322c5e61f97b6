"""Rows of a measurement: from where, to where, and what came back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.measure.percentile import Latencies
from flyctl_orchestrator.fleet.probe import Answer, Identity, Prober

# Rows at once. Their requests are under way most of the time, and cost this computer little.
PARALLEL = 4


@dataclass(frozen=True)
class Requests:
    """What every row sends.

    Attributes:
        paths: asked in turn, each starting with a slash.
        count: requests per row that are counted.
        timeout: seconds per request.
    """

    url_template: str
    app: str
    paths: tuple[str, ...]
    count: int
    timeout: float
    identity: Identity = "auto"


@dataclass(frozen=True)
class Row:
    """From where, to where.

    Attributes:
        client: the region the client is in; None for where flyo runs.
        region: the region whose machines are asked, each in turn; None for whichever the platform chooses.
        machines: those that run and serve there.
    """

    client: str | None = None
    region: str | None = None
    machines: tuple[Machine, ...] = ()

    @property
    def can_be_asked(self) -> bool:
        """Whether there is anybody to ask without waking a machine."""
        return self.region is None or bool(self.machines)


@dataclass(frozen=True)
class Measured:
    """What came back for one row.

    Attributes:
        by_region: how many good answers each region gave, as far as they say so.
        trouble: why the first request without a good answer had none.
    """

    row: Row
    latencies: Latencies = field(default_factory=Latencies)
    by_region: Counter[str] = field(default_factory=Counter)
    trouble: str = ""


def measure_rows(rows: Sequence[Row], requests: Requests, new_prober: Callable[[], Prober]) -> list[Measured]:
    """Measure all rows, several at once; those with nobody to ask come back without requests.

    Args:
        new_prober: makes the prober of one row, so that each row has a connection of its own.
    """
    with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
        return list(pool.map(lambda row: measure(row, requests, new_prober()), rows))


def measure(row: Row, requests: Requests, prober: Prober) -> Measured:
    """Send one row's requests, one after the other.

    One request goes ahead of them and is not counted: it resolves the name, opens the connection and wakes what the
    platform has put to sleep.
    """
    if not row.can_be_asked:
        return Measured(row)
    _ask(row, requests, prober, 0)
    answers = [_ask(row, requests, prober, number) for number in range(requests.count)]
    trouble = next((answer.error for answer in answers if answer.error), "")
    return Measured(
        row,
        Latencies.of(answer.latency_s if answer.ok else None for answer in answers),
        Counter(answer.region for answer in answers if answer.ok and answer.region),
        trouble,
    )


def _ask(row: Row, requests: Requests, prober: Prober, number: int) -> Answer:
    """Request `number` of a row: machines in turn, and each of them each page in turn."""
    machines, paths = row.machines, requests.paths
    machine = machines[number % len(machines)] if machines and row.region is not None else None
    return prober.ask(
        requests.url_template,
        requests.app,
        paths[number // max(1, len(machines)) % len(paths)],
        requests.timeout,
        machine=machine,
        identity=requests.identity,
        client_region=row.client,
    )
