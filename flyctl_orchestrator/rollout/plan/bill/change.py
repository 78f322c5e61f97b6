"""Two bills of an app, line by line: what a month costs more or less."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flyctl_orchestrator.rollout.plan.bill.bill import Bill, Item


@dataclass(frozen=True)
class Side:
    """A line of one bill: how much in words, "" where the bill has no such line; US dollars, None when not known."""

    amount: str
    usd: float | None

    def as_dict(self) -> dict[str, Any] | None:
        """The side as plain JSON values, None where there is no such line."""
        return {"amount": self.amount, "usd_per_month": _cents(self.usd)} if self.amount else None


ABSENT = Side("", 0.0)


@dataclass(frozen=True)
class Change:
    """The same thing in the same region, in both bills."""

    what: str
    where: str
    before: Side
    after: Side

    @property
    def usd(self) -> float | None:
        """What it costs more or less a month; None when that is not known. What stays the same costs no more."""
        if self.before == self.after:
            return 0.0
        if self.before.usd is None or self.after.usd is None:
            return None
        return self.after.usd - self.before.usd

    def as_dict(self) -> dict[str, Any]:
        """The line as plain JSON values."""
        return {
            "what": self.what,
            "region": self.where or None,
            "before": self.before.as_dict(),
            "after": self.after.as_dict(),
            "change_usd_per_month": _cents(self.usd),
        }


@dataclass(frozen=True)
class BillChange:
    """What a bill becomes."""

    before: Bill
    after: Bill
    lines: tuple[Change, ...]

    @property
    def usd(self) -> float | None:
        """What a month costs more or less; None when that is not known of some line."""
        changes = [line.usd for line in self.lines]
        return None if None in changes else sum(change or 0.0 for change in changes)

    def as_dict(self) -> dict[str, Any]:
        """Both sums and every line, as plain JSON values."""
        return {
            "change_usd_per_month": _cents(self.usd),
            "before": {"usd_per_month": _cents(self.before.total), "complete": self.before.complete},
            "after": {"usd_per_month": _cents(self.after.total), "complete": self.after.complete},
            "items": [line.as_dict() for line in self.lines],
            "prices_as_of": self.after.as_of,
        }


def compare(before: Bill, after: Bill) -> BillChange:
    """Put two bills beside each other, the lines of the later one first."""
    old, new = _sides(before.items), _sides(after.items)
    keys = dict.fromkeys([*new, *old])
    return BillChange(before, after, tuple(Change(*key, old.get(key, ABSENT), new.get(key, ABSENT)) for key in keys))


def _sides(items: Iterable[Item]) -> dict[tuple[str, str], Side]:
    """The lines by what and where; several of the same, such as volumes of two process groups, are one."""
    found: dict[tuple[str, str], Side] = {}
    for item in items:
        key = (item.what, item.where)
        side = Side(item.amount, item.usd)
        if key in found:
            usd = None if item.usd is None or found[key].usd is None else item.usd + (found[key].usd or 0.0)
            side = Side(f"{found[key].amount}, {item.amount}", usd)
        found[key] = side
    return found


def _cents(usd: float | None) -> float | None:
    # Zero has no sign.
    return None if usd is None else round(usd, 2) + 0.0
