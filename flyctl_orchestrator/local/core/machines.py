"""Machines: create, list, update, cordon, metadata, destroy. States are changed by `lifecycle` alone."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from flyctl_orchestrator.local.base import machine_config, regions
from flyctl_orchestrator.local.base.errors import PlatformError, invalid, not_found, precondition
from flyctl_orchestrator.local.base.identifiers import private_network
from flyctl_orchestrator.local.base.machine_defaults import with_defaults
from flyctl_orchestrator.local.core.health import Health
from flyctl_orchestrator.local.core.kernel import Kernel
from flyctl_orchestrator.local.core.lifecycle import Lifecycle
from flyctl_orchestrator.local.core.model import VERSIONS_KEPT, Machine, MachineVersion
from flyctl_orchestrator.local.core.seams import Image, ImageNotFound, Images
from flyctl_orchestrator.local.core.secrets import Secrets
from flyctl_orchestrator.local.core.volumes import Volumes

TOMBSTONES_KEPT = 100
HOSTS_PER_REGION = 4


@dataclass(frozen=True)
class MachineRequest:
    """What a create or update request asks for; `id` only for a machine that is copied from elsewhere."""

    config: dict[str, Any]
    id: str = ""
    name: str = ""
    region: str = ""
    skip_launch: bool = False
    skip_service_registration: bool = False
    skip_secrets: bool = False
    min_secrets_version: Any = None
    current_version: str = ""


class Machines:
    """Every app's machines."""

    def __init__(
        self,
        kernel: Kernel,
        lifecycle: Lifecycle,
        health: Health,
        images: Images,
        secrets: Secrets,
        volumes: Volumes,
    ) -> None:
        self._kernel = kernel
        self._lifecycle = lifecycle
        self._health = health
        self._images = images
        self._secrets = secrets
        self._volumes = volumes
        # Why no machine can run an image here, "" when one can.
        self.why_cannot_run: Callable[[Image], str] = lambda image: ""

    def get(self, app: str, machine_id: str) -> Machine:
        """A machine, destroyed ones included while they are remembered. Raises PlatformError 404."""
        return self._kernel.machine(app, machine_id)

    def find(self, machine_id: str) -> Machine | None:
        """A machine by id alone, or None."""
        return self._kernel.machines.get(machine_id)

    def list(self, app: str, *, include_deleted: bool = False) -> list[Machine]:
        """An app's machines, oldest first. Raises PlatformError 404 for an unknown app."""
        self._kernel.app(app)
        return [machine for machine in self._kernel.machines_of(app) if include_deleted or machine.state != "destroyed"]

    def create(self, app: str, wanted: MachineRequest) -> Machine:
        """A new machine, launched unless `skip_launch`.

        Raises:
            PlatformError: 404, 400, 412 or 422 when the request cannot be met; nothing was created then.
        """
        owner = self._kernel.app(app)
        config = _accepted(wanted.config)
        self._secrets.require_version(app, wanted.min_secrets_version)
        region = regions.choose(wanted.region)
        if region is None:
            raise invalid(f"invalid_argument: region {wanted.region!r} not found")
        name = wanted.name or self._kernel.ids.machine_name()
        if any(machine.name == name and machine.alive for machine in self._kernel.machines_of(app)):
            raise PlatformError(409, f"already_exists: unique machine name violation, name {name!r} is in use")
        machine = self._new(app, name, region, config, wanted)
        self._volumes.attach(machine, config.get("mounts") or [])
        network = private_network(self._kernel.name, owner.network)
        machine.private_ip = self._kernel.ids.private_ip(machine.id, machine.host, network)
        self._kernel.adopt(machine)
        if not owner.deployed:
            owner.deployed = True
            self._kernel.store.put("app", app, owner)
        self._health.idle(machine)
        self._kernel.event(machine, "launch", "created", "user")
        self._say_what_has_no_effect(machine)
        self._kernel.changed(machine)
        self._after_create(machine, wanted)
        return machine

    def _say_what_has_no_effect(self, machine: Machine) -> None:
        ignored = machine_config.kept_without_effect(machine.config)
        if ignored:
            self._kernel.say(
                machine, f"kept, but without effect on the local platform: {', '.join(ignored)}", "warning"
            )

    def _new(self, app: str, name: str, region: str, config: dict[str, Any], wanted: MachineRequest) -> Machine:
        now = self._kernel.clock.now()
        image = self._image(config["image"])
        instance_id = self._kernel.ids.ulid(now)
        host = 0x100 * (list(regions.REGIONS).index(region) + 1)
        return Machine(
            id=wanted.id or self._kernel.ids.machine(),
            app=app,
            name=name,
            region=region,
            instance_id=instance_id,
            config=config,
            image_digest=image.digest,
            image_labels=dict(image.labels),
            private_ip="",
            created_at=now,
            updated_at=now,
            cordoned=wanted.skip_service_registration,
            host=host + len(self._kernel.by_app.get(app, ())) % HOSTS_PER_REGION,
            skip_secrets=wanted.skip_secrets,
            versions=[MachineVersion(instance_id, config, now)],
        )

    def _after_create(self, machine: Machine, wanted: MachineRequest) -> None:
        follow = self._lifecycle.prepare if wanted.skip_launch else self._lifecycle.start_new
        self._kernel.clock.call_later(0.0, partial(follow, machine))

    def _image(self, ref: str) -> Image:
        try:
            image = self._images.resolve(ref)
        except ImageNotFound as problem:
            raise invalid(f"failed to get manifest {ref}: MANIFEST_UNKNOWN: {problem}") from problem
        why = self.why_cannot_run(image)
        if why:
            raise PlatformError(501, why)
        return image

    def update(self, app: str, machine_id: str, wanted: MachineRequest) -> Machine:
        """A new version of a machine; booted when the old one was running and `skip_launch` is not asked.

        Raises:
            PlatformError: 400 for a bad config, 404, 412 when `current_version` is not the present one.
        """
        machine = self.alive(app, machine_id)
        config = _accepted(wanted.config)
        if wanted.current_version and wanted.current_version != machine.instance_id:
            raise precondition(
                f"machine version {wanted.current_version} is not the current one, {machine.instance_id}"
            )
        self._secrets.require_version(app, wanted.min_secrets_version)
        self._check_immutable(machine, config, wanted)
        self._volumes.describe(config.get("mounts") or [])
        image = self._image(config["image"])
        awake = machine.state in ("started", "starting", "restarting", "failed") or (
            machine.state == "replacing" and self._lifecycle.boots_next(machine)
        )
        self._kernel.event(machine, "update", "replacing", "user")
        self._new_version(machine, config, image, wanted)
        self._kernel.event(machine, "launch", "created", "user")
        self._say_what_has_no_effect(machine)
        if not awake:
            self._kernel.say(
                machine,
                "machine was in a non-started state prior to the update so leaving the new version stopped",
            )
        self._lifecycle.replace(machine, launch=awake and not wanted.skip_launch)
        return machine

    def _check_immutable(self, machine: Machine, config: dict[str, Any], wanted: MachineRequest) -> None:
        if wanted.region and regions.choose(wanted.region) != machine.region:
            raise invalid(f"invalid_argument: the region of machine {machine.id} is {machine.region} and cannot change")
        if wanted.name and wanted.name != machine.name:
            raise invalid(f"invalid_argument: the name of machine {machine.id} is {machine.name} and cannot change")
        before, after = (
            [mount.get("volume") for mount in said.get("mounts") or []] for said in (machine.config, config)
        )
        if before != after:
            raise invalid(
                f"invalid_argument: unable to update machine configuration: the volumes of machine {machine.id}"
                " cannot change"
            )

    def _new_version(self, machine: Machine, config: dict[str, Any], image: Image, wanted: MachineRequest) -> None:
        now = self._kernel.clock.now()
        machine.instance_id = self._kernel.ids.ulid(now)
        machine.config = config
        machine.image_digest, machine.image_labels = image.digest, dict(image.labels)
        machine.skip_secrets = wanted.skip_secrets
        machine.cordoned = machine.cordoned or wanted.skip_service_registration
        machine.versions.insert(0, MachineVersion(machine.instance_id, config, now))
        del machine.versions[VERSIONS_KEPT:]
        self._health.idle(machine)

    def revert(self, machine: Machine) -> None:
        """Take back the last update: the version before it is the present one again. The caller boots it."""
        del machine.versions[0]
        before = machine.versions[0]
        machine.instance_id = before.instance_id
        machine.config = before.config
        image = self._image(before.config["image"])
        machine.image_digest, machine.image_labels = image.digest, dict(image.labels)
        self._health.idle(machine)

    def alive(self, app: str, machine_id: str) -> Machine:
        """A machine that can still be acted on. Raises PlatformError 404."""
        machine = self._kernel.machine(app, machine_id)
        if not machine.alive:
            raise not_found(f"machine not found: {machine_id} is destroyed")
        return machine

    def cordon(self, app: str, machine_id: str, cordoned: bool) -> Machine:
        """Take a machine out of the proxy's choice, or put it back."""
        machine = self.alive(app, machine_id)
        if machine.cordoned != cordoned:
            machine.cordoned = cordoned
            self._kernel.event(machine, "cordon" if cordoned else "uncordon", machine.state, "user")
            self._kernel.changed(machine)
        return machine

    def set_metadata(self, machine: Machine, changes: dict[str, str | None]) -> None:
        """Change metadata without a new version; None and "" remove a key. Raises PlatformError 400."""
        for key, value in changes.items():
            if value is not None and not isinstance(value, str):
                raise invalid(f"metadata {key!r} must be a string")
        kept = {**machine.metadata, **changes}
        # The config of the version stays as it was sent: only the machine's present view changes.
        machine.config = {**machine.config, "metadata": {key: value for key, value in kept.items() if value}}
        self._kernel.changed(machine)

    def buried(self, machine: Machine) -> None:
        """A machine is destroyed: free its volumes, and forget the oldest tombstones of the app."""
        self._volumes.detach(machine)
        machine.lease = None
        tombs = [one for one in self._kernel.machines_of(machine.app) if one.state == "destroyed"]
        for old in tombs[: max(0, len(tombs) - TOMBSTONES_KEPT)]:
            self._kernel.drop(old)


def _accepted(config: Any) -> dict[str, Any]:
    """A request's config with the defaults filled in. Raises PlatformError 400 or 422."""
    return with_defaults(machine_config.validate(copy.deepcopy(config)))
