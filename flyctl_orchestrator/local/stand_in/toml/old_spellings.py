"""Old and loose spellings of fly.toml, put into the one that the rest of the stand-in reads.

flyctl accepts them all, in this order: values of `[env]` that are not text, one table where a list is meant,
`concurrency = "20,25"`, numbers of milliseconds as durations of checks, a list of `[[processes]]`, `[mount]`,
`[compute]`. What it does not accept is refused in its words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from flyctl_orchestrator.local.stand_in.go_values import GoInt, format_duration, go_syntax, go_text, type_name
from flyctl_orchestrator.local.stand_in.shapes import ShapeError

_MILLISECOND = 1_000_000
_SECOND = 1_000_000_000
_Table = dict[str, Any]


def modernise(toml: _Table) -> _Table:
    """A copy of fly.toml's tables in today's spelling.

    Raises:
        ShapeError: a section is of a type nobody expects; the message is flyctl's.
    """
    new = dict(toml)
    for key, patch in _PATCHES.items():
        if key in new:
            new[key] = patch(new[key])
            if new[key] is None:
                del new[key]
        if key == "processes":
            _experimental(new)
    _merge(new, ("compute", "computes", "vm"), "vm", "compute", "memory")
    _merge(new, ("mount", "mounts"), "mounts", "mounts", "initial_size")
    # flyctl says "mounts" here, too.
    _merge(new, ("metric", "metrics"), "metrics", "mounts", "")
    if "kill_timeout" in new:
        new["kill_timeout"] = _duration(new["kill_timeout"], _SECOND)
    if "build" in new:
        new["build"] = _build(new["build"])
        if not new["build"]:
            del new["build"]
    return new


def text(value: Any) -> str:
    """A value as text, as flyctl makes it of numbers and the like."""
    return value if isinstance(value, str) else go_text(value)


def _tables(value: Any, what: str) -> list[_Table]:
    """A list of tables, for one table or a list of them; `what` begins the message."""
    items = [value] if isinstance(value, dict) else value
    if not isinstance(items, list):
        raise ShapeError(f"{what}Unknown type '{type_name(value)}'")
    for item in items:
        if not isinstance(item, dict):
            raise ShapeError(
                f"{what}Can not cast '{go_text(item, 's')}' of type '{go_text(item, 't')}' as map[string]any"
            )
    return [dict(item) for item in items]


def _merge(toml: _Table, spellings: tuple[str, ...], name: str, what: str, loose: str) -> None:
    """One list of tables of all spellings of a section; the key `loose` of each is made text."""
    found: list[_Table] = []
    for spelling in spellings:
        if spelling in toml:
            found += _tables(toml.pop(spelling), f"Error processing {what}: ")
    for table in found:
        if loose in table:
            table[loose] = text(table[loose])
    toml[name] = found


def _env(value: Any) -> dict[str, str]:
    if isinstance(value, list):
        merged: dict[str, str] = {}
        for item in value:
            merged |= _env(item)
        return merged
    if not isinstance(value, dict):
        raise ShapeError(f"Do not know how to process 'env' section of type: {type_name(value)}")
    return {name: text(item) for name, item in value.items()}


def _services(value: Any) -> list[_Table]:
    shaped = [_service(item) for item in _tables(value, "Error processing services: ")]
    return [service for service in shaped if service]


def _service(service: _Table) -> _Table:
    if "concurrency" in service:
        service["concurrency"] = _concurrency(service["concurrency"])
    if "ports" in service:
        service["ports"] = _ports(service["ports"])
    for kind in ("tcp_checks", "http_checks"):
        if kind in service:
            what = f"Error processing {kind}: "
            service[kind] = checks = [_check(item, what) for item in _tables(service[kind], what)]
            if not checks:
                del service[kind]
    if "internal_port" in service:
        service["internal_port"] = _integer(service["internal_port"])
    return service


def _ports(value: Any) -> list[_Table]:
    try:
        ports = _tables(value, "")
    except ShapeError:
        raise ShapeError(f"Error processing ports: {type_name(value)}") from None
    for port in ports:
        if "port" in port:
            port["port"] = _integer(port["port"])
    return ports


def _concurrency(limits: Any) -> _Table:
    if isinstance(limits, dict):
        return limits
    if not isinstance(limits, str):
        raise ShapeError(f"Unknown type for service concurrency: {type_name(limits)}")
    soft, comma, hard = limits.partition(",")
    if not comma:
        raise ShapeError(f"Unknown value '{limits}' for concurrency limits")
    numbers = [_atoi(side, f"Can not convert '{limits}'") for side in (soft, hard)]
    return {"type": "requests", "soft_limit": numbers[0], "hard_limit": numbers[1]}


def _integer(value: Any) -> int:
    if isinstance(value, str):
        return _atoi(value, f"Can not convert '{value}' to integer")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ShapeError(f"Unknown type for cast: {type_name(value)}")
    return _truncated(value)


def _truncated(value: int | float) -> int:
    # What Go makes of a float that no integer comes near is the smallest integer there is.
    return int(value) if math.isfinite(value) and abs(value) < 2**63 else -(2**63)


def _atoi(written: str, what: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", written):
        raise ShapeError(f'{what}: strconv.Atoi: parsing "{written}": invalid syntax')
    number = int(written)
    if not -(2**63) <= number < 2**63:
        raise ShapeError(f'{what}: strconv.Atoi: parsing "{written}": value out of range')
    return number


def _processes(value: Any) -> Any:
    if isinstance(value, dict):
        return value
    if not isinstance(value, list):
        raise ShapeError(f"Unknown processes type: {type_name(value)}")
    named = [item for item in value if isinstance(item, dict) and "name" in item]
    return {text(item["name"]): text(item.get("command", "")) for item in named} or None


def _experimental(toml: _Table) -> None:
    section = toml.get("experimental")
    if section is None:
        return
    if not isinstance(section, dict):
        raise ShapeError(f"Experimental section of unknown type: {type_name(section)}")
    section = dict(section)
    for key in ("cmd", "entrypoint", "exec"):
        if key in section:
            section[key] = _words(section[key], key)
    if "kill_timeout" in section and "kill_timeout" not in toml:
        toml["kill_timeout"] = _duration(section["kill_timeout"], _SECOND)
    metrics = {key.removeprefix("metrics_"): section[key] for key in ("metrics_port", "metrics_path") if key in section}
    if metrics and "metrics" not in toml:
        toml["metrics"] = metrics
    if section:
        toml["experimental"] = section
    else:
        del toml["experimental"]


def _words(value: Any, key: str) -> list[str]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise ShapeError(f"could not cast {go_text(value)} of type {type_name(value)} to []string on {key}")
    for word in value:
        if not isinstance(word, str):
            raise ShapeError(f"could not cast {go_text(word)} of type {type_name(word)} to string on {key}")
    return value


def _checks(value: Any) -> _Table | None:
    if isinstance(value, list):
        value = dict(_named_check(item) for item in value)
    if not isinstance(value, dict):
        raise ShapeError(f"'checks' section of unknown type: {type_name(value)}")
    for check in value.values():
        if not isinstance(check, dict):
            raise ShapeError(f"'checks' section of unknown type: {type_name(check)}")
    return {name: _check(dict(check)) for name, check in value.items()} or None


def _named_check(item: Any) -> tuple[str, _Table]:
    if not isinstance(item, dict):
        raise ShapeError(f"check item of unknown type: {type_name(item)}")
    if not isinstance(item.get("name"), str):
        raise ShapeError("check item name not a string")
    return item["name"], item


def _check(check: _Table, what: str = "") -> _Table:
    for key in ("interval", "timeout", "grace_period"):
        if key in check:
            check[key] = _duration(check[key], _MILLISECOND)
    if "headers" in check:
        check["headers"] = _headers(check["headers"], what)
        if not check["headers"]:
            del check["headers"]
    return check


def _headers(value: Any, what: str) -> dict[str, str]:
    if isinstance(value, dict):
        return {name: text(item) for name, item in value.items()}
    if not isinstance(value, list):
        raise ShapeError(f"{what}Unsupported headers format: {go_syntax(value)}")
    for item in value:
        if not isinstance(item, dict):
            raise ShapeError(f"{what}Can't cast {go_syntax(item)} into map[string]any")
        if "name" not in item:
            raise ShapeError(f"{what}Unsupported headers format {go_syntax(item)}")
    return {text(item["name"]): text(item.get("value", "")) for item in value}


def _build(value: Any) -> _Table:
    if not isinstance(value, dict):
        raise ShapeError(f"Build section of unknown type: {type_name(value)}")
    return {("build-target" if key == "build_target" else key): item for key, item in value.items()}


def _duration(value: Any, unit: int) -> str | None:
    """A duration's text; a bare number counts `unit`, and what is neither (nor text) is as if it were not there."""
    # flyctl forgets the numbers of YAML here.
    if isinstance(value, (int, float)) and not isinstance(value, bool | GoInt):
        return format_duration(_truncated(value) * unit)
    return value or None if isinstance(value, str) else None


_PATCHES: dict[str, Callable[[Any], Any]] = {
    "env": _env,
    "services": _services,
    "processes": _processes,
    "checks": _checks,
}
