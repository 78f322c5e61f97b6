"""Taking out of JSON what differs from run to run: identifiers, times, versions of the client."""

from __future__ import annotations

from typing import Any

_VARIES = {
    "id",
    "ID",
    "instance_id",
    "version",
    "private_ip",
    "created_at",
    "updated_at",
    "timestamp",
    "exited_at",
    "CreatedAt",
    "fly_flyctl_version",
    "fly_release_id",
    "FLY_STANDBY_FOR",
    "volume",
}


def normal(value: Any) -> Any:
    """The value with everything that varies blanked, and headers in one order."""
    if isinstance(value, dict):
        return {key: "…" if key in _VARIES and item else normal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [normal(item) for item in value]
    return value


def configs(machines: list[dict[str, Any]]) -> list[Any]:
    """The machines' configs, comparable between two fleets: by group, region and standby, without what varies."""
    ids = {str(machine["id"]): str(at) for at, machine in enumerate(machines)}
    rows = []
    for machine in machines:
        config = normal(machine["config"])
        if config.get("standbys"):
            config["standbys"] = ["…" for one in config["standbys"] if one in ids]
        rows.append({"region": machine["region"], "state": machine["state"], "config": _ordered(config)})
    return sorted(rows, key=lambda row: repr(sorted(row["config"].get("metadata", {}).items())) + repr(row))


def _ordered(config: dict[str, Any]) -> dict[str, Any]:
    """Headers of checks are a map in fly.toml: flyctl sends them in any order."""
    for service in config.get("services", []):
        for check in service.get("checks", []):
            check.get("headers", []).sort(key=lambda header: header["name"])
    for check in config.get("checks", {}).values():
        check.get("headers", []).sort(key=lambda header: header["name"])
    return config


def differences(ours: Any, theirs: Any, where: str = "") -> list[str]:
    """Where two values differ, one line each."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        keys = sorted(ours.keys() | theirs.keys())
        absent = "nothing"
        return [d for k in keys for d in differences(ours.get(k, absent), theirs.get(k, absent), f"{where}.{k}")]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [d for at, (mine, other) in pairs for d in differences(mine, other, f"{where}[{at}]")]
    return [] if ours == theirs else [f"{where}: {ours!r} instead of {theirs!r}"]
