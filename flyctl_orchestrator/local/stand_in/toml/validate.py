"""What `config validate` says about a fly.toml."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flyctl_orchestrator.local.stand_in.failures import Failure
from flyctl_orchestrator.local.stand_in.go_values import parse_duration, parse_size
from flyctl_orchestrator.local.stand_in.toml.groups import for_group, group_names, services_of
from flyctl_orchestrator.local.stand_in.toml.load import FlyToml
from flyctl_orchestrator.local.stand_in.toml.machine_config import machine_config
from flyctl_orchestrator.local.stand_in.toml.words import split_words

STRATEGIES = ("canary", "rolling", "immediate", "bluegreen")
_SECOND = 1_000_000_000
_Table = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """The lines to show and whether the file may be deployed."""

    lines: list[str]
    valid: bool


@dataclass(frozen=True)
class _Remark:
    text: str
    fatal: bool = True


def validate(toml: FlyToml, version: str) -> Verdict:
    """Everything that is wrong or doubtful with a fly.toml."""
    lines = [f"Validating {toml.path}"]
    remarks = [_Remark(toml.problem)] if toml.problem else list(_remarks(toml.settings, version))
    lines += [remark.text for remark in remarks]
    if any(remark.fatal for remark in remarks):
        return Verdict([*lines, "", f"   ✘{toml.problem or 'invalid app configuration'}"], valid=False)
    return Verdict([*lines, "✓ Configuration is valid"], valid=True)


def _remarks(settings: _Table, version: str) -> Iterator[_Remark]:
    yield from _deploy(settings)
    yield from _checks(settings)
    yield from _services(settings)
    yield from _commands(settings)
    yield from _restart(settings)
    yield from _mounts(settings)
    yield from _conversion(settings, version)


def _deploy(settings: _Table) -> Iterator[_Remark]:
    deploy = settings.get("deploy", {})
    if not _splits(deploy.get("release_command", "")):
        yield _Remark(f"Can't shell split release command: '{deploy['release_command']}'")
    strategy = deploy.get("strategy", "")
    if strategy and strategy not in STRATEGIES:
        yield _Remark(
            f"unsupported deployment strategy '{strategy}'; Apps v2 supports the following strategies: "
            + ", ".join(STRATEGIES)
        )
    if strategy == "canary" and settings.get("mounts"):
        yield _Remark("error canary deployment strategy is not supported when using mounted volumes")


def _splits(command: str) -> bool:
    try:
        split_words(command)
    except ValueError:
        return False
    return True


def _checks(settings: _Table) -> Iterator[_Remark]:
    for name, check in settings.get("checks", {}).items():
        if check.get("type") not in ("http", "tcp"):
            yield _Remark(
                f"Can't process top level check '{name}': Missing or invalid check type, must be 'http' or 'tcp'"
            )
        if "interval" in check and parse_duration(check["interval"]) < 2 * _SECOND:
            yield _Remark(f"Check '{name}' interval is too short: {check['interval']}, minimum is 2 seconds")
        if "timeout" in check and parse_duration(check["timeout"]) > 60 * _SECOND:
            yield _Remark(f"Check '{name}' timeout is too long: {check['timeout']}, maximum is 60 seconds")


def _services(settings: _Table) -> Iterator[_Remark]:
    names, count = group_names(settings), len(settings.get("processes", {}))
    for service in services_of(settings):
        wanted = service.get("processes", [])
        if not wanted and count:
            yield _Remark(
                f"Service has no processes set but app has {count} processes defined; "
                "update fly.toml to set processes for each service"
            )
        for name in wanted:
            if name not in names:
                yield _Remark(
                    f"Service specifies '{name}' as one of its processes, but no processes are defined with that "
                    f"name; update fly.toml [processes] to add '{name}' process or remove it from service's "
                    "processes list"
                )
        if not service.get("ports"):
            yield _Remark("WARNING: Service must expose at least one port. Add a [[services.ports]] section", False)
        for kind, checks in (("TCP", service.get("tcp_checks", [])), ("HTTP", service.get("http_checks", []))):
            for check in checks:
                yield from _service_check(kind, check)


def _service_check(kind: str, check: _Table) -> Iterator[_Remark]:
    for key, called in (("interval", "an interval"), ("timeout", "a timeout"), ("grace_period", "a grace period")):
        if key not in check:
            continue
        value = parse_duration(check[key])
        if value < _SECOND and not (key == "grace_period" and value == 0):
            bound = f"less than 1 second ({check[key]}); this will be raised to 1 second"
        elif value > 60 * _SECOND:
            bound = f"greater than 1 minute ({check[key]}); this will be lowered to 1 minute"
        else:
            continue
        yield _Remark(f"WARN Service {kind} check has {called} {bound}", fatal=False)


def _commands(settings: _Table) -> Iterator[_Remark]:
    for name, command in settings.get("processes", {}).items():
        if not _splits(command):
            yield _Remark(f"Could not parse command for '{name}' process group; check [processes] section")
    if not _splits(settings.get("console_command", "")):
        yield _Remark(f"Can't shell split console command: '{settings['console_command']}'")


def _restart(settings: _Table) -> Iterator[_Remark]:
    for section in settings.get("restart", []):
        for name in section.get("processes", []):
            if name not in group_names(settings):
                yield _Remark(
                    f"Restart policy specifies '{name}' as one of its processes, but no processes are defined with "
                    f"that name; update fly.toml [processes] to add '{name}' process or remove it from restart "
                    "policy's processes list"
                )


def _mounts(settings: _Table) -> Iterator[_Remark]:
    for group in group_names(settings):
        if len(for_group(settings, group)["mounts"]) > 1:
            yield _Remark(f"group '{group}' has more than one [[mounts]] section defined")
    for mount in settings.get("mounts", []):
        source, size = mount.get("source", ""), mount.get("initial_size", "")
        if size and not _at_least_a_gigabyte(size):
            yield _Remark(f"mount '{source}' has an initial_size '{size}' value which is smaller than 1GB")
        if not 1 <= mount.get("snapshot_retention", 1) <= 60:
            yield _Remark(
                f"mount '{source}' has a snapshot_retention value which is not between 1 and 60 days inclusive"
            )


def _at_least_a_gigabyte(size: str) -> bool:
    try:
        return parse_size(size, unit=1_000_000_000, binary=False) >= 1
    except ValueError:
        return False


def _conversion(settings: _Table, version: str) -> Iterator[_Remark]:
    for group in group_names(settings):
        try:
            machine_config(settings, group, version)
        except Failure as failure:
            yield _Remark(f"Converting to machine in process group '{group}' will fail because of: {failure.message}")
