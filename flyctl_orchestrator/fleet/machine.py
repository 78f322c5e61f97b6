"""A Fly machine as the Machines API describes it, reduced to what decisions are made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from flyctl_orchestrator.fleet import wire
from flyctl_orchestrator.fleet.decode import Unreadable, convert

# Groups flyctl uses for throw-away machines (release commands, test machines, consoles); never part of the fleet.
EPHEMERAL_GROUPS = frozenset({"fly_app_release_command", "fly_app_test_machine_command", "fly_app_console"})
Sleep = Literal["stopped", "suspended"]
# A machine on its way to sleep counts as there: whoever puts it back puts it where it was going.
SLEEP_STATES: dict[str, Sleep] = {
    "stopped": "stopped",
    "stopping": "stopped",
    "suspended": "suspended",
    "suspending": "suspended",
}
GONE = frozenset({"destroyed", "destroying"})


@dataclass(frozen=True)
class Check:
    """One health check of a machine: status is passing, warning or critical."""

    name: str
    status: str
    output: str = ""


@dataclass(frozen=True)
class MachineEvent:
    """One line of a machine's history.

    Attributes:
        type: launch, start, exit, stop, update, …
        timestamp_s: seconds since the epoch (the API speaks milliseconds).
        exit_code: of an exit event, else None.
        requested_stop: of an exit event: whether somebody asked for it.
    """

    type: str
    status: str
    source: str
    timestamp_s: float
    exit_code: int | None = None
    requested_stop: bool | None = None

    @classmethod
    def of_wire(cls, event: wire.Event) -> MachineEvent:
        """Read one element of a machine's `events`."""
        request = event.request or wire.EventRequest()
        monitor = request.monitor_event or wire.MonitorEvent()
        ended = request.exit_event or monitor.exit_event or wire.ExitEvent()
        return cls(
            type=event.type,
            status=event.status or "",
            source=event.source or "",
            timestamp_s=event.timestamp / 1000,
            exit_code=ended.exit_code,
            requested_stop=ended.requested_stop,
        )


@dataclass(frozen=True)
class Machine:
    """One machine at the moment it was read.

    Attributes:
        instance_id: version of its configuration; changes with every update.
        image: `config.image`, the reference it was asked to run.
        digest: digest of the image it really runs (`image_ref.digest`), None when the API does not say.
        group: its process group ("app" when it says nothing).
        config: the full configuration, as needed for an update.
        checks: platform health checks.
        events: newest first.
        release: flyctl's release number (`fly_release_version`), None when unknown.
        nonce: of the lease taken by the very call that answered with this machine, else None; never shown.
    """

    id: str
    name: str
    app: str
    region: str
    state: str
    instance_id: str
    image: str = ""
    digest: str | None = None
    group: str = "app"
    config: Mapping[str, Any] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    events: tuple[MachineEvent, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    cordoned: bool = False
    host_status: str = "ok"
    created_at: str = ""
    updated_at: str = ""
    release: int | None = None
    nonce: str | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of_api(cls, app: str, data: Mapping[str, Any]) -> Machine:
        """Read a machine object of the Machines API that is decoded JSON already.

        Raises:
            Unreadable: it is no machine.
        """
        return cls.of_wire(app, convert(data, wire.Machine))

    @classmethod
    def of_wire(cls, app: str, data: wire.Machine) -> Machine:
        """Take a machine object of the Machines API for one of `app`'s machines. Unknown states are kept.

        Raises:
            Unreadable: it lacks its configuration, version or age, or has a configuration of another shape.
        """
        full = data.config if data.config is not None else data.incomplete_config
        version = data.instance_id or data.version or ""
        host = data.host_status or "ok"
        if full is None:
            raise Unreadable(f"machine {data.id} has no configuration")
        if not version and host == "ok":
            raise Unreadable(f"machine {data.id} has no version")
        if not data.created_at and host == "ok":
            raise Unreadable(f"machine {data.id} has no time of creation")
        config = convert(full, wire.Config)
        metadata = config.metadata or {}
        return cls(
            id=data.id,
            name=data.name,
            app=app,
            region=data.region,
            state=data.state,
            instance_id=version,
            image=config.image or "",
            digest=(data.image_ref.digest or None) if data.image_ref else None,
            group=metadata.get("fly_process_group") or metadata.get("process_group") or "app",
            config=full,
            checks=tuple(Check(each.name, each.status, each.output or "") for each in data.checks or ()),
            events=tuple(MachineEvent.of_wire(each) for each in data.events or ()),
            metadata=metadata,
            cordoned=bool(data.cordoned),
            host_status=host,
            created_at=data.created_at or "",
            updated_at=data.updated_at or "",
            release=release_of(metadata),
            nonce=data.nonce or None,
        )

    @property
    def created_s(self) -> float | None:
        """When it was created, in seconds since the epoch by the platform's clock; None when it does not say."""
        try:
            return datetime.fromisoformat(self.created_at).timestamp()
        except ValueError:
            return None

    @property
    def managed(self) -> bool:
        """Whether it belongs to the app's fleet: made by flyctl or flyo, and not a throw-away machine."""
        return self.metadata.get("fly_platform_version") == "v2" and self.group not in EPHEMERAL_GROUPS

    @property
    def sleep_state(self) -> Sleep | None:
        """How it sleeps, or is about to: "stopped" or "suspended"; None for any machine that does not."""
        return SLEEP_STATES.get(self.state)

    @property
    def asleep(self) -> bool:
        """Whether it sleeps, or is about to: it runs nothing and can be woken."""
        return self.sleep_state is not None

    @property
    def standbys(self) -> tuple[str, ...]:
        """Ids of the machines that it stands in for when their host is lost; empty when it is no standby machine."""
        return tuple(str(name) for name in self.config.get("standbys") or ())

    @property
    def resting(self) -> bool:
        """Whether it runs nothing: it sleeps, or is a standby machine that was created and never started."""
        return self.asleep or (bool(self.standbys) and self.state == "created")

    @property
    def gone(self) -> bool:
        """Destroyed, or on its way there."""
        return self.state in GONE

    @property
    def mounts(self) -> bool:
        """Whether it has a volume."""
        return bool(self.config.get("mounts"))

    @property
    def mount(self) -> Mapping[str, Any]:
        """How its volume is mounted (`volume`, `name`, `path`, …); empty when it has none."""
        mounts = self.config.get("mounts") or ()
        return mounts[0] if mounts else {}

    @property
    def checks_passing(self) -> bool:
        """Whether every check the platform reports is passing (true when it reports none)."""
        return all(check.status == "passing" for check in self.checks)

    @property
    def healthy(self) -> bool:
        """Whether it runs and every check the platform reports is passing."""
        return self.state == "started" and self.checks_passing

    @property
    def bare_image(self) -> str:
        """The image it was asked to run, without a digest, e.g. "registry.fly.io/web:label"."""
        return bare(self.image)

    @property
    def has_checks(self) -> bool:
        """Whether its configuration asks for any check, so that silence is not yet an answer."""
        return bool(self.config.get("checks")) or any(s.get("checks") for s in self.config.get("services") or ())

    @property
    def page_checked(self) -> str:
        """The page that the first HTTP check of its services asks for, "" when there is none."""
        checks = [check for service in self.config.get("services") or () for check in service.get("checks") or ()]
        return next((str(check["path"]) for check in checks if check.get("path")), "")

    @property
    def serves(self) -> bool:
        """Whether the proxy sends it requests: it has a service and is not a standby."""
        return bool(self.config.get("services")) and not self.standbys


def bare(ref: str) -> str:
    """An image reference without its digest, e.g. "registry.fly.io/web:label"."""
    return ref.partition("@")[0]


def present(machines: Iterable[Machine]) -> dict[str, Machine]:
    """Those of the listed machines that are not gone, by id."""
    return {machine.id: machine for machine in machines if not machine.gone}


def release_of(metadata: Mapping[str, str]) -> int | None:
    """flyctl's release number in a machine's metadata, None when there is none: anybody can write anything there."""
    number = metadata.get("fly_release_version", "")
    return int(number) if number.isascii() and number.isdecimal() and len(number) <= 15 else None
