"""The answers of the Machines API as they come over the wire: their shape, and nothing that decides anything.

Field by field as https://github.com/superfly/fly-go has it (`machine_types.go`, `secrets_types.go`), which reads them
no less strictly; so an answer that is refused here is one that flyctl could not read either. Only the fields that are
used stand here, all others may be anything. A list or an object may be null where Go writes an empty one like that.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct, field

# Names and ids that the platform gives: they stand in addresses, in tables and in comparisons.
Name = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,127}\Z")]
Version = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_.-]{0,128}\Z")]
# As of RFC 3339, e.g. 2026-11-23T10:00:00Z.
Moment = Annotated[str, Meta(pattern=r"\A[0-9T:Z.+-]{0,40}\Z")]
# Goes into a header.
Nonce = Annotated[str, Meta(pattern=r"\A[!-~]{0,256}\Z")]
# Milliseconds and seconds since the epoch, up to the year 5138.
Milliseconds = Annotated[float, Meta(ge=0, le=1e14)]
Seconds = Annotated[float, Meta(ge=0, le=1e11)]
# A duration is written "1m30s", or as nanoseconds; up to thirty years.
_PARTS = r"(?:[0-9]{1,10}(?:\.[0-9]{1,9})?(?:ns|us|µs|ms|s|m|h)){0,6}"
Span = Annotated[str, Meta(pattern=rf"\A(?:[0-9]{{1,10}}|{_PARTS})\Z")] | Annotated[float, Meta(ge=0, le=1e18)] | None
Number = Annotated[int, Meta(ge=-(2**53), le=2**53)]


class Port(Struct):
    """One port of a service."""

    port: Number | None = None
    start_port: Number | None = None
    end_port: Number | None = None
    handlers: list[str] | None = None
    force_https: bool | None = None


class CheckRule(Struct):
    """One check that a configuration asks for."""

    type: str | None = None
    port: Number | None = None
    interval: Span = None
    timeout: Span = None
    grace_period: Span = None
    method: str | None = None
    path: str | None = None
    protocol: str | None = None
    headers: list[dict[str, Any]] | None = None


class Service(Struct):
    """One service of a configuration."""

    protocol: str | None = None
    internal_port: Number | None = None
    ports: list[Port] | None = None
    checks: list[CheckRule] | None = None
    autostart: bool | None = None
    autostop: bool | str | None = None
    min_machines_running: Number | None = None
    concurrency: dict[str, Any] | None = None


class Mount(Struct):
    """A volume of a configuration."""

    volume: str | None = None
    path: str | None = None
    name: str | None = None
    size_gb: Number | None = None
    extend_threshold_percent: Number | None = None
    add_size_gb: Number | None = None
    size_gb_limit: Number | None = None


class StopConfig(Struct):
    """How a machine is stopped."""

    timeout: Span = None
    signal: str | None = None


class Restart(Struct):
    """When a machine is started again."""

    policy: str | None = None
    max_retries: Number | None = None


class Init(Struct):
    """What a machine runs."""

    cmd: list[str] | None = None
    entrypoint: list[str] | None = None
    exec: list[str] | None = None
    swap_size_mb: Number | None = None
    tty: bool | None = None


class Guest(Struct):
    """A machine's size."""

    cpu_kind: str | None = None
    cpus: Number | None = None
    memory_mb: Number | None = None
    gpus: Number | None = None
    gpu_kind: str | None = None


class Config(Struct):
    """A machine's configuration, as far as it is looked at or given to other machines; written back is the original."""

    image: str | None = None
    env: dict[str, str] | None = None
    init: Init | None = None
    guest: Guest | None = None
    metadata: dict[str, str] | None = None
    mounts: list[Mount] | None = None
    services: list[Service] | None = None
    metrics: dict[str, Any] | list[Any] | None = None
    checks: dict[str, CheckRule] | None = None
    statics: list[dict[str, Any]] | None = None
    files: list[dict[str, Any]] | None = None
    schedule: str | None = None
    auto_destroy: bool | None = None
    restart: Restart | None = None
    dns: dict[str, Any] | None = None
    processes: list[dict[str, Any]] | None = None
    standbys: list[str] | None = None
    stop_config: StopConfig | None = None
    containers: list[dict[str, Any]] | None = None


class Check(Struct):
    """How one check of a machine is doing."""

    name: str = ""
    status: str = ""
    output: str | None = None


class ExitEvent(Struct):
    """How a process ended."""

    exit_code: Number | None = None
    requested_stop: bool | None = None


class MonitorEvent(Struct):
    """The older way to say how a process ended."""

    exit_event: ExitEvent | None = None


class EventRequest(Struct):
    """What an event is about."""

    exit_event: ExitEvent | None = None
    monitor_event: MonitorEvent | None = field(default=None, name="MonitorEvent")


class Event(Struct):
    """One line of a machine's history."""

    type: str = ""
    status: str | None = None
    source: str | None = None
    timestamp: Milliseconds = 0.0
    request: EventRequest | None = None


class ImageRef(Struct):
    """The image a machine really runs."""

    digest: str | None = None


class Machine(Struct):
    """A machine. Without id, region and state it is none, and one on a good host has a version and a configuration."""

    id: Name
    region: Name
    state: Name
    name: str = ""
    instance_id: Version | None = None
    version: Version | None = None
    config: dict[str, Any] | None = None
    incomplete_config: dict[str, Any] | None = None
    image_ref: ImageRef | None = None
    checks: list[Check] | None = None
    events: list[Event] | None = None
    cordoned: bool | None = None
    host_status: str | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
    nonce: Nonce | None = None


class Organization(Struct):
    """Whose app it is."""

    slug: Name


class App(Struct):
    """An app."""

    name: Name
    organization: Organization | None = None


class Region(Struct):
    """One of the platform's regions."""

    code: Name
    deprecated: bool | None = None
    requires_paid_plan: bool | None = None


class Regions(Struct):
    """The platform's regions."""

    nearest: Name = field(name="Nearest")
    regions: list[Region] | None = field(name="Regions", default=None)


class Placement(Struct):
    """How many machines would find room in a region."""

    region: Name
    count: Annotated[int, Meta(ge=0, le=2**53)]


class MachineVersion(Struct):
    """A configuration that a machine has had."""

    version: Name
    user_config: dict[str, Any]


class LeaseData(Struct):
    """The lease in an answer about it. `nonce` is missing where it is not the asker's to know."""

    nonce: Nonce | None = None
    expires_at: Seconds = 0.0
    description: str | None = None
    owner: str | None = None


class LeaseAnswer(Struct):
    """An answer about a lease."""

    data: LeaseData


class Volume(Struct):
    """A volume. `attached_alloc_id` is the older way to say who has it."""

    id: Name
    region: Name
    state: Name
    size_gb: Annotated[int, Meta(ge=0, le=2**31)]
    name: str = ""
    attached_machine_id: str | None = None
    attached_alloc_id: str | None = None
    host_status: str | None = None
    snapshot_retention: int | None = None
    auto_backup_enabled: bool | None = None


class Secret(Struct):
    """A secret, without its value."""

    name: Annotated[str, Meta(min_length=1)]
    digest: str


class Secrets(Struct):
    """An app's secrets; Go writes none of them as null."""

    secrets: list[Secret] | None


class SecretsSet(Struct):
    """The answer to setting secrets."""

    version: Annotated[int, Meta(ge=0, le=2**53)]


class Address(Struct):
    """An IP address of an app; `shared` with other apps, or for what the app sends (`egress`)."""

    ip: str
    shared: bool = False
    egress: bool = False


class Addresses(Struct):
    """All of them. Go writes an empty list as null."""

    ips: list[Address] | None = None


class TokenInfo(Struct):
    """What one token is for; `apps` holds "*" where it is for all of the organization."""

    apps: list[str] | None = None
    org_slug: str | None = None


class CurrentToken(Struct):
    """What the token of a request is for; a token may be made of several."""

    tokens: list[TokenInfo] | None


class CertificateRow(Struct):
    """One hostname of a list of certificates."""

    hostname: str
    configured: bool = False
    acme_dns_configured: bool = False
    acme_alpn_configured: bool = False
    acme_http_configured: bool = False
    has_custom_certificate: bool = False
    has_fly_certificate: bool = False


class CertificateRows(Struct):
    """One page of a list of certificates."""

    certificates: list[CertificateRow] | None
    next_cursor: str = ""


class IssuedCertificate(Struct):
    """One certificate of a hostname, for one kind of key."""

    expires_at: Moment | None = None


class CertificateOf(Struct):
    """The certificates of a hostname from one source: "custom" or "fly"."""

    source: str = ""
    status: str = ""
    expires_at: Moment | None = None
    issued: list[IssuedCertificate] | None = None


class DnsNeeds(Struct):
    """The records that lead a hostname to an app."""

    a: list[str] | None = None
    aaaa: list[str] | None = None
    cname: str | None = None


class ValidationError(Struct):
    """Why a certificate could not be issued."""

    message: str = ""


class CertificateDetail(Struct):
    """Everything about the certificates of one hostname."""

    hostname: str
    certificates: list[CertificateOf] | None = None
    dns_requirements: DnsNeeds | None = None
    validation_errors: list[ValidationError] | None = None
