"""What the local platform keeps: apps, machines, releases, secrets, volumes, addresses and tokens.

Plain records, changed only by the services of `Platform`. Times are seconds since the epoch unless a name says
otherwise. Fields marked `_VOLATILE` are not written to disk: they are true only while the daemon lives.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

State = Literal[
    "created",
    "starting",
    "started",
    "stopping",
    "stopped",
    "suspending",
    "suspended",
    "restarting",
    "replacing",
    "failed",
    "destroying",
    "destroyed",
]
STATES: tuple[str, ...] = get_args(State)
CheckStatus = Literal["passing", "warning", "critical"]

SETTLED: frozenset[str] = frozenset({"created", "started", "stopped", "suspended", "failed", "destroyed"})
EVENTS_KEPT = 100
VERSIONS_KEPT = 50


_VOLATILE = {"volatile": True}


@dataclass
class Organization:
    """The one organization of the local platform."""

    id: str = "org_local_personal"
    slug: str = "personal"
    name: str = "Local"
    type: str = "PERSONAL"
    numeric_id: int = 1


@dataclass
class App:
    """An app. `secrets_version` grows with every change of its secrets; `deployed` once it ever had a machine.

    `role` is what its maker calls it, e.g. "remote-docker-builder".
    """

    name: str
    id: str
    numeric_id: int
    created_at: float
    network: str = "default"
    org_slug: str = "personal"
    role: str = ""
    secrets_version: int = 0
    deployed: bool = False


@dataclass
class Event:
    """Something that happened to a machine. `request` holds `exit_event` and `restart_count` for exits."""

    id: str
    type: str
    status: str
    source: str
    timestamp_ms: int
    request: dict[str, Any] | None = None


@dataclass
class CheckResult:
    """The present answer of one health check; `updated_at` is when `status` last changed."""

    name: str
    status: CheckStatus
    output: str
    updated_at: float


@dataclass
class Lease:
    """Somebody's exclusive hold on a machine until `expires_at`."""

    nonce: str
    expires_at: float
    owner: str
    description: str = ""


@dataclass
class MachineVersion:
    """One configuration a machine had."""

    instance_id: str
    config: dict[str, Any]
    created_at: float


@dataclass
class Machine:
    """One machine.

    Attributes:
        id: 14 hex characters.
        instance_id: ULID of the present version (Fly calls it version, too).
        config: exactly as sent, with metadata as it is now.
        image_digest, image_labels: the image store's digest of `config.image`, and what its LABELs say.
        cordoned: takes no traffic.
        skip_secrets: boots without the app's secrets.
        snapshot_valid: a suspended machine can be resumed rather than booted.
        secrets_version: of the app when the machine last booted.
        events: newest first.
        restarts: times of recent automatic restarts.
        checks, ports: present answers, and loopback port of each internal port.
        contained: it runs in a container, where its app has every port for itself.
        boot: number of its present boot; news of an earlier one's process are not about this one.
    """

    id: str
    app: str
    name: str
    region: str
    instance_id: str
    config: dict[str, Any]
    image_digest: str
    private_ip: str
    created_at: float
    updated_at: float
    state: State = "created"
    cordoned: bool = False
    host: int = 1
    host_status: str = "ok"
    image_labels: dict[str, str] = field(default_factory=dict, repr=False)
    skip_secrets: bool = False
    snapshot_valid: bool = False
    secrets_version: int = 0
    destroyed_at: float | None = None
    restart_count: int = 0
    events: list[Event] = field(default_factory=list, repr=False)
    versions: list[MachineVersion] = field(default_factory=list, repr=False)
    lease: Lease | None = None
    restarts: list[float] = field(default_factory=list, repr=False, metadata=_VOLATILE)
    checks: list[CheckResult] = field(default_factory=list, repr=False, metadata=_VOLATILE)
    ports: dict[int, int] = field(default_factory=dict, repr=False, metadata=_VOLATILE)
    contained: bool = field(default=False, repr=False, metadata=_VOLATILE)
    boot: int = field(default=0, repr=False, metadata=_VOLATILE)

    @property
    def metadata(self) -> dict[str, str]:
        """The machine's metadata (part of its config, changed without a new version)."""
        found: dict[str, str] = self.config.get("metadata") or {}
        return found

    @property
    def process_group(self) -> str:
        """The process group flyctl put it in, "app" when it says nothing."""
        return self.metadata.get("fly_process_group") or self.metadata.get("process_group") or "app"

    @property
    def managed(self) -> bool:
        """Whether a deploy manages it: flyctl marks those; others belong to a person or a tool, or are thrown away."""
        return self.metadata.get("fly_platform_version") == "v2" and not self.process_group.startswith("fly_app_")

    @property
    def image(self) -> str:
        """The image reference it runs."""
        return str(self.config.get("image", ""))

    @property
    def alive(self) -> bool:
        """Not destroyed, and not about to be."""
        return self.state not in ("destroying", "destroyed")


@dataclass
class Secret:
    """One secret of an app. The value never leaves but into a machine's environment."""

    app: str
    name: str
    value: str = field(repr=False)
    digest: str
    created_at: float
    updated_at: float
    version: int


@dataclass
class FormerSecrets:
    """Values that an app's secrets had, kept so that the page can take them out of what the app wrote until now."""

    app: str
    values: list[str] = field(default_factory=list, repr=False)


@dataclass
class Release:
    """One release: what flyctl (or the orchestrator) said it would roll out.

    Attributes:
        id: opaque.
        version: 1, 2, 3... per app.
        definition: fly.toml as JSON.
        status: pending, running, complete, failed or interrupted.
        strategy: upper case, e.g. "ROLLING".
        metadata: as sent when it finished (post_deployment_info).
    """

    id: str
    app: str
    version: int
    definition: Any
    image_ref: str
    strategy: str
    status: str
    user: str
    created_at: float
    updated_at: float
    description: str = ""
    reason: str = ""
    build_id: int | None = None
    metadata: Any = None

    @property
    def in_progress(self) -> bool:
        """Whether its rollout has not ended."""
        return self.status in ("pending", "running")


@dataclass
class VolumeSnapshot:
    """A point-in-time copy of a volume's directory, or of its files in an engine; `size` in bytes."""

    id: str
    size: int
    digest: str
    created_at: float
    status: str = "created"
    retention_days: int = 5
    in_engine: bool = False


@dataclass
class Volume:
    """A volume: a directory that outlives machines. Pinned to a region, one machine at a time.

    `in_engine`: a container used it, so its files are in the engine and not in the directory.
    """

    id: str
    app: str
    name: str
    region: str
    size_gb: int
    created_at: float
    zone: str = "a1b2"
    state: str = "created"
    encrypted: bool = True
    fstype: str = "ext4"
    attached_machine_id: str | None = None
    snapshot_retention: int = 5
    auto_backup_enabled: bool = True
    host: int = 1
    destroyed_at: float | None = None
    updated_at: float = 0.0
    in_engine: bool = False
    snapshots: list[VolumeSnapshot] = field(default_factory=list)


@dataclass
class IpAssignment:
    """An address of an app; `type` is v4, shared_v4, v6 or private_v6."""

    id: str
    app: str
    ip: str
    type: str
    created_at: float
    region: str = "global"
    network: str = "default"
    service_name: str = ""

    @property
    def shared(self) -> bool:
        """Whether other apps have the same address."""
        return self.type == "shared_v4"


@dataclass
class Token:
    """A bearer token. `app` limits it to one app; None is the daemon's own, good for everything."""

    id: str
    name: str
    token: str = field(repr=False)
    user: str
    created_at: float
    app: str | None = None
    profile: str = "deploy"
    expires_at: float | None = None
    revoked_at: float | None = None


@dataclass(frozen=True)
class LogLine:
    """One line of an app's log. `sequence` grows by one per line of the app; `source` is app, proxy or system."""

    sequence: int
    ts: float
    app: str
    message: str
    level: str = "info"
    machine: str | None = None
    region: str | None = None
    source: str = "app"
