"""One reading of the fleet: everything a plan is decided on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machine import Machine, present
from flyctl_orchestrator.fleet.volumes import Volume
from flyctl_orchestrator.rollout.state.lock_record import is_lock_machine
from flyctl_orchestrator.rollout.state.metadata import digest_of, secrets_digest
from flyctl_orchestrator.rollout.state.secret_names import Fingerprints, fingerprints

if TYPE_CHECKING:
    from flyctl_orchestrator.fleet.machines_api import MachinesApi


@dataclass(frozen=True)
class Fleet:
    """An app's machines at one moment.

    Attributes:
        exists: whether the app exists on the target.
        machines: all that are not gone, strays included, but for the one that keeps the lock.
        secrets: digest of the secrets' names and digests; "" where they were not read.
        volumes: the app's; not read, and so empty, where neither fly.toml nor a machine has any.
        fingerprints: of each secret, by its name.
    """

    app: str
    exists: bool
    machines: tuple[Machine, ...] = ()
    secrets: str = ""
    fingerprints: Fingerprints = field(default_factory=dict)
    volumes: tuple[Volume, ...] = ()

    @property
    def managed(self) -> tuple[Machine, ...]:
        """The machines that belong to the fleet, oldest first."""
        return tuple(machine for machine in self.machines if machine.managed)

    def counts(self) -> dict[tuple[str, str], int]:
        """Machines per (region, process group), those that only stand in for others left out."""
        return Counter((m.region, m.group) for m in self.managed if not m.standbys)

    def fingerprint(self) -> str:
        """Changes when a machine comes, goes, is edited, moves group or is cordoned, or when the secrets change.

        Falling asleep and waking up change nothing: the proxy does that all day long. Of the volumes only those count
        that a new machine could have.
        """
        rows = sorted([m.id, m.instance_id, m.region, m.group, str(m.cordoned)] for m in self.machines)
        seen = {"app": self.app, "exists": self.exists, "machines": rows, "secrets": self.secrets}
        free = sorted([volume.id, volume.name, volume.region] for volume in self.volumes if volume.free)
        return digest_of(seen | ({"volumes": free} if free else {}))


def secrets_as_dict(fleet: Fleet) -> dict[str, Any]:
    """What a journal remembers of a fleet's secrets, as plain JSON values."""
    return {"digest": fleet.secrets, "names": dict(fleet.fingerprints)}


def observe(api: MachinesApi, app: str, *, volumes: bool = False, known: bool = False, secrets: bool = True) -> Fleet:
    """Read an app's machines and secrets, and its volumes where there are any.

    An app that has a machine is there; only one without any is asked for itself.

    Args:
        volumes: whether to read the volumes also when no machine has one.
        known: the app was there a moment ago, and that it is not there any more is an error.
        secrets: whether to read the secrets; no plan is made for a fleet without.

    Raises:
        ApiError: the platform refused or could not be reached. An app that does not exist is no error.
    """
    found = _listed(api, app, known=known)
    if found is None:
        return Fleet(app, exists=False, secrets=secrets_digest(()))
    listed = [m for m in present(found).values() if not is_lock_machine(m)]
    machines = sorted(listed, key=lambda m: (m.created_at, m.id))
    wanted = volumes or any(machine.mounts for machine in machines)
    disks = sorted(api.volumes.list(app), key=lambda volume: volume.id) if wanted else ()
    fleet = Fleet(app, True, tuple(machines), volumes=tuple(disks))
    return with_secrets(api, fleet) if secrets else fleet


def with_secrets(api: MachinesApi, fleet: Fleet) -> Fleet:
    """The fleet with the secrets that the app has now."""
    secrets = [(secret.name, secret.digest) for secret in api.list_secrets(fleet.app)]
    return replace(fleet, secrets=secrets_digest(secrets), fingerprints=fingerprints(secrets))


def _listed(api: MachinesApi, app: str, *, known: bool) -> Sequence[Machine] | None:
    """The app's machines; None when there is no such app."""
    refused: ApiError | None = None
    try:
        found = api.list_machines(app)
    except ApiError as error:
        if known or error.kind != "not_found":
            raise
        found, refused = [], error
    if not found and not known:
        try:
            api.get_app(app)
        except ApiError as error:
            if error.kind == "not_found":
                return None
            raise
    if refused is not None:
        raise refused
    return found
