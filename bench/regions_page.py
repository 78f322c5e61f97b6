"""The figures of bench/regions.py as a section of docs/habit-app.md."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from bench.aims import Row, table
from bench.regions_day import Day
from flyctl_orchestrator.catalog.latency import kilometres, light_ms, load_latency
from flyctl_orchestrator.catalog.regions import Place, load_regions

HEADING = "## Over regions"
REGIONS = load_regions()
TABLE = load_latency(REGIONS)
PLACES: dict[str, Place] = {region.code: region.at for region in REGIONS if region.at}


class Seen(Protocol):
    """What one client saw; see bench/regions.py."""

    by: str
    hit: list[float]
    miss: list[float]
    cold_miss: list[float]
    first: list[float]
    woken: list[float]
    write: list[float]
    loads: int
    sql: int


Found = Mapping[tuple[str, ...], Mapping[str, Seen]]


def page(found: Found, days: Mapping[str, Day], resume: float) -> str:
    """The section, without its heading."""
    parts = _intro(resume)
    parts += ["", table(aims(found, days)), "", *_last_two(days)]
    for layout, seen in found.items():
        parts += ["", f"### {_named(layout)}", "", *_table(seen)]
    return "\n".join([*parts, "", "### What was claimed", "", *_claims(found)])


def round_trip(one: str, other: str) -> float:
    """Milliseconds between two regions, the median."""
    return TABLE.between(PLACES[one], other).ms


def slow_round_trip(one: str, other: str) -> float:
    """The same, P95."""
    trip = TABLE.between(PLACES[one], other)
    return trip.p95 or trip.ms


def p95(times: Sequence[float]) -> float:
    """The time that 95 of 100 stay within."""
    return sorted(times)[max(0, math.ceil(0.95 * len(times)) - 1)]


def p50(times: Sequence[float]) -> float:
    """The time that half stay within."""
    return sorted(times)[max(0, math.ceil(0.5 * len(times)) - 1)]


def _intro(resume: float) -> list[str]:
    return [
        "The bundled app on the local platform with `--delays`: the distances between regions are measured round trips",
        "([from where](how-to/choose-regions.md#where-the-figures-come-from)), the rest is what the app takes here.",
        "Milliseconds, P50 / P95, from sending a request until its answer was read, on a connection that is open",
        "already; what a home connection adds is not in them. A *miss* is the page of a user whom the machine does",
        "not know: a far machine asks the primary region (iad) for it, on a connection it keeps or, *new*, on one that",
        "it has to make, since the primary's machine was replaced. *First* is the first one after the far machine has",
        f"started; *woken* is one on a machine that was suspended and takes {resume:g} s to wake. Here its connection",
        "outlives the sleep; where it does not, it takes a new one, too. *Write* is a tick, replayed in iad. Taken on",
        f"{datetime.now(UTC).date()}.",
    ]


def _named(layout: Sequence[str]) -> str:
    words = {1: "One region", 3: "Three regions", 4: "Four regions"}
    return f"{words.get(len(layout), f'{len(layout)} regions')}: {', '.join(layout)}"


def _table(seen: Mapping[str, Seen]) -> list[str]:
    lines = [
        "| client in | answered by | round trip | light | page in memory | miss | miss, new | first | woken | write |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for client, times in seen.items():
        light = light_ms(kilometres(PLACES[client], PLACES[times.by]))
        cells = [client, times.by, f"{round_trip(client, times.by):.0f}", f"{light:.0f}"]
        cells += [
            _both(some) for some in (times.hit, times.miss, times.cold_miss, times.first, times.woken, times.write)
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _both(times: Sequence[float]) -> str:
    return f"{p50(times):.0f} / {p95(times):.0f}" if times else "-"


def _claims(found: Found) -> list[str]:
    """The walkthrough's table beside what was measured, and beside light."""
    three, four = (seen for layout, seen in found.items() if len(layout) in (3, 4))
    lines = ["| the walkthrough says | three regions | four, with sin | light to the nearest of three |"]
    lines += ["|---|--:|--:|--:|"]
    for said, client in (("Frankfurt 22 ms", "fra"), ("US East 25 ms", "iad"), ("Singapore 28 ms, P95", "sin")):
        light = light_ms(kilometres(PLACES[client], PLACES[three[client].by]))
        lines.append(f"| {said} | {p95(three[client].hit):.0f} | {p95(four[client].hit):.0f} | {light:.0f} |")
    slowest = [max(seen.items(), key=lambda item: p95(item[1].hit)) for seen in (three, four)]
    cells = [f"{p95(times.hit):.0f} (from {client})" for client, times in slowest]
    client, times = slowest[0]
    light = light_ms(kilometres(PLACES[client], PLACES[times.by]))
    lines.append(f"| under 30 ms worldwide | {cells[0]} | {cells[1]} | {light:.0f} |")
    return [*lines, "", "P95 of a page in memory, in milliseconds."]


def aims(found: Found, days: Mapping[str, Day]) -> list[Row]:
    """What was aimed for, beside what was measured."""
    every = [(client, times) for seen in found.values() for client, times in seen.items()]
    hits = max((p95(times.hit) - slow_round_trip(client, times.by), client, times.by) for client, times in every)
    writes = max((p95(times.write) - _legs(client, times.by), client, times.by) for client, times in every)
    nrt = next(seen for layout, seen in found.items() if len(layout) == 3)["nrt"]
    rows = [
        Row("a miss from nrt, P50, on a kept connection", 175, p50(nrt.miss), " ms"),
        Row("cached read, P95, above its round trip's P95", 10, hits[0], " ms", note=_where(hits)),
        Row("replayed write, P95, above its legs' P95", 25, writes[0], " ms", note=_where(writes)),
        Row("page loads without SQL, far regions", 100, 100 * _without_sql(every), " %", True, _counted(every)),
        Row("page loads without SQL, primary region", 95, 100 * days["primary, SQLite"].alone, " %", True, "one user"),
    ]
    if nrt.cold_miss and nrt.first:
        rows[1:1] = [
            Row("the same on a new connection", 330, p50(nrt.cold_miss), " ms"),
            Row("the first one after a start", 330, p50(nrt.first), " ms"),
        ]
    return rows


def _without_sql(every: Sequence[tuple[str, Seen]]) -> float:
    """Of the loads in far machines; one piece of work in the database counts as one load with SQL."""
    loads, sql = sum(times.loads for _, times in every), sum(times.sql for _, times in every)
    return (loads - sql) / loads if loads else 0.0


def _counted(every: Sequence[tuple[str, Seen]]) -> str:
    return f"of {sum(times.loads for _, times in every):,} counted there"


def _where(worst: tuple[float, str, str]) -> str:
    return f"the worst: {worst[1]} by {worst[2]}"


def _last_two(days: Mapping[str, Day]) -> list[str]:
    far, sqlite, postgres = (days[name] for name in ("far", "primary, SQLite", "primary, Postgres"))
    return [
        "The last one is of a day with 40 page loads and 6 ticks between 7:00 and 23:00. Of those loads, so many asked",
        f"nobody: in a far region {_share(far)}; in the primary region {_share(sqlite)} with SQLite and",
        f"{_share(postgres)} with a Postgres that may sleep. A database that sleeps when nobody uses it, and another",
        "region, are not asked what has changed once nobody has loaded a page for five minutes, so that somebody alone",
        "finds their page too old.",
    ]


def _legs(client: str, by: str) -> float:
    """To the machine that cannot write and, unless it is in the primary region, to that one."""
    return slow_round_trip(client, by) + (0.0 if by == "iad" else slow_round_trip(client, "iad"))


def _share(day: Day) -> str:
    return f"{100 * day.alone:.3g} % alone, {100 * day.crowd:.3g} % of 25"
