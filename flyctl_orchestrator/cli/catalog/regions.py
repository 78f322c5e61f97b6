"""What `flyo regions` does: says where regions are, and which suit an app's users. Nothing is asked of Fly.io."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flyctl_orchestrator.catalog.latency import LatencyTable, load_latency
from flyctl_orchestrator.catalog.people import cells
from flyctl_orchestrator.catalog.prices import PriceBook, load_prices
from flyctl_orchestrator.catalog.regions import Place, RegionBook, load_regions
from flyctl_orchestrator.catalog.sizes import STEP_MB, memory_range
from flyctl_orchestrator.cli.catalog.users import Asked, users_of
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.pages.keeping import keep_page
from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.placement.choose import mean, suggest
from flyctl_orchestrator.placement.goal import By
from flyctl_orchestrator.placement.own_place import own_place
from flyctl_orchestrator.placement.own_round_trips import OwnRoundTrip, from_csv, from_toml, with_own
from flyctl_orchestrator.placement.users import Users, read_users
from flyctl_orchestrator.project.model import Size
from flyctl_orchestrator.project.scaffold import DEFAULT_SIZE
from flyctl_orchestrator.project.tomlfile import parse_toml, read_text
from flyctl_orchestrator.report.catalog.map_svg import picture
from flyctl_orchestrator.report.catalog.map_text import curve_lines, map_lines
from flyctl_orchestrator.report.catalog.regions_text import Listed, Suggested, list_lines, suggestion_lines
from flyctl_orchestrator.report.html.figures import suggestion_page
from flyctl_orchestrator.rollout.plan.cost import Guest, guest_of_size

# What `flyo init` gives a machine of this size.
USUAL_MEMORY_MB = 512
MOST_OWN_BYTES = 2_000_000


@dataclass(frozen=True)
class Limits:
    """What a set of regions has to keep to: US dollars per month, how many at most, and which have to be in it."""

    budget: float | None
    most: int
    keep: str | None
    by: By = "mean"


@dataclass(frozen=True)
class Pictures:
    """What to draw: a map in the terminal, an SVG into a file, and a page into another one."""

    plot: bool
    svg: str | None
    html: Path | None = None


def list_regions(context: CommandContext, start: str | None, rtt: str | None, size: tuple[str, int | None]) -> None:
    """Show every region.

    Args:
        start: a place to show round trips from, and to sort by; None for that of this computer, by its time zone.
        rtt: a file of round trips of somebody's own.
        size: name and memory in MB of the machine to name prices for; None for the usual memory of that size.

    Raises:
        UsageError: the place or the size is not known, or a catalog file cannot be used.
    """
    variables = context.environment.variables
    regions, book = load_regions(variables), load_prices(variables)[0]
    table = _table(context, rtt, regions)
    guest = _guest(*size)
    prices = _prices(regions, book, guest)
    people = read_users(start, regions, where="--from") if start is not None else _here(context)
    rows = []
    for region in regions:
        near = late = None
        if people and region.code in table.codes:
            near = mean(people, table, [region.code])
            trips = [(some.share, table.between(some.at, region.code).p95) for some in people]
            late = None if None in [p95 for _, p95 in trips] else sum(share * (p95 or 0.0) for share, p95 in trips)
        rows.append(Listed(region, prices.get(region.code), near, late))
    if people:
        rows.sort(key=lambda row: (row.ms is None, row.ms))
    if context.options.as_json:
        context.output.document([row.as_dict() for row in rows])
        return
    style = context.output.style
    context.output.show(
        *list_lines(rows, regions, book, table, (size[0], guest.memory_mb), style, context.output.width)
    )


def suggest_regions(
    context: CommandContext,
    asked: Asked,
    limits: Limits,
    count: int,
    size: tuple[str, int | None],
    pictures: Pictures,
) -> None:
    """Show the fastest set of regions for each number of them.

    Args:
        count: machines in each region.
        size: name and memory in MB of each machine; None for the usual memory of that size.

    Raises:
        UsageError: users, a region or the size are not known, or a catalog file cannot be used.
        FlyoError: nothing is within the budget (code regions.budget), or a page cannot be written.
    """
    variables = context.environment.variables
    regions, book = load_regions(variables), load_prices(variables)[0]
    table = _table(context, asked.rtt, regions)
    users, people = users_of(context, asked, regions)
    guest = _guest(*size)
    machine = _prices(regions, book, guest)
    prices = {code: count * usd for code, usd in machine.items() if code in table.codes}
    if not prices:
        raise UsageError(
            "no region has both a price and round trips in the catalog",
            where="FLYO_CATALOG_DIR",
            next="Take the files that ship with flyo as a model, or unset it",
            code="catalog",
        )
    keep = _kept(limits.keep, regions, prices)
    if len(keep) > limits.most:
        raise UsageError(
            f"{len(keep)} regions do not fit into {limits.most}", where="--keep", next="Raise --max", code="usage"
        )
    found = suggest(people, table, prices, budget=limits.budget, most=limits.most, keep=keep, by=limits.by)
    if not found.best:
        cheapest = sum(prices[code] for code in keep) if keep else min(prices.values())
        raise FlyoError(
            f"nothing is within {limits.budget:.2f} USD a month",
            where="--budget",
            next=f"The cheapest costs {cheapest:.2f} USD a month",
            code="regions.budget",
            exit=Exit.USAGE,
        )
    shown = Suggested(users, people, found, table, book, limits.budget, count, (size[0], guest.memory_mb))
    chosen = {code: region.at for code in found.best[-1].regions if (region := regions.get(code)) and region.at}
    if pictures.svg:
        _write_svg(context, pictures.svg, shown, chosen)
    if pictures.html:
        keep_page(context, suggestion_page(shown, regions), pictures.html, what="The page")
    if context.options.as_json:
        context.output.document(shown.as_dict())
        return
    style, width = context.output.style, context.output.width
    if pictures.plot and not style.spoken:
        land = [cell.at for cell in cells()]
        context.output.show(*map_lines(land, people, chosen, width), *curve_lines(found, width), "")
    context.output.show(*suggestion_lines(shown, regions, style, width))


def _here(context: CommandContext) -> tuple[Users, ...]:
    """Somebody beside this computer, and a note where that is; nobody where its time zone tells nothing."""
    environment = context.environment
    own = own_place(environment.variables, environment.etc)
    if own is None:
        return ()
    context.output.say(f"note: round trips are from {own.zone}, this computer's time zone; --from takes another place")
    return (Users(own.zone, own.at, 1.0),)


def _table(context: CommandContext, rtt: str | None, regions: RegionBook) -> LatencyTable:
    """The catalog's round trips, with those of somebody's own in their place."""
    table = load_latency(regions, context.environment.variables)
    if rtt is None:
        return table
    return with_own(table, read_own(context.environment.cwd / rtt, rtt, regions, table))


def read_own(path: Path, shown: str, regions: RegionBook, table: LatencyTable) -> tuple[OwnRoundTrip, ...]:
    """The round trips of a file: TOML when its name says so, else CSV.

    Raises:
        UsageError: it cannot be read, or holds something else (codes regions.rtt, config.syntax, config.unreadable).
    """
    text = read_text(path, shown, limit=MOST_OWN_BYTES, missing="Name a file that is there")
    if path.suffix == ".toml":
        return from_toml(parse_toml(text, shown), shown, regions, table)
    return from_csv(text, shown, regions, table)


def _write_svg(context: CommandContext, name: str, shown: Suggested, chosen: Mapping[str, Place]) -> None:
    title = f"Users of {shown.asked} and the regions {' '.join(chosen)}"
    text = picture([cell.at for cell in cells()], shown.users, chosen, shown.found, title)
    try:
        (context.environment.cwd / name).write_text(text, "utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"cannot be written: {reason}", where=name, next="Name another file after --svg", code="usage"
        ) from None
    context.output.say(f"wrote {name}")


def _kept(written: str | None, regions: RegionBook, prices: dict[str, float]) -> frozenset[str]:
    codes = [code.strip().lower() for code in written.split(",")] if written else []
    for code in codes:
        regions.require(code, where="--keep")
        if code not in prices:
            raise UsageError(
                f"no round trips or no price are known for region '{code}'",
                where="--keep",
                next="Leave it out",
                code="usage",
            )
    return frozenset(codes)


def _guest(name: str, memory_mb: int | None) -> Guest:
    """The machine that prices are for; without an amount of memory, what init gives its size, or what it comes with."""
    usual = memory_mb or (USUAL_MEMORY_MB if name == DEFAULT_SIZE else None)
    guest = guest_of_size(Size(size=name, memory_mb=usual))
    if guest is None:
        raise UsageError(
            f"no price is known for size '{name}'", where="--vm-size", next="Write e.g. shared-cpu-1x", code="usage"
        )
    least, most = memory_range(guest.kind, guest.cpus)
    if not least <= guest.memory_mb <= most or guest.memory_mb % STEP_MB:
        raise UsageError(
            f"no machine of size {name} has {guest.memory_mb} MB",
            where="--vm-memory",
            next=f"Give {least} to {most} in steps of {STEP_MB}, or another --vm-size",
            code="usage",
        )
    return guest


def _prices(regions: RegionBook, book: PriceBook, guest: Guest) -> dict[str, float]:
    """US dollars per month of one such machine in each open region whose price is known."""
    return {
        region.code: book.machine_month(guest.kind, guest.cpus, guest.memory_mb, region.markup)
        for region in regions
        if region.markup is not None and not region.deprecated
    }
