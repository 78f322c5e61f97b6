"""Answers of the API as they look during a fault: hosts out of reach, clocks that are off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flyctl_orchestrator.local.api.render import timestamp
from flyctl_orchestrator.local.core.fault import Fault, Place
from flyctl_orchestrator.local.core.fault_board import FaultBoard

if TYPE_CHECKING:
    from flyctl_orchestrator.local.platform import Platform

_TEXT_TIMES = frozenset({"created_at", "updated_at", "exited_at"})
UNREACHABLE = "unreachable"


def reachability(platform: Platform, body: Any) -> Any:
    """`body` with `host_status` as it is: "unreachable" for machines nobody can reach. Unchanged when all can be."""
    if isinstance(body, list):
        shown = [reachability(platform, one) for one in body]
        return body if all(new is old for new, old in zip(shown, body, strict=True)) else shown
    if not isinstance(body, dict) or "host_status" not in body:
        return body
    machine = platform.kernel.machines.get(str(body.get("id", "")))
    if machine is None or platform.faults.out_of_reach(machine) is None:
        return body
    return {**body, "host_status": UNREACHABLE}


@dataclass(frozen=True)
class Skew:
    """By how much clocks are off: in all answers about one place, or by each machine's own region."""

    faults: tuple[Fault, ...]
    place: Place

    @classmethod
    def of(cls, board: FaultBoard, place: Place) -> Skew | None:
        """The skew that holds now, None when all clocks are right."""
        faults = tuple(fault for fault in board if fault.name == "clock-skew")
        return cls(faults, place) if faults else None

    def at(self, place: Place) -> float:
        """Seconds by which a clock at a place is off."""
        return next((fault.number("seconds") for fault in self.faults if fault.reaches(place)), 0.0)


def skewed(body: Any, skew: Skew) -> Any:
    """`body` with every time shifted."""
    return _shifted(body, skew, skew.place)


def _shifted(value: Any, skew: Skew, place: Place) -> Any:
    if isinstance(value, list):
        return [_shifted(one, skew, place) for one in value]
    if not isinstance(value, dict):
        return value
    here = _place_of(value, place)
    seconds = skew.at(here)
    return {key: _moved(key, one, seconds, skew, here) for key, one in value.items()}


def _place_of(value: Mapping[str, Any], place: Place) -> Place:
    if "region" in value and "instance_id" in value:
        return Place(place.app, str(value["region"]), str(value.get("id", "")))
    return place


def _moved(key: str, value: Any, seconds: float, skew: Skew, place: Place) -> Any:
    if key == "config":
        return value  # the user's own; nothing in it is the platform's time
    if key in _TEXT_TIMES and isinstance(value, str) and seconds:
        return timestamp(datetime.fromisoformat(value).astimezone(UTC).timestamp() + seconds)
    if key == "timestamp" and isinstance(value, int):
        return value + int(seconds * 1000)
    if key == "expires_at" and isinstance(value, int):
        return value + int(seconds)
    return _shifted(value, skew, place)
