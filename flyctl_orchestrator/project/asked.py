"""What was asked of `flyo init` so far, what is still missing, and the defaults for the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from flyctl_orchestrator.catalog.sizes import STEP_MB, memory_range, preset, size_names
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.flyotoml import valid_path
from flyctl_orchestrator.project.flytoml import valid_app_name
from flyctl_orchestrator.project.model import Size
from flyctl_orchestrator.project.scaffold import DEFAULT_SIZE, Answers, Existing, megabytes

DEFAULT_PRIMARY = "iad"

_MEMORY = re.compile(r"([1-9]\d{0,5})(mb|gb)?", re.ASCII)


@dataclass(frozen=True)
class Asked:
    """One field per question of `flyo init`; None where there is no answer yet. See `Answers`."""

    app: str | None = None
    primary: str | None = None
    regions: Mapping[str, int] | None = None
    port: int | None = None
    health: str | None = None
    auto_stop: str | None = None
    size: str | None = None
    memory: str | None = None
    start: str | None = None
    database: str | None = None


def missing_flags(asked: Asked, existing: Existing) -> list[str]:
    """Flags without which there is nothing to go by, where there is no terminal to ask at."""
    missing = []
    if not asked.app and not (existing.fly and existing.fly.app):
        missing.append("--name")
    if not asked.regions and not asked.primary and not (existing.fly and existing.fly.primary_region):
        missing.append("--regions")
    return missing


def complete(asked: Asked, existing: Existing, directory: str, region: str = DEFAULT_PRIMARY) -> Answers:
    """The answers, with defaults where nothing was asked and nothing is there.

    Args:
        directory: name of the directory, from which an app's name can be made.
        region: the primary one where nobody names any.

    Raises:
        UsageError: an answer makes no sense, alone or with the others.
    """
    _check(asked)
    fly, flyo = existing.fly, existing.flyo
    app = asked.app or (fly.app if fly else None) or app_name_from(directory)
    regions = dict(asked.regions or (flyo.regions if flyo else {}))
    known_primary = fly.primary_region if fly else None
    with_machines = [code for code, count in regions.items() if count]
    primary = asked.primary or known_primary or next(iter(with_machines or regions), region)
    regions = regions or {primary: 1}
    if not regions.get(primary):
        raise _without_primary(primary, regions, where="--regions" if asked.regions else "--primary")
    _check_size(asked, existing)
    if asked.database:
        _check_litefs(asked, primary, regions[primary])
    return Answers(
        app=app,
        primary=primary,
        regions=regions,
        port=asked.port,
        health=asked.health,
        auto_stop="off" if asked.database else asked.auto_stop,
        size=asked.size,
        memory=memory_text(asked.memory) if asked.memory else None,
        start=asked.start,
        database=asked.database,
    )


def app_name_from(directory: str) -> str:
    """A possible app name made of a directory's name: "My App_2" is my-app-2."""
    name = re.sub(r"[^a-z0-9]+", "-", directory.lower()).strip("-")[:63].strip("-")
    return name if valid_app_name(name) else "my-app"


def memory_text(memory: str) -> str:
    """ "512mb" or "1gb", from that or from a bare number of MB.

    Raises:
        UsageError: it is not an amount of memory.
    """
    found = _MEMORY.fullmatch(memory.strip().lower())
    if not found:
        what, advice = "is not an amount of memory", "Write 512mb or 1gb"
        raise UsageError(what, where="--vm-memory", next=advice, code="usage.memory")
    return f"{found[1]}{found[2] or 'mb'}"


def _check_litefs(asked: Asked, primary: str, count: int) -> None:
    """Refuse what loses data with it."""
    if asked.auto_stop not in (None, "off"):
        what, advice = f"--auto-stop {asked.auto_stop} loses data with LiteFS", "Leave it out: machines stay awake"
    elif count != 1:
        what = f"{primary} is to have {count} machines, and with LiteFS one machine of the primary region writes"
        advice = f"Give --regions {primary}=1,…"
    else:
        return
    raise UsageError(what, where="--database litefs", next=advice, code="usage.litefs")


def _check(asked: Asked) -> None:
    if asked.app is not None and not valid_app_name(asked.app):
        raise UsageError(
            "is not a valid app name",
            where="--name",
            next="Use 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end",
            code="config.app_name",
        )
    if asked.health is not None and not valid_path(asked.health):
        raise UsageError(
            "is not a request path",
            where="--health-path",
            next="Write --health-path /health: it starts with / and has no spaces",
            code="usage.path",
        )
    if asked.start is not None and (not asked.start.strip() or not asked.start.isprintable()):
        raise UsageError("is not a command", where="--start", next="Give it as one line", code="usage.start")
    if asked.size is not None and preset(asked.size) is None:
        named = f"'{asked.size}'" if asked.size.isprintable() and len(asked.size) <= 40 else repr(asked.size[:40])
        raise UsageError(
            f"{named} is not a machine size",
            where="--vm-size",
            next=f"Fly.io has {', '.join(size_names())}",
            code="usage.size",
        )


def _without_primary(primary: str, regions: Mapping[str, int], *, where: str) -> UsageError:
    """The error for a primary region that gets no machine."""
    others = [f"{code}={count}" if count != 1 else code for code, count in regions.items() if count]
    if primary in regions:
        what = f"primary region '{primary}' is to have no machine"
    else:
        what = f"primary region '{primary}' is not among the regions {', '.join(regions)}"
    instead = f"Give --primary {others[0].partition('=')[0]}, or " if others else "Give "
    return UsageError(
        what, where=where, next=f"{instead}--regions {','.join([primary, *others])}", code="usage.primary"
    )


def _check_size(asked: Asked, existing: Existing) -> None:
    """Make sure that memory and size fit, of which the one that was not asked for may be in a file.

    Raises:
        UsageError: Fly.io has no machine like that (code usage.memory).
    """
    if not (asked.memory or asked.size):
        return
    now = existing.fly.size_of(existing.fly.process_groups[0]) if existing.fly else None
    kind = (preset(asked.size) if asked.size else None) or _processors(now)
    memory = megabytes(memory_text(asked.memory)) if asked.memory else now.memory_mb if now else None
    if kind is None or memory is None:
        return
    least, most = memory_range(*kind)
    if least <= memory <= most and memory % STEP_MB == 0:
        return
    size = asked.size or (now.size if now else "") or DEFAULT_SIZE
    raise UsageError(
        f"{size} has no {memory} MB of memory" + ("" if asked.memory else f", as {existing.config} says"),
        where="--vm-memory" if asked.memory else "--vm-size",
        next=f"Give --vm-memory {least}mb up to {most}mb, in steps of {STEP_MB} MB"
        + ("" if asked.size else ", or another --vm-size"),
        code="usage.memory",
    )


def _processors(now: Size | None) -> tuple[str, int] | None:
    """What a file's machines have; None where that is put together of parts, which flyctl judges."""
    if now is not None and (now.cpus or now.cpu_kind or now.gpu_kind):
        return None
    return preset(now.size or DEFAULT_SIZE) if now else preset(DEFAULT_SIZE)
