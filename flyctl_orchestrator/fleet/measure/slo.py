"""Limits for what is measured, as they are written on a command line: p95=200ms, errors=1%, cold=3s."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.fleet.measure.percentile import SHOWN, Latencies
from flyctl_orchestrator.project.duration import format_duration, parse_duration

Verdict = Literal["met", "missed", "unknown"]
NAMES = (*(f"p{p}" for p in SHOWN), "errors", "cold")


@dataclass(frozen=True)
class Limit:
    """One limit.

    Attributes:
        name: one of NAMES.
        most: seconds, or for "errors" a share of all requests from 0 to 1.
    """

    name: str
    most: float

    @property
    def text(self) -> str:
        """As it would be typed."""
        return f"{self.name}={self.most * 100:g}%" if self.name == "errors" else f"{self.name}={self.shown(self.most)}"

    def shown(self, value: float) -> str:
        """A value of what is limited, for a person: rounded, but never to the other side of the limit."""
        if value == float("inf"):
            return "failed"
        errors = self.name == "errors"
        rounded = [float(f"{value:.{digits}g}") if errors else round(value, digits) for digits in (3, 6)]
        told = next((one for one in rounded if bool(one) and (one > self.most) == (value > self.most)), value)
        return f"{told * 100:g} %" if errors else format_duration(told)

    def value(self, latencies: Latencies, cold: float | None) -> float | None:
        """What was measured of it; None when nothing was.

        Args:
            cold: seconds of the cold start, infinity for one that failed, None when none was measured.
        """
        if self.name == "cold":
            return cold
        return latencies.error_share if self.name == "errors" else latencies.percentile(int(self.name[1:]))

    def judge(self, value: float | None) -> Verdict:
        """Whether a measured value keeps to it; a value that is not there is neither good nor bad."""
        if value is None:
            return "unknown"
        return "met" if value <= self.most else "missed"


def parse_limit(text: str, *, where: str) -> Limit:
    """Read NAME=VALUE.

    Raises:
        UsageError: it is no limit (code probe.slo_syntax); says what one looks like.
    """
    name, _, value = text.strip().partition("=")
    try:
        if name not in NAMES:
            raise ValueError
        return Limit(name, _share(value) if name == "errors" else parse_duration(value))
    except ValueError:
        shown = text if text.isprintable() and len(text) <= 40 else repr(text[:40])
        raise UsageError(
            f"'{shown}' is no limit",
            where=where,
            next="Write e.g. p50=80ms, p95=200ms, p99=1s, errors=1% or cold=3s",
            code="probe.slo_syntax",
        ) from None


def _share(text: str) -> float:
    if not re.fullmatch(r"\d{1,3}(\.\d{1,6})?%", text, re.ASCII) or float(text[:-1]) > 100:
        raise ValueError
    return float(text[:-1]) / 100
