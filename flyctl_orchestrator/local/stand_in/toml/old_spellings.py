"""Old and loose spellings of fly.toml, put into the one that the rest of the stand-in reads.

flyctl accepts them all: `[mount]`, `[compute]`, one table where a list is meant, numbers of
milliseconds as durations of checks, `concurrency = "20,25"`, a list of `[[processes]]`, values of `[env]` that are
not text.
"""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.stand_in.go_values import format_duration
from flyctl_orchestrator.local.stand_in.shapes import ShapeError

_MILLISECOND = 1_000_000
_SECOND = 1_000_000_000
_Table = dict[str, Any]


def modernise(toml: _Table) -> _Table:
    """A copy of fly.toml's tables in today's spelling.

    Raises:
        ShapeError: a section is neither a table nor a list of tables.
    """
    new = dict(toml)
    if "env" in new:
        new["env"] = _env(new["env"])
    if "services" in new:
        new["services"] = [service for item in _tables(new["services"], "services") if (service := _service(item))]
    if "processes" in new:
        new["processes"] = _processes(new["processes"])
    _experimental(new)
    if "checks" in new:
        new["checks"] = _checks_by_name(new["checks"])
    _merge(new, ("compute", "computes", "vm"), "vm")
    for vm in new["vm"]:
        _as_text(vm, "memory")
    _merge(new, ("mount", "mounts"), "mounts")
    for mount in new["mounts"]:
        _as_text(mount, "initial_size")
    _merge(new, ("metric", "metrics"), "metrics")
    if "kill_timeout" in new:
        new["kill_timeout"] = _duration(new["kill_timeout"], _SECOND)
    if isinstance(new.get("build"), dict):
        new["build"] = {("build-target" if key == "build_target" else key): v for key, v in new["build"].items()}
    return new


def _tables(value: Any, where: str) -> list[_Table]:
    items = [value] if isinstance(value, dict) else value
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ShapeError(f"{where}: expected a table or a list of tables")
    return [dict(item) for item in items]


def _merge(toml: _Table, spellings: tuple[str, ...], name: str) -> None:
    found: list[_Table] = []
    for spelling in spellings:
        if spelling in toml:
            found += _tables(toml.pop(spelling), spelling)
    toml[name] = found


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)


def _as_text(table: _Table, key: str) -> None:
    if key in table:
        table[key] = _text(table[key])


def _env(value: Any) -> dict[str, str]:
    merged: dict[str, str] = {}
    for table in _tables(value, "env"):
        merged |= {name: _text(item) for name, item in table.items()}
    return merged


def _processes(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return {_text(item["name"]): _text(item.get("command", "")) for item in value if "name" in item}


def _experimental(toml: _Table) -> None:
    section = toml.get("experimental")
    if not isinstance(section, dict):
        return
    section = dict(section)
    for key in ("cmd", "entrypoint", "exec"):
        if isinstance(section.get(key), str):
            section[key] = [section[key]]
    if "kill_timeout" in section and "kill_timeout" not in toml:
        toml["kill_timeout"] = _duration(section["kill_timeout"], _SECOND)
    metrics = {key.removeprefix("metrics_"): section[key] for key in ("metrics_port", "metrics_path") if key in section}
    if metrics and "metrics" not in toml:
        toml["metrics"] = metrics
    if section:
        toml["experimental"] = section
    else:
        del toml["experimental"]


def _service(service: _Table) -> _Table:
    limits = service.get("concurrency")
    if isinstance(limits, str):
        soft, comma, hard = limits.partition(",")
        if not comma or not soft.isdigit() or not hard.isdigit():
            raise ShapeError(f"services.concurrency: expected a table or two numbers as in '20,25', found '{limits}'")
        service["concurrency"] = {"type": "requests", "hard_limit": int(hard), "soft_limit": int(soft)}
    if "ports" in service:
        service["ports"] = _tables(service["ports"], "services.ports")
        for port in service["ports"]:
            _as_number(port, "port")
    for kind in ("tcp_checks", "http_checks"):
        if kind in service:
            service[kind] = [_check(item) for item in _tables(service[kind], f"services.{kind}")]
    _as_number(service, "internal_port")
    return service


def _as_number(table: _Table, key: str) -> None:
    value = table.get(key)
    if isinstance(value, str):
        if not value.lstrip("+-").isdigit():
            raise ShapeError(f"{key}: '{value}' is not a number")
        table[key] = int(value)


def _checks_by_name(value: Any) -> _Table:
    if isinstance(value, list):
        if not all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in value):
            raise ShapeError("checks: each check needs a name")
        value = {item["name"]: item for item in value}
    if not isinstance(value, dict) or not all(isinstance(item, dict) for item in value.values()):
        raise ShapeError("checks: expected a table for each check")
    return {name: _check(dict(check)) for name, check in value.items()}


def _check(check: _Table) -> _Table:
    for key in ("interval", "timeout", "grace_period"):
        if key in check:
            check[key] = _duration(check[key], _MILLISECOND)
    headers = check.get("headers")
    if isinstance(headers, list):
        check["headers"] = {_text(item["name"]): _text(item.get("value", "")) for item in headers if "name" in item}
    elif isinstance(headers, dict):
        check["headers"] = {name: _text(value) for name, value in headers.items()}
    return check


def _duration(value: Any, unit: int) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return format_duration(int(value) * unit)
    return value or None
