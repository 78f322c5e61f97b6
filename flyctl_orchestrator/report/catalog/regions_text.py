"""`flyo regions list` and `flyo regions suggest` for a person and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flyctl_orchestrator.catalog.latency import LatencyTable
from flyctl_orchestrator.catalog.prices import PriceBook
from flyctl_orchestrator.catalog.regions import Region, RegionBook
from flyctl_orchestrator.placement.choose import Choice, Suggestion, mean, spread
from flyctl_orchestrator.placement.users import Users
from flyctl_orchestrator.report.line import Line, Span
from flyctl_orchestrator.report.numbers import count
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.report.table import Column, Row, render


@dataclass(frozen=True)
class Listed:
    """A region of the list.

    Attributes:
        usd: of one machine per month, None when it is not known.
        ms: the median round trip from the place that was asked for, None without one or when it is not known.
        p95: what 95 of 100 of them take at most, None likewise.
    """

    region: Region
    usd: float | None
    ms: float | None
    p95: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """The row as plain JSON values."""
        return {
            "region": self.region.code,
            "city": self.region.city,
            "country": self.region.country,
            "status": _status(self.region),
            "usd_per_month": None if self.usd is None else round(self.usd, 2),
            "rtt_ms": None if self.ms is None else round(self.ms, 1),
            "rtt_p95_ms": None if self.p95 is None else round(self.p95, 1),
        }


def list_lines(
    rows: Sequence[Listed],
    regions: RegionBook,
    book: PriceBook,
    table: LatencyTable,
    size: tuple[str, int],
    style: Style,
    width: int | None,
) -> list[Line]:
    """All regions, and how old the facts are."""
    timed = any(row.ms is not None for row in rows)
    columns = [Column("region"), Column("city", flexible=True), Column("country", flexible=True), Column("status")]
    columns += [Column("USD/month", "right")]
    columns += [Column("round trip", "right"), Column("P95", "right")] if timed else []
    cells: list[Row] = []
    for row in rows:
        plain: list[Span | str] = [Span(row.region.code, "strong"), row.region.city, row.region.country]
        plain += [_status(row.region), _usd(row.usd)] + ([_ms(row.ms), _ms(row.p95)] if timed else [])
        cells.append(plain)
    facts = f"USD/month: one {size[0]} with {size[1]} MB that runs all month. Regions as of {regions.captured_on}"
    facts += f", prices of {book.captured_on}" + (f", {_round_trips(table)}." if timed else ".")
    return [*render(columns, cells, style, width), Line.of(Span(facts, "quiet"))]


@dataclass(frozen=True)
class Suggested:
    """What `flyo regions suggest` found, with what was asked."""

    asked: str
    users: Sequence[Users]
    found: Suggestion
    table: LatencyTable
    book: PriceBook
    budget: float | None
    machines: int
    size: tuple[str, int]

    def as_dict(self) -> dict[str, Any]:
        """The suggestion as plain JSON values."""
        return {
            "users": self.asked,
            "budget_usd": self.budget,
            "by": self.found.by,
            "sets_looked_at": self.found.looked_at,
            "best": list(self.found.best[-1].regions),
            "choices": [self._choice(choice) for choice in self.found.best],
            "prices_as_of": self.book.captured_on.isoformat(),
            "round_trips_as_of": self.table.captured_on.isoformat(),
            "own_round_trips": self.table.own,
        }

    def _choice(self, choice: Choice) -> dict[str, Any]:
        where = spread(self.users, self.table, choice.regions)
        return {
            "regions": list(choice.regions),
            "usd_per_month": round(choice.usd, 2),
            "rtt_mean_ms": round(mean(self.users, self.table, choice.regions), 1),
            "rtt_p50_ms": round(where.p50, 1),
            "rtt_p95_ms": round(where.p95, 1),
            "rtt_longest_ms": round(where.longest, 1),
        }


def suggestion_lines(shown: Suggested, regions: RegionBook, style: Style, width: int | None) -> list[Line]:
    """The best set for each number of regions, what one more buys, and the command that takes the last one."""
    columns = [Column("regions", flexible=True), Column("USD/month", "right"), Column("mean", "right")]
    columns += [Column("P50", "right"), Column("P95", "right"), Column("buys", "right")]
    cells: list[Row] = []
    before: Choice | None = None
    for choice in shown.found.best:
        where = spread(shown.users, shown.table, choice.regions)
        buys = "" if before is None else _bought(before, choice)
        last = choice is shown.found.best[-1]
        name = Span(" ".join(choice.regions), "strong" if last else "plain")
        average = mean(shown.users, shown.table, choice.regions)
        cells.append([name, _usd(choice.usd), _ms(average), _ms(where.p50), _ms(where.p95), buys])
        before = choice
    best = shown.found.best[-1]
    cities = ", ".join(region.city for code in best.regions if (region := regions.get(code)) is not None)
    limit = f" within {shown.budget:.2f} USD a month" if shown.budget is not None else ""
    proof = f"Of {count(shown.found.looked_at, 'set')} of regions{limit}, all looked at, none "
    proof += "is faster than " if shown.found.by == "mean" else "has a lower P95 than "
    codes = ",".join(code if shown.machines == 1 else f"{code}={shown.machines}" for code in best.regions)
    return [
        *render(columns, cells, style, width),
        Line.of(proof, Span(" ".join(best.regions), "strong"), f" ({cities})."),
        Line.of(Span(suggestion_facts(shown), "quiet")),
        Line.of("next     ", Span(f"flyo init --regions {codes}", "strong")),
    ]


def suggestion_facts(shown: Suggested) -> str:
    """What the figures are made of: a sentence."""
    trips = _round_trips(shown.table).replace("round", "Round", 1)
    return f"{trips}, without what a home connection adds; {_machines(shown)}"


def _round_trips(table: LatencyTable) -> str:
    own = f" and {table.own:,} of your own" if table.own else ""
    return f"round trips of {table.captured_on}{own}"


def _machines(shown: Suggested) -> str:
    size, memory_mb = shown.size
    each = f"{count(shown.machines, size)} with {memory_mb} MB in each region, running all month"
    return f"{each}, at prices of {shown.book.captured_on}."


def _bought(before: Choice, choice: Choice) -> str:
    gain = before.ms - choice.ms
    faster = f"-{round(gain)} ms" if gain >= 0.5 else "less than 1 ms"
    return f"{faster} for {choice.usd - before.usd:+.2f}"


def _status(region: Region) -> str:
    return "closing" if region.deprecated else "open"


def _usd(usd: float | None) -> str:
    return "-" if usd is None else f"{usd:.2f}"


def _ms(ms: float | None) -> str:
    return "-" if ms is None else f"{max(1, round(ms))} ms"
