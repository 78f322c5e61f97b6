"""What a rehearsal copies of a fleet: everything a rollout decides on, and no secret."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.volumes import Volume
from flyctl_orchestrator.rollout.state.observe import Fleet

# Letters alone, and a number of them that makes it base64 (as a file has to be) and long enough for a key.
PLACEHOLDER = "rehearsalplaceholder" * 2


@dataclass(frozen=True)
class Copied:
    """A fleet as it is set up for the rehearsal.

    Attributes:
        machines: those of the fleet, oldest first; strangers stay behind.
        secrets: a value for each secret the app has: the user's own for the rehearsal, else a placeholder.
        given: names of those whose value is the user's own.
        volumes: those that no machine has and a new one could get; what is on them stays behind.
    """

    app: str
    machines: tuple[Machine, ...]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    given: frozenset[str] = frozenset()
    volumes: tuple[Volume, ...] = ()

    @property
    def images(self) -> tuple[tuple[str, str], ...]:
        """Reference and digest of each image that runs, where the platform tells the digest."""
        known = {(machine.bare_image, machine.digest) for machine in self.machines if machine.digest}
        return tuple(sorted((ref, digest) for ref, digest in known if digest))

    @property
    def release(self) -> int | None:
        """The newest release's number, None when the machines do not say."""
        return max((machine.release for machine in self.machines if machine.release is not None), default=None)

    def as_body(self, images: Mapping[str, str], instead: str) -> dict[str, Any]:
        """The request that sets it up.

        Args:
            images: for the digests whose image is there, the reference to run it by.
            instead: reference of the image that all other machines run.
        """
        return {
            "app": self.app,
            "release": self.release,
            "secrets": dict(self.secrets),
            "volumes": [{"name": one.name, "region": one.region, "size_gb": one.size_gb} for one in self.volumes],
            "machines": [_machine(one, images.get(one.digest or "", instead)) for one in self.machines],
        }


def copied(fleet: Fleet, secrets: Iterable[str], given: Mapping[str, str]) -> Copied:
    """What to copy of a fleet.

    Args:
        secrets: names of the app's secrets.
        given: values for the rehearsal; names the app does not have are added.
    """
    values = dict.fromkeys(secrets, PLACEHOLDER) | dict(given)
    free = tuple(volume for volume in fleet.volumes if volume.free)
    return Copied(fleet.app, fleet.managed, values, frozenset(given), free)


def _machine(machine: Machine, image: str) -> dict[str, Any]:
    config = copy.deepcopy(dict(machine.config))
    config["image"] = image
    return {
        "id": machine.id,
        "name": machine.name,
        "region": machine.region,
        "config": config,
        "cordoned": machine.cordoned,
        # A suspended one has to run first, so that there is something to suspend.
        "asleep": machine.sleep_state != "suspended" and (machine.resting or not awake(machine)),
    }


def awake(machine: Machine) -> bool:
    """Whether a machine runs, or is about to."""
    return machine.state in ("created", "starting", "started", "restarting", "replacing", "updating", "failed")
