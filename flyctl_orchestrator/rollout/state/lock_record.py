"""The app's lock as metadata tells it: which machines keep it, and who holds it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flyctl_orchestrator.fleet.machine import Machine

MARK = "flyo_lock"
"""On a machine that keeps the lock and does nothing else."""
INSTEAD_OF = "flyo_lock_instead_of"
"""Ids of earlier lock machines, with commas: those do not count any more, since their hosts did not answer."""
SETTLED = "flyo_lock_settled"
"""On a machine with INSTEAD_OF: whoever held the lock on an earlier machine knows by now."""
HOLDER = "flyo_lock_holder"
"""Who holds the lock, or was the last one if nobody could erase it."""
LONGEST = 120

How = Literal["rollout", "hand"]


def plain(text: str) -> str:
    """`text` as one line of visible characters, at most LONGEST of them: others read it in their terminals."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:LONGEST]


def lease_digest(nonce: str) -> str:
    """A name for one lease that does not give its nonce away."""
    return hashlib.sha256(nonce.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class LockRecord:
    """One holder of an app's lock.

    Attributes:
        id: the holder's, unique.
        who: user@host.
        why: the command, or what the person said.
        how: taken by a rollout, which keeps a lease alive, or by hand, which lasts until it is given back.
        since: seconds since the epoch, by the platform's clock.
        expires: when one taken by hand ends by itself, by the same clock; None: never.
        lease: `lease_digest` of the lease that a rollout keeps; without that lease the record means nothing.
    """

    id: str
    who: str
    why: str
    how: How
    since: float = 0.0
    expires: float | None = None
    lease: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "who", plain(self.who))
        object.__setattr__(self, "why", plain(self.why))

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON values, times in seconds since the epoch."""
        facts = {"id": self.id, "who": self.who, "why": self.why, "how": self.how}
        return facts | {"since": round(self.since, 3), "expires": self.expires and round(self.expires, 3)}

    def as_value(self) -> str:
        """As a metadata value."""
        return json.dumps(self.as_dict() | {"lease": self.lease}, separators=(",", ":"))

    @property
    def by_hand(self) -> bool:
        """Whether a person took it, so that no lease keeps it."""
        return self.how == "hand"

    def lasts(self, now: float) -> bool:
        """Whether one taken by hand holds at a moment of the platform's clock."""
        return self.by_hand and (self.expires is None or now < self.expires)

    @classmethod
    def of_value(cls, value: str) -> LockRecord:
        """Read one back. What cannot be read counts as taken by hand: only a person can tell what it means."""
        try:
            data = json.loads(value)
            expires = data["expires"]
            return cls(
                id=plain(str(data["id"])),
                who=str(data["who"]),
                why=str(data["why"]),
                how="rollout" if data["how"] == "rollout" else "hand",
                since=float(data["since"]),
                expires=None if expires is None else float(expires),
                lease=str(data.get("lease", "")),
            )
        except (ValueError, TypeError, KeyError, RecursionError):
            return cls("", "unknown", "what is written about it cannot be read", "hand")


def record_in(metadata: Mapping[str, str]) -> LockRecord | None:
    """The holder that a lock machine's metadata names."""
    return LockRecord.of_value(metadata[HOLDER]) if metadata.get(HOLDER) else None


def is_lock_machine(machine: Machine) -> bool:
    """Whether a machine keeps the app's lock and does nothing else: it is none of the fleet's."""
    return MARK in machine.metadata


@dataclass(frozen=True)
class LockMachine:
    """A machine that keeps the lock, as it was read.

    Attributes:
        reachable: whether the platform says that its host answers.
        instead_of: ids of the lock machines that do not count any more because of this one.
        settled: whether it may be used at once, although there were others before.
    """

    id: str
    region: str
    reachable: bool
    instead_of: frozenset[str]
    settled: bool
    record: LockRecord | None

    @classmethod
    def of(cls, machine: Machine) -> LockMachine:
        """Read it from the machine."""
        instead_of = frozenset(filter(None, machine.metadata.get(INSTEAD_OF, "").split(",")))
        return cls(
            id=machine.id,
            region=machine.region,
            reachable=machine.host_status == "ok",
            instead_of=instead_of,
            settled=not instead_of or SETTLED in machine.metadata,
            record=record_in(machine.metadata),
        )


def counting(machines: Iterable[LockMachine]) -> list[LockMachine]:
    """The lock machines that count, lowest id first: whoever holds the lease of all of them holds the lock.

    There is one, unless two computers made the first one at the same time, or somebody has cloned it.
    """
    found = sorted(machines, key=lambda each: each.id)
    void = frozenset[str]().union(*(each.instead_of for each in found))
    return [each for each in found if each.id not in void]
