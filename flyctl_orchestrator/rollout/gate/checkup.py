"""What can be looked at on a machine, as far as its configuration says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flyctl_orchestrator.fleet.machine import Machine

UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Checkup:
    """The ways in which a machine can be looked at.

    Attributes:
        checks: the platform checks it.
        http: the proxy sends it HTTP requests, so a probe from outside reaches it.
    """

    checks: bool
    http: bool

    @property
    def anything(self) -> bool:
        """Whether there is any way at all."""
        return self.checks or self.http


def looks_at(machine: Machine, *, hidden: bool = False) -> Checkup:
    """How a machine can be looked at now.

    A cordoned machine gets no requests of its own accord, so nothing is asked from outside, unless it is `hidden`: one
    that this rollout has created, and that answers to its id alone.
    """
    http = machine.serves and (hidden or not machine.cordoned) and any(_speaks_http(machine.config))
    return Checkup(checks=machine.has_checks, http=http)


def grace_of(machine: Machine) -> float:
    """The longest grace period of a machine's checks, in seconds."""
    return max((seconds(check.get("grace_period")) for check in _checks(machine.config)), default=0.0)


def seconds(value: Any) -> float:
    """A duration of a machine's configuration: "1m30s", or nanoseconds as a number; 0 when it is neither."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value / 1e9
    parts = re.findall(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)", value) if isinstance(value, str) else []
    return sum(float(number) * UNITS[unit] for number, unit in parts)


def _speaks_http(config: Mapping[str, Any]) -> Iterator[bool]:
    for service in config.get("services") or ():
        for port in service.get("ports") or ():
            yield "http" in (port.get("handlers") or ())


def _checks(config: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from (config.get("checks") or {}).values()
    for service in config.get("services") or ():
        yield from service.get("checks") or ()
