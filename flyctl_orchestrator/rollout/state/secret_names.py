"""Which of an app's secrets have changed between two moments, by name: nothing is known of values, or kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from flyctl_orchestrator.rollout.state.metadata import digest_of

Fingerprints = Mapping[str, str]
"""Name -> something that changes with the value. It is made from Fly's digest and the name, and is neither of them."""

Change = Literal["changed", "new", "removed"]


@dataclass(frozen=True, order=True)
class ChangedSecret:
    """A secret that is not what it was; `change` says how."""

    name: str
    change: Change


def fingerprints(secrets: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What is remembered of secrets.

    Args:
        secrets: name and Fly's digest of each.
    """
    return {name: digest_of([name, digest]) for name, digest in secrets}


def changed_between(then: Fingerprints, now: Fingerprints) -> tuple[ChangedSecret, ...]:
    """The secrets that differ, by name."""

    def change(name: str) -> Change:
        return "new" if name not in then else "removed" if name not in now else "changed"

    return tuple(ChangedSecret(name, change(name)) for name in sorted({*then, *now}) if then.get(name) != now.get(name))
