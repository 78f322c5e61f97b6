"""Machines paid a year ahead: what a reservation costs a month, what it pays for, and how much is worth reserving."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flyctl_orchestrator.catalog.prices import PriceBook, ReservationBlock

MONTHS = 12


@dataclass(frozen=True)
class Reservation:
    """So much of one kind of machines, paid ahead.

    Attributes:
        kind: "shared" or "performance".
        year: US dollars paid for a year.
        pays: US dollars of machines a month that it pays for, at most.
    """

    kind: str
    year: float
    pays: float

    @property
    def month(self) -> float:
        """What it costs a month."""
        return self.year / MONTHS

    def saves(self, machines: float) -> float:
        """US dollars it saves a month where machines of its kind cost so much; less than 0 when it is not worth it."""
        return min(self.pays, machines) - self.month


@dataclass(frozen=True)
class Advice:
    """The reservation that saves most, and how much a month."""

    reservation: Reservation
    saves: float

    def as_dict(self) -> dict[str, Any]:
        """The advice as plain JSON values."""
        kind, year = self.reservation.kind, round(self.reservation.year, 2)
        return {"kind": kind, "usd_per_year": year, "usd_per_month_saved": round(self.saves, 2)}


def smallest(book: PriceBook, kind: str) -> ReservationBlock | None:
    """The smallest reservation there is; all others are so many of it."""
    return min((block for block in book.reservations if block.kind == kind), key=lambda b: b.year, default=None)


def reservation_of(book: PriceBook, kind: str, year: float) -> Reservation | None:
    """The reservation for so many US dollars a year; None when no number of blocks costs that."""
    block = smallest(book, kind)
    if block is None:
        return None
    blocks = round(year / block.year)
    if blocks < 1 or not math.isclose(blocks * block.year, year):
        return None
    return Reservation(kind, blocks * block.year, blocks * block.month)


def worth_reserving(book: PriceBook, machines: Mapping[str, float]) -> tuple[Advice, ...]:
    """For each kind the reservation that saves most, if any saves a cent.

    Args:
        machines: US dollars a month by kind, without reservations.
    """
    found = []
    for kind, usd in machines.items():
        block = smallest(book, kind)
        if block is None:
            continue
        full = int(usd // block.month)
        options = [reservation_of(book, kind, blocks * block.year) for blocks in (full, full + 1)]
        best = max((option for option in options if option), key=lambda option: option.saves(usd), default=None)
        if best is not None and best.saves(usd) >= 0.005:
            found.append(Advice(best, best.saves(usd)))
    return tuple(found)
