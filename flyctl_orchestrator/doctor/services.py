"""Services of fly.toml: how machines are woken, put to sleep, filled and checked.

What counts is what Fly.io's configuration reference says; whether the file is valid at all is flyctl's to say.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flyctl_orchestrator.doctor.finding import Finding, Severity
from flyctl_orchestrator.project.duration import parse_duration
from flyctl_orchestrator.project.flytoml.values import pick, tables_of, whole_of, words_of

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Entry:
    """One `[http_service]` or `[[services]]`.

    Attributes:
        path: where it stands in the file.
        shown: what to call it, e.g. "fly.toml [http_service]".
        http: whether the proxy speaks HTTP to it.
    """

    table: Mapping[str, Any]
    path: Path
    shown: str
    http: bool

    def get(self, key: str) -> Any:
        """The value of a key, in any case of letters."""
        return pick(self.table, key)


def entries(raw: Mapping[str, Any], file: str) -> Iterator[Entry]:
    """Every service of a fly.toml.

    Args:
        file: what to call the file.
    """
    http = pick(raw, "http_service")
    if isinstance(http, dict):
        yield Entry(http, ("http_service",), f"{file} [http_service]", http=True)
    for index, table in enumerate(tables_of(pick(raw, "services")) or ()):
        handlers = [each for port in tables_of(pick(table, "ports")) or () for each in words_of(pick(port, "handlers"))]
        yield Entry(table, ("services", index), f"{file} [[services]] {index + 1}", http="http" in handlers)


def check_top_level(raw: Mapping[str, Any], file: str) -> Iterator[Finding]:
    """What is wrong with the times of `[checks]`."""
    named = pick(raw, "checks")
    for name, table in (named if isinstance(named, dict) else {}).items():
        if isinstance(table, dict):
            yield from _check_times("error", f"{file} [checks.{name}]", [table], REFUSED)


def check_services(raw: Mapping[str, Any], file: str, regions: int) -> Iterator[Finding]:
    """What is wrong with the services of a fly.toml.

    Args:
        regions: in how many regions the app is to run.
    """
    for entry in entries(raw, file):
        yield from _sleep(entry, regions)
        yield from _load(entry, regions)
        yield from _checks(entry, bool(pick(raw, "checks")))
        yield from _check_times("warning", f"{entry.shown} check", _of_entry(entry), CHANGED)
        if entry.http and entry.path == ("http_service",) and entry.get("force_https") is not True:
            yield Finding(
                "warning", entry.shown, "http:// is served as it is", "Set force_https = true", code="doctor.no_https"
            )


def _sleep(entry: Entry, regions: int) -> Iterator[Finding]:
    stop, start = entry.get("auto_stop_machines"), entry.get("auto_start_machines")
    least = whole_of(entry.get("min_machines_running")) or 0
    asleep = stop is True or stop in ("stop", "suspend")
    if isinstance(stop, bool):
        word = "stop" if stop else "off"
        yield Finding(
            "warning", entry.shown, f"auto_stop_machines = {str(stop).lower()} is the old spelling",
            f'Write auto_stop_machines = "{word}", which means the same', code="doctor.autostop_boolean",
            change=((*entry.path, _key(entry, "auto_stop_machines")), word),
        )  # fmt: skip
    if asleep and start is False:
        yield Finding(
            "warning", entry.shown, "machines are put to sleep when idle, and no request wakes them",
            "Set auto_start_machines = true", code="doctor.never_woken",
        )  # fmt: skip
    if least > 0 and not asleep:
        yield Finding(
            "warning", entry.shown, f"min_machines_running = {least} has no effect, because autostop is off",
            'Set auto_stop_machines = "suspend" or "stop", or remove min_machines_running',
            code="doctor.min_running_unused",
        )  # fmt: skip
    elif least > 0 and regions > 1:
        yield Finding(
            "warning", entry.shown, f"min_machines_running = {least} counts in the primary region only",
            "Nothing, if that is meant; with autostop off machines stay awake everywhere",
            code="doctor.min_running_primary",
        )  # fmt: skip


def _load(entry: Entry, regions: int) -> Iterator[Finding]:
    limits = entry.get("concurrency")
    table = limits if isinstance(limits, dict) else {}
    soft, hard = whole_of(pick(table, "soft_limit")), whole_of(pick(table, "hard_limit"))
    if entry.http and pick(table, "type") == "connections":
        yield Finding(
            "warning", entry.shown, "concurrency counts connections, and the proxy reuses those of HTTP",
            'Set type = "requests", with limits for requests', code="doctor.connections",
        )  # fmt: skip
    if soft is not None and hard is not None and soft > hard:
        yield Finding(
            "error", entry.shown, f"soft_limit {soft} is above hard_limit {hard}",
            "Make soft_limit the smaller one", code="doctor.soft_above_hard",
        )  # fmt: skip
    if hard is None and regions > 1 and not isinstance(limits, str):
        yield Finding(
            "warning", entry.shown, "without a hard_limit a crowded region never hands requests to another one",
            "Set concurrency hard_limit to what a machine can take", code="doctor.no_hard_limit",
        )  # fmt: skip


def _checks(entry: Entry, top_level: bool) -> Iterator[Finding]:
    if any(entry.get(key) for key in ("checks", "http_checks", "tcp_checks")):
        return
    what = "no check of its own, so that sick machines go on getting requests"
    if top_level:
        what = "only top-level [checks], which do not keep requests from sick machines"
    yield Finding("warning", entry.shown, what, "Add a check to the service itself", code="doctor.no_service_check")


def _of_entry(entry: Entry) -> list[Mapping[str, Any]]:
    return [table for key in ("checks", "http_checks", "tcp_checks") for table in tables_of(entry.get(key)) or ()]


# Seconds at least and at most. Top-level checks outside of them are refused, those of services are brought into them.
REFUSED = {"interval": (2.0, math.inf), "timeout": (0.0, 60.0)}
CHANGED = {"interval": (1.0, 60.0), "timeout": (1.0, 60.0)}


def _check_times(
    severity: Severity, where: str, tables: Iterable[Mapping[str, Any]], limits: Mapping[str, tuple[float, float]]
) -> Iterator[Finding]:
    for table in tables:
        for key, (least, most) in limits.items():
            try:
                given = pick(table, key)
                seconds = least if given is None else parse_duration(given)
            except ValueError:
                continue  # flyctl says so
            if not least <= seconds <= most:
                limit = f"at least {least:g} s" if seconds < least else f"{most:g} s at most"
                what = f"{key} is {seconds:g} s, and Fly.io takes {limit}"
                yield Finding(severity, where, what, f"Set {key} to {limit}", code="doctor.check_times")


def _key(entry: Entry, name: str) -> str:
    """The key as the file spells it."""
    return next(key for key in entry.table if key.lower() == name)
