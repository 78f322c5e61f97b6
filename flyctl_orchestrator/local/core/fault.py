"""One fault that is set, and the places it is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flyctl_orchestrator.local.core.fault_kinds import KINDS, FaultKind
from flyctl_orchestrator.local.core.model import Machine


@dataclass(frozen=True)
class Place:
    """Where something happens; "" where that is not known."""

    app: str = ""
    region: str = ""
    machine: str = ""
    image: str = ""
    digest: str = ""

    @classmethod
    def of(cls, machine: Machine) -> Place:
        """Where a machine is."""
        return cls(machine.app, machine.region, machine.id, machine.image, machine.image_digest)


@dataclass
class Fault:
    """A fault that is set.

    Attributes:
        id: short, for `clear`.
        region, app, machine: where it strikes, None for everywhere.
        since, until: seconds since the epoch; `until` None lasts until it is cleared.
        left: how often it strikes yet, None for always.
        chance: of striking when it could, 0 to 1.
        settings: every setting of its kind.
        strikes: how often it struck.
        known: digests of the images that machines had when it was set.
        lost: ids of the machines that went down with a host.
    """

    id: str
    name: str
    since: float
    region: str | None = None
    app: str | None = None
    machine: str | None = None
    until: float | None = None
    left: int | None = None
    chance: float = 1.0
    settings: dict[str, str | float | int] = field(default_factory=dict)
    strikes: int = 0
    known: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()

    @property
    def kind(self) -> FaultKind:
        """What it does."""
        return KINDS[self.name]

    def number(self, name: str) -> float:
        """A setting that is a number."""
        return float(self.settings[name])

    def text(self, name: str) -> str:
        """A setting that is a word, "" when the kind has no such setting."""
        return str(self.settings.get(name, ""))

    def reaches(self, place: Place) -> bool:
        """Whether it strikes at a place."""
        return (
            self.region in (None, place.region)
            and self.app in (None, place.app)
            and self.machine in (None, place.machine)
            and self.text("image") in place.image
            and (self.text("release") != "new" or self._is_new(place.digest))
        )

    def _is_new(self, digest: str) -> bool:
        return bool(digest) and digest not in self.known

    @property
    def likelihood(self) -> float:
        """How likely it strikes when it could, 0 to 1."""
        return self.number("share") if self.kind.shared else self.chance

    def shown(self, now: float) -> dict[str, Any]:
        """As the management API shows it; `ends_in` in seconds."""
        return {
            "id": self.id,
            "name": self.name,
            "region": self.region,
            "app": self.app,
            "machine": self.machine,
            "ends_in": None if self.until is None else round(max(0.0, self.until - now), 1),
            "times_left": self.left,
            "chance": self.chance,
            "set": dict(self.settings),
            "strikes": self.strikes,
        }
