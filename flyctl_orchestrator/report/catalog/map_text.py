"""A map of the world and a curve in plain characters, for `flyo regions suggest --plot`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from flyctl_orchestrator.catalog.regions import Place
from flyctl_orchestrator.placement.choose import Suggestion
from flyctl_orchestrator.placement.users import Users
from flyctl_orchestrator.report.line import Line, Span

NORTH, SOUTH = 72.0, -56.0
NARROWEST, WIDEST = 40, 100
USUAL = 78
PEOPLE, FEW, MANY = ".", "o", "O"
# From this share of all users on a place is drawn large.
MANY_USERS = 0.1


def map_lines(
    land: Iterable[Place], users: Sequence[Users], regions: Mapping[str, Place], width: int | None
) -> list[Line]:
    """The world: dots where people live, o and O where the users are, codes of the regions.

    Args:
        regions: where those are that were chosen.
        width: columns there are; None for any number.
    """
    columns = max(NARROWEST, min(width or USUAL, WIDEST))
    # A character is about twice as high as it is wide.
    rows = round(columns * (NORTH - SOUTH) / 360 / 2)
    field = [[" "] * columns for _ in range(rows)]
    for at in land:
        _put(field, at, PEOPLE)
    shares: dict[tuple[int, int], float] = {}
    for some in users:
        spot = _spot(field, some.at)
        shares[spot] = shares.get(spot, 0.0) + some.share
    for (row, column), share in shares.items():
        field[row][column] = MANY if share >= MANY_USERS else FEW
    taken: dict[tuple[int, int], str] = {}
    for code, at in regions.items():
        _label(field, taken, code, at)
    legend = f"{PEOPLE} people  {FEW} users  {MANY} a tenth of them or more  abc a region"
    return [*(_line(row, number, taken) for number, row in enumerate(field)), Line.of(Span(legend, "quiet"))]


def curve_lines(found: Suggestion, width: int | None) -> list[Line]:
    """A bar for each number of regions, as long as its round trip."""
    longest = max(choice.ms for choice in found.best) or 1.0
    room = max(10, min(width or USUAL, WIDEST) - 30)
    what = "mean" if found.by == "mean" else "P95"
    lines = [Line.of(Span(f"regions, and the {what} round trip with them", "quiet"))]
    for choice in found.best:
        bar = "#" * max(1, round(room * choice.ms / longest))
        lines.append(Line.of(f"{len(choice.regions):2}  ", Span(bar, "strong"), f" {max(1, round(choice.ms))} ms"))
    return lines


def _spot(field: Sequence[Sequence[str]], at: Place) -> tuple[int, int]:
    rows, columns = len(field), len(field[0])
    row = int((NORTH - at[0]) / (NORTH - SOUTH) * rows)
    column = int((at[1] + 180) / 360 * columns)
    return min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)


def _put(field: list[list[str]], at: Place, character: str) -> None:
    row, column = _spot(field, at)
    field[row][column] = character


def _label(field: list[list[str]], taken: dict[tuple[int, int], str], code: str, at: Place) -> None:
    """Write a code as near to its place as no other code is in the way."""
    row, column = _spot(field, at)
    rows, columns = len(field), len(field[0])
    near = sorted(
        ((down, across) for down in range(-3, 4) for across in range(-8, 9)),
        key=lambda step: abs(step[0]) * 4 + abs(step[1] + 1),
    )
    for down, across in near:
        top, left = row + down, column + across
        cells = [(top, left + index) for index in range(len(code))]
        around = [*cells, (top, left - 1), (top, left + len(code))]
        fits = 0 <= top < rows and left >= 0 and left + len(code) <= columns
        if fits and not any(cell in taken for cell in around):
            break
    else:
        return
    for beside in (left - 1, left + len(code)):
        if 0 <= beside < columns:
            field[top][beside] = " "
    for cell, letter in zip(cells, code, strict=True):
        taken[cell] = letter
        field[cell[0]][cell[1]] = letter


def _line(row: Sequence[str], number: int, taken: Mapping[tuple[int, int], str]) -> Line:
    parts: list[Span] = []
    for column, character in enumerate(row):
        strong = (number, column) in taken
        users = character in (FEW, MANY) and not strong
        parts.append(Span(character, "strong" if strong else "good" if users else "quiet"))
    while parts and parts[-1].text == " ":
        parts.pop()
    return Line(_joined(parts))


def _joined(parts: Iterable[Span]) -> tuple[Span, ...]:
    """Neighbours of the same tone as one span."""
    joined: list[Span] = []
    for span in parts:
        if joined and (joined[-1].tone == span.tone or span.text == " "):
            joined[-1] = Span(joined[-1].text + span.text, joined[-1].tone)
        else:
            joined.append(span)
    return tuple(joined)
