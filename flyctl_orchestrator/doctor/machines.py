"""The rest of fly.toml: size, sleep, end and environment of machines, and how many there are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flyctl_orchestrator.catalog.regions import RegionBook
from flyctl_orchestrator.catalog.sizes import memory_range, preset
from flyctl_orchestrator.doctor.finding import Finding
from flyctl_orchestrator.doctor.services import entries
from flyctl_orchestrator.project.duration import parse_duration
from flyctl_orchestrator.project.flytoml.values import pick, tables_of, whole_of, words_of
from flyctl_orchestrator.project.model import FlyToml, Size

# MB. Fly's pages disagree about suspending: up to 2 GB is fine by all of them, above 4 GB by none.
SUSPEND_FINE, SUSPEND_MOST = 2048, 4096
# Seconds that Fly.io waits at most between the signal and the kill; statics it serves.
LONGEST_KILL, MOST_STATICS = 300.0, 10


def check_machines(
    fly: FlyToml, regions: Mapping[str, int], book: RegionBook, start_commands: str
) -> Iterator[Finding]:
    """What is wrong with the machines that fly.toml describes.

    Args:
        regions: machines wanted per region.
        book: what is known of regions.
        start_commands: every text that may say what starts the app: processes, the Dockerfile.
    """
    yield from _suspend(fly)
    yield from _end(fly, start_commands)
    yield from _environment(fly)
    yield from _numbers(fly, regions)
    for code in sorted({*regions, *([fly.primary_region] if fly.primary_region else [])}):
        region = book.get(code)
        if region is not None and region.deprecated:
            what = f"region {code} ({region.city}) is deprecated and takes no new machines"
            near = [f"{each.code} ({each.city})" for each in (book.nearest(region.at) if region.at else ())]
            fix = f"Move to an open region{', the nearest are ' + ', '.join(near) if near else ''}"
            yield Finding("warning", fly.shown, what, fix, code="doctor.region_closing")


def memory_of(size: Size) -> int | None:
    """MB of a machine of this size, None when it cannot be told."""
    if size.memory_mb is not None:
        return size.memory_mb
    if found := preset(size.size):
        return memory_range(*found)[0]
    return None if size.size or size.cpus else 256


def _suspend(fly: FlyToml) -> Iterator[Finding]:
    served = [service.processes for service in fly.services if service.auto_stop == "suspend"]
    advice = 'Use auto_stop_machines = "stop"'
    for group in (group for group in fly.process_groups if any(fly.belongs(each, group) for each in served)):
        memory = memory_of(fly.size_of(group))
        if memory is not None and memory > SUSPEND_FINE:
            instead = ": they are stopped instead" if memory > SUSPEND_MOST else ""
            what = f"machines of process group {group} have {memory} MB and are to be suspended{instead}"
            fix = f"{advice}, or {SUSPEND_FINE} MB or less"
            yield Finding("warning", fly.shown, what, fix, code="doctor.suspend_memory")
    if served and whole_of(pick(fly.raw, "swap_size_mb")):
        yield Finding("error", fly.shown, "machines with swap cannot be suspended", advice, code="doctor.suspend_swap")


def _end(fly: FlyToml, start_commands: str) -> Iterator[Finding]:
    signal = pick(fly.raw, "kill_signal")
    if signal in (None, "SIGINT") and re.search(r"\bgunicorn\b", start_commands):
        yield Finding(
            "warning", fly.shown, "gunicorn is stopped with SIGINT, on which it drops the requests that are under way",
            'Set kill_signal = "SIGTERM"', code="doctor.sigint_gunicorn", change=(("kill_signal",), "SIGTERM"),
        )  # fmt: skip
    try:
        given = pick(fly.raw, "kill_timeout")
        seconds = parse_duration(given) if given is not None else 0.0
    except ValueError:
        return  # flyctl says so
    if seconds > LONGEST_KILL:
        what = f"kill_timeout is {seconds:g} s, and Fly.io waits {LONGEST_KILL:g} s at most"
        yield Finding("error", fly.shown, what, "Set kill_timeout to 300 or less", code="doctor.kill_timeout")


def _environment(fly: FlyToml) -> Iterator[Finding]:
    for name in fly.env:
        if name == "PRIMARY_REGION":
            what = "[env] sets PRIMARY_REGION, which Fly.io sets itself"
            yield Finding("error", fly.shown, what, "Set primary_region instead", code="doctor.env_primary_region")
        elif name.startswith("FLY_"):
            what = f"[env] sets {name}; names that begin with FLY_ are Fly.io's own"
            yield Finding("error", fly.shown, what, "Choose another name", code="doctor.env_reserved")


def _numbers(fly: FlyToml, regions: Mapping[str, int]) -> Iterator[Finding]:
    if not fly.primary_region:
        what = "no primary_region: flyctl chooses where the first machine goes, and PRIMARY_REGION is not set"
        yield Finding(
            "warning", fly.shown, what, "Set primary_region, best to the region of the database",
            code="doctor.no_primary_region",
        )  # fmt: skip
    if any(True for _ in entries(fly.raw, fly.shown)) and sum(regions.values()) == 1:
        yield Finding(
            "warning", fly.shown, "one machine alone: when its host is down, so is the app",
            "Give a region a second one, or add a region", code="doctor.single_machine",
        )  # fmt: skip
    if not fly.sizes:
        yield Finding(
            "info", fly.shown, "no [[vm]]: machines have the smallest size, or the one they were given by hand",
            'Write [[vm]] with a size, e.g. "shared-cpu-1x"', code="doctor.no_vm",
        )  # fmt: skip
    statics = tables_of(pick(fly.raw, "statics")) or ()
    if len(statics) > MOST_STATICS:
        what = f"{len(statics)} [[statics]], and Fly.io serves {MOST_STATICS} at most"
        yield Finding("error", fly.shown, what, "Serve the rest by the app", code="doctor.many_statics")
    yield from _mounts(fly)
    yield from _strategy(fly)


def _mounts(fly: FlyToml) -> Iterator[Finding]:
    tables = [table for key in ("mounts", "mount") for table in tables_of(pick(fly.raw, key)) or ()]
    named = [words_of(pick(table, "processes")) for table in tables]
    groups = [group for each in named for group in fly.process_groups if fly.belongs(each, group)]
    for group, number in Counter(groups).items():
        if number > 1:
            what = f"process group {group} has {number} [[mounts]], and a machine can have one volume"
            yield Finding("error", fly.shown, what, "Leave one, with directories in it", code="doctor.many_mounts")


def _strategy(fly: FlyToml) -> Iterator[Finding]:
    deploy = pick(fly.raw, "deploy")
    strategy = pick(deploy, "strategy") if isinstance(deploy, dict) else None
    if strategy in ("bluegreen", "canary") and fly.mounts:
        what, for_it = f"[deploy] strategy {strategy} does not work with volumes", ""
    elif strategy == "bluegreen" and not _any_check(fly.raw):
        what = "[deploy] strategy bluegreen needs a check to tell when the new machines are well"
        for_it = ", or add a check"
    else:
        return
    advice = f"flyo rolls out its own way; for 'fly deploy' use strategy = \"rolling\"{for_it}"
    yield Finding("warning", fly.shown, what, advice, code="doctor.strategy")


def _any_check(raw: Mapping[str, Any]) -> bool:
    kinds: Iterable[str] = ("checks", "http_checks", "tcp_checks")
    return bool(pick(raw, "checks")) or any(entry.get(key) for entry in entries(raw, "") for key in kinds)
