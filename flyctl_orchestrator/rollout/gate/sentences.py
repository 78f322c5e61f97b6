"""Verdicts in words, with their numbers. Bounds are rounded to the safe side."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from statistics import median

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.redact import without_queries
from flyctl_orchestrator.rollout.gate.error_rate import at_least, at_most
from flyctl_orchestrator.rollout.gate.latency import Pair


def accepted(good: int, asked: int, guess: str = "") -> str:
    """What a pass rests on, e.g. "40 of 40 good: error rate below 7.3 % (95 %)"; "" when nobody was asked.

    Args:
        guess: how the page answered that was asked because no health page is named, where it was not with 2xx.
    """
    what = "not broken" if guess else "good"
    bound = percent(at_most(asked - good, asked), up=True) if asked else ""
    counted = f"{good} of {asked} {what}: error rate below {bound} (95 %)" if asked else ""
    return ": ".join(filter(None, (f"no health page is named ([probe] path), and {guess}" if guess else "", counted)))


def guessed(path: str, statuses: Collection[int]) -> str:
    """How a page answered that nobody has named, e.g. "/ answered 302 and 404"; "" for no status."""
    return f"{path} answered {' and '.join(map(str, sorted(statuses)))}" if statuses else ""


def name_a_page(seen: Iterable[Machine | None]) -> str:
    """What to do where "/" was asked and is broken, since nobody has named a health page.

    Args:
        seen: the machines; the first check of theirs that asks for a page names a better one.
    """
    asked = next((machine.page_checked for machine in seen if machine and machine.page_checked), "")
    page = f"{asked}, which fly.toml's check asks for," if asked else "another page"
    return f"If {page} tells that the app is well, name it: [probe] path in flyo.toml; paths = [] there leaves / alone"


def refused(asked: int, wrong: Mapping[str, Mapping[str, int]], before: int, before_of: int) -> str:
    """Why a release is refused.

    Args:
        wrong: page -> what was wrong with its answers -> how often.
        before, before_of: errors among the answers of these pages before the change, and how many answers there were.
    """
    errors = sum(count for kinds in wrong.values() for count in kinds.values())
    named = "; ".join(f"{without_queries(path)}: {_listed(kinds)}" for path, kinds in wrong.items() if kinds)
    then = f", before the change {before} of {before_of}" if before_of else ""
    bound = percent(at_least(errors, asked), up=False)
    return f"{errors} of {asked} answers were errors ({named}){then}: error rate above {bound} (95 %)"


def users_refused(asked: int, errors: int, before: int, errors_before: int) -> str:
    """Why a release is refused whose users get more errors than before."""
    then = f", before the change {errors_before:,} of {before:,}" if before else ""
    bound = percent(at_least(errors, asked), up=False)
    return f"{errors:,} of {asked:,} requests of users were answered with 5xx{then}: error rate above {bound} (95 %)"


def slowed(path: str, region: str, pair: Pair) -> str:
    """Why a release is refused that has become slower."""
    now, then = median(pair.after) * 1000, median(pair.before) * 1000
    counts = f"medians of {len(pair.after)} and {len(pair.before)} answers"
    return f"{without_queries(path)} took {now:.0f} ms in {region}, {then:.0f} ms before the change ({counts})"


def percent(share: float, *, up: bool) -> str:
    """A share as a percentage, with one digit after the point below 10 %, rounded up or down."""
    scale = 1000 if share < 0.1 else 100
    whole = (math.ceil if up else math.floor)(round(share * scale, 6))
    return f"{whole * 100 / scale:g} %"


def _listed(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{count} x {kind}" for kind, count in sorted(kinds.items(), key=lambda each: (-each[1], each[0])))
