"""A request for a fault, checked: whatever is wrong with it is said in one line."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from flyctl_orchestrator.local.base.duration import seconds
from flyctl_orchestrator.local.base.errors import invalid
from flyctl_orchestrator.local.base.regions import REGIONS
from flyctl_orchestrator.local.core.fault import Fault
from flyctl_orchestrator.local.core.fault_kinds import KINDS, LONGEST_SECONDS, FaultKind
from flyctl_orchestrator.local.core.kernel import Kernel

KEYS = ("name", "region", "app", "machine", "for", "times", "chance", "set")
MOST_TIMES = 1_000_000


def fault_of(kernel: Kernel, said: Mapping[str, Any]) -> Fault:
    """The fault a request's body asks for, not set yet.

    Args:
        said: name, region, app, machine, for (seconds, or "30s"), times, chance (0 to 1), set (settings by name).

    Raises:
        PlatformError: 400, with what is wrong.
    """
    unknown = [key for key in said if key not in KEYS]
    if unknown:
        raise invalid(f"a fault has no {unknown[0]!r}; it has: {', '.join(KEYS)}")
    kind = _kind(said.get("name"))
    region, app, machine = (_word(said, key) for key in ("region", "app", "machine"))
    if region is not None and region not in REGIONS:
        raise invalid(f"there is no region {region!r}{_meant(region, list(REGIONS))}")
    if machine is not None and machine not in kernel.machines:
        raise invalid(f"there is no machine {machine!r}")
    if kind.place and not (region or app or machine):
        raise invalid(f"{kind.name} needs a region, an app or a machine")
    lasts = _lasts(said.get("for"))
    settings = _settings(kind, said.get("set"))
    times, chance = _times(kind, said, settings), _chance(kind, said, settings)
    now = kernel.clock.now()
    return Fault(
        id=kernel.faults.new_id(),
        name=kind.name,
        since=now,
        region=region,
        app=app,
        machine=machine,
        until=None if lasts is None else now + lasts,
        left=kind.times if times is None and lasts is None else times,
        chance=chance,
        settings=settings,
        known=frozenset(one.image_digest for one in kernel.machines.values()),
    )


def _kind(name: Any) -> FaultKind:
    if not isinstance(name, str) or name not in KINDS:
        raise invalid(f"no fault is called {str(name)[:60]!r}{_meant(str(name), list(KINDS))}")
    return KINDS[name]


def _meant(said: str, known: list[str]) -> str:
    close = difflib.get_close_matches(said, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are: {', '.join(known)}"


def _word(said: Mapping[str, Any], key: str) -> str | None:
    value = said.get(key)
    if value is None or (isinstance(value, str) and value and value.isprintable()):
        return value
    raise invalid(f"{key} must be a name")


def _lasts(said: Any) -> float | None:
    if said is None:
        return None
    if isinstance(said, bool) or not isinstance(said, str | int | float):
        raise invalid("`for` must be a duration such as 30s")
    lasts = seconds(said, 0.0, "for") if isinstance(said, str) else float(said)
    if not 0 < lasts <= LONGEST_SECONDS:
        raise invalid("`for` must be more than 0 and no more than a day")
    return lasts


def _only_lasts(kind: FaultKind, settings: Mapping[str, Any]) -> bool:
    return not kind.counted or settings.get("at") == "app"


def _times(kind: FaultKind, said: Mapping[str, Any], settings: Mapping[str, Any]) -> int | None:
    times = said.get("times")
    if times is None:
        return None
    if isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= MOST_TIMES:
        raise invalid(f"times must be a whole number from 1 to {MOST_TIMES}")
    if _only_lasts(kind, settings):
        raise invalid(f"{kind.name} lasts and is not counted: say for how long instead of how many times")
    return times


def _chance(kind: FaultKind, said: Mapping[str, Any], settings: Mapping[str, Any]) -> float:
    chance = said.get("chance")
    if chance is None:
        return 1.0
    if isinstance(chance, bool) or not isinstance(chance, int | float) or not 0 < chance <= 1:
        raise invalid("chance must be more than 0 and no more than 1")
    if kind.shared:
        raise invalid(f"{kind.name} has a share instead of a chance: set share={chance:g}")
    if _only_lasts(kind, settings) and chance < 1:
        raise invalid(f"{kind.name} lasts and cannot be left to chance")
    return float(chance)


def _settings(kind: FaultKind, said: Any) -> dict[str, str | float | int]:
    given = said or {}
    if not isinstance(given, dict):
        raise invalid("`set` must be an object of names and values")
    for name in given:
        if name not in kind.settings:
            known = ", ".join(kind.settings) or "none"
            raise invalid(f"{kind.name} has no setting {str(name)[:60]!r}; it has: {known}")
    return {
        name: setting.read(name, given[name]) if name in given else setting.default
        for name, setting in kind.settings.items()
    }
