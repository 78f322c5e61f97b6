"""A bad day: one fault, in one region, from one moment of the rollout on."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.rollout.context.events import Event
from flyctl_orchestrator.rollout.rehearsal.fault_spec import NEW, about_image

Moment = Literal["before", "at", "after"]
MOMENTS: tuple[Moment, ...] = ("before", "at", "after")
# Seconds that trouble of the platform lasts; a bad release stays bad.
LASTS = 30.0
# Trouble of the way to the platform and not of a region: one day each, from the beginning.
NOWHERE = frozenset({"builder-drops"})
# A release with one of these must not be judged to be good.
CONDEMNING = frozenset({"crash-loop", "crash-after", "failing-check", "error-share"})
FAIR = "fair-weather"


@dataclass(frozen=True)
class BadDay:
    """What goes wrong, where and when; no fault at all on a fair day.

    Attributes:
        fault: body of the request for it, all but the image's reference.
    """

    name: str
    fault: Mapping[str, Any]
    region: str = ""
    moment: Moment = "before"

    @property
    def condemned(self) -> bool:
        """Whether the new release is bad from the start, so that it must not stay."""
        return self.fault.get("name") in CONDEMNING and self.moment == "before"

    def seed(self, seed: int) -> int:
        """What decides everything that is left to chance, of a run with this seed."""
        return zlib.crc32(f"{seed}/{self.name}".encode())


FAIR_DAY = BadDay(FAIR, {})


def bad_days(known: Sequence[Mapping[str, Any]], regions: Sequence[str]) -> list[BadDay]:
    """Every fault in every region at every moment.

    Args:
        known: the faults there are, as the platform lists them: `name`, and `set` with the settings each has.
    """
    days = []
    for kind in known:
        body = _body(kind)
        if kind["name"] in NOWHERE:
            days.append(BadDay(kind["name"], body))
            continue
        for region in regions:
            for moment in MOMENTS:
                name = f"{kind['name']}@{region}:{moment}"
                days.append(BadDay(name, {**body, "region": region}, region, moment))
    return days


def _body(kind: Mapping[str, Any]) -> dict[str, Any]:
    """A fault of a release strikes the new one, for good; others pass."""
    body: dict[str, Any] = {"name": kind["name"]}
    if "image" in kind["set"]:
        return {**body, "set": {"image": NEW}}
    return body if kind["times"] else {**body, "for": LASTS}


def chosen(days: Sequence[BadDay], only: Sequence[str]) -> list[BadDay]:
    """The days with these names, all of them when none is named.

    Raises:
        UsageError: there is no such day.
    """
    known = {day.name: day for day in days}
    for name in only:
        if name not in known:
            raise UsageError(
                f"there is no bad day '{name[:80]}'",
                where="--only",
                next=f"Write FAULT@REGION:MOMENT, e.g. {days[0].name}; 'flyo local fault names' lists the faults",
                code="rehearse.day",
            )
    return [known[name] for name in only] if only else list(days)


class Trigger:
    """Sets a day's fault when its moment has come. To be told every event of the rollout.

    Args:
        set_fault: sets a fault; gives what the platform says of it.
    """

    def __init__(self, day: BadDay, set_fault: Callable[[Mapping[str, Any]], None]) -> None:
        self._day = day
        self._set_fault = set_fault
        self._image = ""
        self.struck = False

    def hear(self, event: Event) -> None:
        """Something has happened."""
        if event.name == "build.finished":
            self._image = str(event.fields["ref"])
        if not self.struck and self._day.fault and self._has_come(event):
            self.struck = True
            self._set_fault(about_image(self._day.fault, self._image))

    def _has_come(self, event: Event) -> bool:
        day, fields = self._day, event.fields
        if not day.region:
            return event.name == "build.started"
        if day.moment == "at":
            return event.name == "step.finished" and fields.get("region") == day.region
        name = "wave.started" if day.moment == "before" else "wave.passed"
        return event.name == name and day.region in fields.get("regions", ())
