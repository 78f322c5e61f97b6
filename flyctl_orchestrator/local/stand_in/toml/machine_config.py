"""From fly.toml to a machine's config, as flyctl translates it."""

from __future__ import annotations

import base64
import copy
from pathlib import Path
from typing import Any

from flyctl_orchestrator.local.stand_in.failures import Failure, NotOffered
from flyctl_orchestrator.local.stand_in.go_values import parse_size
from flyctl_orchestrator.local.stand_in.toml.groups import for_group, services_of
from flyctl_orchestrator.local.stand_in.toml.guest import guest_of
from flyctl_orchestrator.local.stand_in.toml.words import split_words

_GIGABYTE = 1_000_000_000
_RESTART = {"always": "always", "never": "no", "on-failure": "on-failure"}
_Table = dict[str, Any]


def machine_config(settings: _Table, group: str, version: str, before: _Table | None = None) -> _Table:
    """The config of a machine of `group`, keeping of `before` what fly.toml says nothing about.

    Args:
        settings: the whole fly.toml, shaped.
        group: the process group.
        version: the client's version, written into the metadata.
        before: the config the machine has now, or None for a new machine.

    Raises:
        Failure: a size, command or policy in fly.toml makes no sense.
    """
    mine = for_group(settings, group)
    config = copy.deepcopy(before) if before else {}
    refuse_containers(settings)
    config["init"] = _init(mine, group, config.get("init") or {})
    config["metadata"] = (config.get("metadata") or {}) | platform_metadata(group, version)
    config["services"] = [_service(service) for service in services_of(mine)]
    config["checks"] = {name: _check(name, check, mine, group) for name, check in mine["checks"].items()}
    config["env"] = environment(settings, group)
    config["statics"] = [_static(static) for static in settings.get("statics", [])]
    config["mounts"] = [_mount(mount) for mount in mine["mounts"]]
    config["files"] = files(settings)
    config["stop_config"] = stop_config(settings)
    config["metrics"] = {k: v for k, v in mine["metrics"][0].items() if k != "processes"} if mine["metrics"] else None
    config["restart"] = _restart(mine["restart"])
    if mine["vm"] is not None:
        dedication = mine["vm"].get("host_dedication_id") or settings.get("host_dedication_id", "")
        config["guest"] = guest_of(mine["vm"], dedication)
    return without_empty(config)


def refuse_containers(settings: _Table) -> None:
    """Multi-container machines are not part of the stand-in.

    Raises:
        NotOffered: fly.toml asks for them.
    """
    asked = settings.get("machine_config") or settings.get("experimental", {}).get("machine_config")
    if asked or "compose" in settings.get("build", {}):
        raise NotOffered("containers in fly.toml (machine_config, build.compose)")


def without_empty(config: _Table) -> _Table:
    """The config without keys that are empty lists, tables or None, as it travels; `init` always stays."""
    return {key: value for key, value in config.items() if key == "init" or value not in (None, [], {})}


def platform_metadata(group: str, version: str) -> dict[str, str]:
    """What marks a machine as managed by deploys."""
    return {"fly_flyctl_version": version, "fly_platform_version": "v2", "fly_process_group": group}


def environment(settings: _Table, group: str) -> dict[str, str]:
    """`[env]` and the variables that deploys add."""
    env = dict(settings.get("env", {})) | {"FLY_PROCESS_GROUP": group}
    if settings.get("primary_region"):
        env["PRIMARY_REGION"] = settings["primary_region"]
    return env


def stop_config(settings: _Table) -> _Table | None:
    """How the process is asked to stop, or None when fly.toml leaves it to the platform."""
    found = {"timeout": settings.get("kill_timeout"), "signal": settings.get("kill_signal")}
    return {key: value for key, value in found.items() if value is not None} or None


def command_words(text: str, what: str) -> list[str]:
    """A command line's words.

    Raises:
        Failure: it cannot be split; `what` says which command.
    """
    try:
        return split_words(text)
    except ValueError as error:
        raise Failure(f"could not parse command for {what}: {error}") from error


def _init(mine: _Table, group: str, before: _Table) -> _Table:
    experimental = mine.get("experimental", {})
    command = mine.get("processes", {}).get(group, "")
    words = command_words(command, f"{group} process group") if command else None
    init = {key: value for key, value in before.items() if key in ("tty", "kernel_args")}
    init |= {
        "exec": experimental.get("exec"),
        "entrypoint": experimental.get("entrypoint"),
        "cmd": words if words is not None else experimental.get("cmd"),
        "swap_size_mb": mine.get("swap_size_mb"),
    }
    return {key: value for key, value in init.items() if value not in (None, [], {})}


def _service(service: _Table) -> _Table:
    out: _Table = {"force_instance_key": None}
    names = {
        "protocol": "protocol",
        "internal_port": "internal_port",
        "ports": "ports",
        "concurrency": "concurrency",
        "auto_stop_machines": "autostop",
        "auto_start_machines": "autostart",
        "min_machines_running": "min_machines_running",
    }
    out |= {theirs: service[ours] for ours, theirs in names.items() if service.get(ours) not in (None, [], "")}
    checks = [{"type": "tcp", **_timing(check)} for check in service.get("tcp_checks", [])]
    checks += [{"type": "http", **_timing(check), **_http(check)} for check in service.get("http_checks", [])]
    return out | ({"checks": checks} if checks else {})


def _timing(check: _Table) -> _Table:
    return {key: check[key] for key in ("interval", "timeout", "grace_period") if key in check}


def _http(check: _Table) -> _Table:
    out = {
        key: check[key] for key in ("method", "path", "protocol", "tls_skip_verify", "tls_server_name") if key in check
    }
    headers = [{"name": name, "values": [value]} for name, value in check.get("headers", {}).items()]
    return out | ({"headers": headers} if headers else {})


def _check(name: str, check: _Table, mine: _Table, group: str) -> _Table:
    if check.get("type") not in ("http", "tcp"):
        raise Failure("Missing or invalid check type, must be 'http' or 'tcp'")
    port = check.get("port")
    if port is None:
        if mine["http_service"] is None:
            raise Failure(
                f"Check '{name}' for process group '{group}' has no port set and the group has no http_service "
                "to take it from"
            )
        port = mine["http_service"].get("internal_port", 0)
    out = {"port": port, "type": check["type"], **_timing(check), **_http(check)}
    if "method" in out:
        out["method"] = out["method"].upper()
    return out


def _static(static: _Table) -> _Table:
    return {key: static.get(key, "") for key in ("guest_path", "url_prefix", "tigris_bucket", "index_document")}


def _mount(mount: _Table) -> _Table:
    grow = {
        "extend_threshold_percent": mount.get("auto_extend_size_threshold", 0),
        "add_size_gb": _gigabytes(mount.get("auto_extend_size_increment", "")),
        "size_gb_limit": _gigabytes(mount.get("auto_extend_size_limit", "")),
    }
    out = {"path": mount.get("destination", ""), "name": mount.get("source", "")} | grow
    return {key: value for key, value in out.items() if value}


def _gigabytes(text: str) -> int:
    if not text:
        return 0
    try:
        return parse_size(text, unit=_GIGABYTE, binary=False)
    except ValueError as error:
        raise Failure(str(error)) from error


def files(settings: _Table) -> list[_Table]:
    """Every file of fly.toml. flyctl gives all of them to all groups, whatever their `processes` say."""
    return [_file(file) for file in settings.get("files", [])]


def _file(file: _Table) -> _Table:
    out = {"guest_path": file.get("guest_path", "")}
    if file.get("local_path"):
        try:
            content = Path(file["local_path"]).read_bytes()
        except OSError as error:
            raise Failure(f"could not read file {file['local_path']}: {error.strerror}") from error
        return out | {"raw_value": base64.b64encode(content).decode()}
    if file.get("secret_name"):
        return out | {"secret_name": file["secret_name"]}
    if file.get("raw_value"):
        return out | {"raw_value": base64.b64encode(file["raw_value"].encode()).decode()}
    return out


def _restart(sections: list[_Table]) -> _Table | None:
    if not sections:
        return None
    last = sections[-1]
    policy = last.get("policy", "")
    if policy not in _RESTART:
        raise Failure(f"invalid restart policy: {policy}")
    retries = last.get("retries", 0)
    return {"policy": _RESTART[policy]} | ({"max_retries": retries} if retries else {})
