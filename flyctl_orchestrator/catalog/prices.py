"""What machines cost, from dated price books; a month is 30 days, as on Fly.io's pricing page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flyctl_orchestrator.catalog.source import read_catalog, to_amount, to_date
from flyctl_orchestrator.errors import UsageError

SECONDS_PER_MONTH = 2_592_000


@dataclass(frozen=True)
class ReservationBlock:
    """Machines of one kind for a year, paid ahead: `year` US dollars pay for `month` US dollars of them each month."""

    kind: str
    year: float
    month: float


@dataclass(frozen=True)
class PriceBook:
    """Fly.io's prices as of `captured_on`, in US dollars.

    Attributes:
        cpu_second: per kind of processor ("shared", "performance"), one processor for a second in iad.
        included_gb: per kind, memory that comes with one processor.
        memory_gb_second: each further GB for a second in iad.
        month: other things by name, per month; a thing that is missing has no known price.
        free: how many of them cost nothing.
        public_gb: per area, a GB of traffic to the internet.
        private_gb: per area, a GB of traffic to other regions over the private network.
        reservations: what can be had a year ahead.
    """

    name: str
    captured_on: date
    valid_from: date
    source: str
    cpu_second: Mapping[str, float]
    included_gb: Mapping[str, float]
    memory_gb_second: float
    month: Mapping[str, float] = field(default_factory=dict)
    free: Mapping[str, float] = field(default_factory=dict)
    public_gb: Mapping[str, float] = field(default_factory=dict)
    private_gb: Mapping[str, float] = field(default_factory=dict)
    reservations: tuple[ReservationBlock, ...] = ()

    def volume_month(self, size_gb: int) -> float | None:
        """US dollars for a volume for a month, whether a machine has it or not; None when the price is not known."""
        price = self.month.get("volume_gb")
        return None if price is None else size_gb * price

    def machine_month(self, kind: str, cpus: int, memory_mb: int, markup: float = 1.0) -> float:
        """US dollars for one machine that runs a whole month.

        Args:
            kind: "shared" or "performance".
            markup: of the region, see regions.toml.

        Raises:
            KeyError: an unknown kind.
        """
        extra_gb = max(0.0, memory_mb / 1024 - cpus * self.included_gb[kind])
        per_second = cpus * self.cpu_second[kind] + extra_gb * self.memory_gb_second
        return per_second * markup * SECONDS_PER_MONTH


def load_prices(variables: Mapping[str, str] | None = None) -> tuple[PriceBook, ...]:
    """All price books, the one in force first.

    Raises:
        UsageError: the user's own prices.toml in FLYO_CATALOG_DIR cannot be used (code catalog).
    """
    shown, data = read_catalog("prices.toml", variables or {})
    try:
        books = [_book(row) for row in data["book"]]
        return tuple(sorted(books, key=lambda book: book.valid_from, reverse=True))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"is not a usable price catalog: {type(error).__name__} {error}",
            where=shown,
            next="Take the one that ships with flyo as a model",
            code="catalog",
        ) from None


def _book(row: Mapping[str, Any]) -> PriceBook:
    kinds = ("shared", "performance")
    return PriceBook(
        name=str(row["name"]),
        captured_on=to_date(row["captured_on"]),
        valid_from=to_date(row["valid_from"]),
        source=str(row["source"]),
        cpu_second={kind: to_amount(row[kind]["cpu_second"]) for kind in kinds},
        included_gb={kind: to_amount(row[kind]["included_gb"]) for kind in kinds},
        memory_gb_second=to_amount(row["memory_gb_second"]),
        reservations=tuple(_block(block) for block in row.get("reservation", [])),
        **{table: _table(row.get(table, {})) for table in ("month", "free", "public_gb", "private_gb")},
    )


def _block(row: Mapping[str, Any]) -> ReservationBlock:
    block = ReservationBlock(str(row["kind"]), to_amount(row["year"]), to_amount(row["month"]))
    if not (block.year > 0 and block.month > 0):
        raise ValueError("a reservation has to cost something and to pay for something")
    return block


def _table(row: Mapping[str, Any]) -> dict[str, float]:
    return {str(name): to_amount(price) for name, price in row.items()}
