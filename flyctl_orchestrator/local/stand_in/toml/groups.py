"""Process groups of fly.toml: their names, and what of the file belongs to one of them."""

from __future__ import annotations

from typing import Any

DEFAULT_GROUP = "app"
_LISTS = ("services", "mounts", "metrics", "restart")


def group_names(settings: dict[str, Any]) -> list[str]:
    """Every process group, in alphabetical order; `["app"]` when the file names none."""
    return sorted(settings.get("processes", {})) or [DEFAULT_GROUP]


def default_group(settings: dict[str, Any]) -> str:
    """The group that sections without `processes` belong to: "app" if there is one, else the first."""
    names = group_names(settings)
    return DEFAULT_GROUP if DEFAULT_GROUP in names else names[0]


def for_group(settings: dict[str, Any], group: str) -> dict[str, Any]:
    """The settings with only the sections of one process group left."""
    fallback = default_group(settings)

    def mine(section: dict[str, Any]) -> bool:
        wanted = section.get("processes") or [fallback]
        return group in wanted or (group == fallback and "" in wanted)

    narrowed = dict(settings)
    for key in _LISTS:
        narrowed[key] = [section for section in settings.get(key, []) if mine(section)]
    narrowed["checks"] = {name: check for name, check in settings.get("checks", {}).items() if mine(check)}
    http = settings.get("http_service")
    narrowed["http_service"] = http if http is not None and mine(http) else None
    narrowed["vm"] = _most_specific(settings.get("vm", []), group, fallback)
    return narrowed


def _most_specific(sections: list[dict[str, Any]], group: str, fallback: str) -> dict[str, Any] | None:
    """The `[[vm]]` that names the group, else one that names none."""
    found: dict[str, Any] | None = None
    for section in sections:
        processes = section.get("processes", [])
        if processes and group not in processes and not (group == fallback and "" in processes):
            continue
        if found is None or group in processes:
            found = section
    return found


def services_of(settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Every service, `[http_service]` first, written as `[[services]]`."""
    http = settings.get("http_service")
    return ([_as_service(http)] if http is not None else []) + list(settings.get("services", []))


def _as_service(http: dict[str, Any]) -> dict[str, Any]:
    shared: dict[str, Any] = {
        key: http[key]
        for key in ("internal_port", "concurrency", "auto_stop_machines", "auto_start_machines", "min_machines_running")
        if key in http
    }
    plain: dict[str, Any] = {"port": 80, "handlers": ["http"]}
    secure: dict[str, Any] = {"port": 443, "handlers": ["http", "tls"]}
    if http.get("force_https"):
        plain["force_https"] = True
    if "http_options" in http:
        plain["http_options"] = secure["http_options"] = http["http_options"]
    if "tls_options" in http:
        secure["tls_options"] = http["tls_options"]
    return {
        "protocol": "tcp",
        **shared,
        "ports": [plain, secure],
        "http_checks": http.get("checks", []),
        "processes": http.get("processes", []),
    }
