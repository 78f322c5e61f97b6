"""Reads a machine's `config`: what is checked when it arrives, and the typed views the platform works with.

The config itself is kept and echoed as it was sent; these are readings of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flyctl_orchestrator.local.base.duration import seconds
from flyctl_orchestrator.local.base.errors import NotModelled, PlatformError, invalid
from flyctl_orchestrator.local.base.machine_types import CONFIG

RestartPolicy = Literal["no", "always", "on-failure"]
SIGNALS = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGTERM", "SIGSTOP")
DEFAULT_STOP_SECONDS = 5.0
DEFAULT_MAX_RETRIES = 10
SUSPEND_LIMIT_MB = 4096
_POLICIES: dict[str, RestartPolicy] = {
    "no": "no",
    "never": "no",
    "always": "always",
    "on-failure": "on-failure",
    "on-fail": "on-failure",
}
_MEMORY_PER_CPU = {"shared": (256, 2048), "performance": (2048, 8192)}


@dataclass(frozen=True)
class CheckSpec:
    """One health check.

    Attributes:
        name: as in the machine's `checks`, e.g. "servicecheck-00-http-8080".
        port: the internal port.
        of_service: a failing one takes the machine out of the proxy's choice.
    """

    name: str
    type: Literal["tcp", "http"]
    port: int
    interval: float
    timeout: float
    grace_period: float
    of_service: bool
    method: str = "GET"
    path: str = "/"
    protocol: Literal["http", "https"] = "http"
    headers: tuple[tuple[str, str], ...] = ()
    tls_server_name: str = ""
    tls_skip_verify: bool = False


@dataclass(frozen=True)
class RestartSpec:
    """When a machine whose process ended is started again."""

    policy: RestartPolicy
    max_retries: int


@dataclass(frozen=True)
class StopSpec:
    """How a machine is stopped: the signal, and the seconds before SIGKILL."""

    signal: str
    timeout: float


def validate(config: Any) -> dict[str, Any]:
    """The config when it can be a machine's.

    Raises:
        PlatformError: 400 or 422 saying what is wrong with it.
    """
    if not isinstance(config, dict):
        raise invalid("invalid_argument: config is required")
    if not isinstance(config.get("image"), str) or not config["image"].strip():
        raise invalid("invalid_argument: config.image is required")
    CONFIG(config, "config")
    if config.get("containers"):
        raise NotModelled("machines.containers")
    _validate_guest(guest(config))
    if len(config.get("mounts") or []) > 1:
        raise invalid("invalid_argument: a machine can have at most one volume")
    restart(config)
    stop(config)
    checks(config)
    return config


def kept_without_effect(config: Mapping[str, Any]) -> list[str]:
    """Settings that are kept and shown but change nothing here: a person should know."""
    named = ("schedule", "standbys", "metrics", "cache_drive", "spot")
    found = [f"config.{name}" for name in named if config.get(name)]
    if any(said for name, said in (config.get("dns") or {}).items() if name != "skip_registration"):
        found.append("config.dns")
    if any(service.get("protocol") == "udp" for service in services(config)):
        found.append("config.services with protocol udp")
    return found


def _validate_guest(size: Mapping[str, Any]) -> None:
    kind, cpus, memory = size["cpu_kind"], size["cpus"], size["memory_mb"]
    if kind not in _MEMORY_PER_CPU:
        raise invalid(f"invalid_argument: config.guest.cpu_kind {kind!r} must be shared or performance")
    if not isinstance(cpus, int) or not 1 <= cpus <= 16:
        raise invalid(f"invalid_argument: config.guest.cpus {cpus!r} must be between 1 and 16")
    low, high = (limit * cpus for limit in _MEMORY_PER_CPU[kind])
    if not isinstance(memory, int) or not low <= memory <= high or memory % 256:
        raise PlatformError(
            422,
            f"invalid config.guest.memory_mb, {memory!r}: a {kind}-cpu-{cpus}x takes {low} to {high} in steps of 256",
        )


def guest(config: Mapping[str, Any]) -> dict[str, Any]:
    """cpu_kind, cpus and memory_mb, with the platform's defaults (shared, 1, 256 per shared CPU)."""
    said = config.get("guest") or {}
    if not isinstance(said, dict):
        raise invalid("invalid_argument: config.guest must be an object")
    kind = said.get("cpu_kind") or "shared"
    cpus = said.get("cpus") or 1
    per_cpu = _MEMORY_PER_CPU.get(kind, (256, 2048))[0]
    memory = said.get("memory_mb") or (per_cpu * cpus if isinstance(cpus, int) else per_cpu)
    return {"cpu_kind": kind, "cpus": cpus, "memory_mb": memory}


def restart(config: Mapping[str, Any]) -> RestartSpec:
    """The restart policy; on-failure with 10 retries when unset."""
    said = config.get("restart") or {}
    policy = said.get("policy") or "on-failure"
    if policy not in _POLICIES:
        raise invalid(f"invalid_argument: config.restart.policy {policy!r} must be no, always or on-failure")
    retries = said.get("max_retries")
    return RestartSpec(_POLICIES[policy], DEFAULT_MAX_RETRIES if retries is None else int(retries))


def stop(config: Mapping[str, Any], signal: Any = None, timeout: Any = None) -> StopSpec:
    """How to stop: what the request says, else the config, else SIGINT and 5 seconds."""
    said = config.get("stop_config") or {}
    chosen = signal_name(signal or said.get("signal") or "SIGINT")
    configured = seconds(said.get("timeout"), DEFAULT_STOP_SECONDS, "stop_config.timeout")
    # flyctl sends "0s" when nothing was asked for.
    return StopSpec(chosen, seconds(timeout, 0.0, "timeout") or configured)


def signal_name(value: Any) -> str:
    """A signal given by name or number as "SIGTERM".

    Raises:
        PlatformError: 400 for anything else.
    """
    numbers = {1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 9: "SIGKILL", 10: "SIGUSR1", 12: "SIGUSR2", 15: "SIGTERM"}
    name = numbers.get(value, "") if isinstance(value, int) else str(value).upper()
    name = name if name.startswith("SIG") else f"SIG{name}"
    if name not in SIGNALS:
        raise invalid(f"invalid_argument: {value!r} is not a signal; there are {', '.join(SIGNALS)}")
    return name


def suspend_obstacle(config: Mapping[str, Any]) -> str | None:
    """Why a machine of this config cannot be suspended, or None when it can."""
    memory = guest(config)["memory_mb"]
    if memory > SUSPEND_LIMIT_MB:
        return f"it has {memory} MB of memory and the limit is {SUSPEND_LIMIT_MB} MB"
    if (config.get("init") or {}).get("swap_size_mb"):
        return "it has swap"
    if config.get("schedule"):
        return "it has a schedule"
    return None


def services(config: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The services that are objects with an internal port."""
    for service in config.get("services") or []:
        if isinstance(service, dict) and isinstance(service.get("internal_port"), int):
            yield service


def internal_ports(config: Mapping[str, Any]) -> list[int]:
    """Every port the machine's process is expected to listen on, the main one first."""
    ports = [service["internal_port"] for service in services(config)]
    ports += [check.port for check in checks(config)]
    return list(dict.fromkeys(ports))


def checks(config: Mapping[str, Any]) -> list[CheckSpec]:
    """All checks: those of services (clamped to 1 s .. 1 min as Fly does), then the top-level ones."""
    found = []
    for service in services(config):
        for number, said in enumerate(service.get("checks") or []):
            kind = _check_type(said)
            port = said.get("port") or service["internal_port"]
            found.append(_check(f"servicecheck-{number:02d}-{kind}-{port}", said, port, of_service=True))
    for name, said in (config.get("checks") or {}).items():
        port = said.get("port") if isinstance(said, dict) else None
        if not isinstance(port, int):
            raise invalid(f"invalid_argument: config.checks.{name}.port is required")
        found.append(_check(name, said, port, of_service=said.get("kind") == "readiness"))
    return found


def _check_type(said: Any) -> Literal["tcp", "http"]:
    kind = said.get("type") if isinstance(said, dict) else None
    if kind not in ("tcp", "http"):
        raise invalid(f"invalid_argument: a check's type must be tcp or http, not {kind!r}")
    return "http" if kind == "http" else "tcp"


def _check(name: str, said: dict[str, Any], port: int, *, of_service: bool) -> CheckSpec:
    interval = seconds(said.get("interval"), 15.0, f"{name}.interval")
    timeout = seconds(said.get("timeout"), 2.0, f"{name}.timeout")
    grace = seconds(said.get("grace_period"), 1.0, f"{name}.grace_period")
    if name.startswith("servicecheck-"):
        interval, timeout = min(max(interval, 1.0), 60.0), min(max(timeout, 1.0), 60.0)
    elif interval < 2.0 or timeout > 60.0:
        raise invalid(f"invalid_argument: check {name}: interval must be 2s or more and timeout 60s or less")
    headers = [
        (str(header.get("name", "")), str(value))
        for header in said.get("headers") or []
        for value in header.get("values") or []
    ]
    return CheckSpec(
        name=name,
        type=_check_type(said),
        port=port,
        interval=interval,
        timeout=timeout,
        grace_period=grace,
        of_service=of_service,
        method=str(said.get("method") or "GET").upper(),
        path=str(said.get("path") or "/"),
        protocol="https" if said.get("protocol") == "https" else "http",
        headers=tuple(headers),
        tls_server_name=str(said.get("tls_server_name") or ""),
        tls_skip_verify=bool(said.get("tls_skip_verify")),
    )
