"""Services, checks and machine sizes of fly.toml."""

from __future__ import annotations

import re

from flyctl_orchestrator.project.model import Check, Service, Size
from flyctl_orchestrator.project.table import Table

_MEMORY = re.compile(r"\s*(\d{1,9})\s*(mb|gb|mib|gib)?\s*", re.ASCII | re.IGNORECASE)


def read_services(top: Table) -> tuple[Service, ...]:
    """`[http_service]` first, then every `[[services]]`."""
    services: list[Service] = []
    if "http_service" in top.data:
        services.append(_http_service(top.table("http_service")))
    services += [_service(table) for table in top.tables("services")]
    return tuple(services)


def _http_service(table: Table) -> Service:
    return Service(
        internal_port=_port(table, "internal_port") or 8080,
        ports=(80, 443),
        auto_stop=_auto_stop(table),
        auto_start=table.flag("auto_start_machines", True),
        min_machines_running=table.count("min_machines_running", 0),
        # flyctl drops the whole file when this is one table, so it has to be an array here.
        checks=tuple(_check(check, "http") for check in table.tables("checks", single=False)),
        processes=table.texts("processes"),
        http=True,
    )


def _service(table: Table) -> Service:
    port = _port(table, "internal_port")
    if port is None:
        raise table.fail(None, "has no internal_port", "Add internal_port = 8080, the port the app listens on")
    checks = [_check(check, "http") for check in table.tables("http_checks")]
    checks += [_check(check, "tcp") for check in table.tables("tcp_checks")]
    return Service(
        internal_port=port,
        protocol=table.choice("protocol", ("tcp", "udp"), "tcp"),
        ports=_public_ports(table),
        auto_stop=_auto_stop(table),
        auto_start=table.flag("auto_start_machines", True),
        min_machines_running=table.count("min_machines_running", 0),
        checks=tuple(checks),
        processes=table.texts("processes"),
    )


def read_checks(top: Table) -> tuple[Check, ...]:
    """`[checks.NAME]`, and the old `[[checks]]` with a name inside."""
    if isinstance(top.data.get("checks"), list):
        return tuple(_top_check(table, table.text("name") or "") for table in top.tables("checks"))
    checks = top.table("checks")
    return tuple(_top_check(checks.table(name), name) for name in checks.data)


def _top_check(table: Table, name: str) -> Check:
    check = _check(table, table.choice("type", ("http", "tcp"), "http" if "path" in table.data else "tcp"))
    return Check(**{**vars(check), "name": name, "port": _port(table, "port"), "processes": table.texts("processes")})


def _check(table: Table, kind: str) -> Check:
    """One check; flyctl reads bare numbers of its durations as milliseconds."""
    return Check(
        kind=kind,
        path=(table.text("path") or "/") if kind == "http" else None,
        method=(table.text("method") or "get").lower(),
        interval=table.optional_seconds("interval", number_unit="ms"),
        timeout=table.optional_seconds("timeout", number_unit="ms"),
        grace_period=table.optional_seconds("grace_period", number_unit="ms"),
    )


def _auto_stop(table: Table) -> str:
    """ "off", "stop" or "suspend"; the booleans of older files mean "stop" and "off"."""
    value = table.data.get("auto_stop_machines", "off")
    if isinstance(value, bool):
        return "stop" if value else "off"
    return table.choice("auto_stop_machines", ("off", "stop", "suspend"), "off")


def _port(table: Table, key: str) -> int | None:
    """A port number; flyctl also takes it as a string of digits."""
    value = table.data.get(key)
    if isinstance(value, str):
        if not re.fullmatch(r"\d{1,5}", value, re.ASCII) or not 1 <= int(value) <= 65535:
            raise table.fail(key, "is not a port", f"Write {key} = 8080")
        return int(value)
    return table.integer(key, None, least=1, most=65535)


def _public_ports(table: Table) -> tuple[int, ...]:
    ports: list[int] = []
    for entry in table.tables("ports"):
        for key in ("port", "start_port", "end_port"):
            port = _port(entry, key)
            if port is not None:
                ports.append(port)
    return tuple(ports)


def read_sizes(top: Table) -> tuple[Size, ...]:
    """Every `[[vm]]`, under its older names too."""
    return tuple(_size(table) for key in ("vm", "compute", "computes") for table in top.tables(key))


def _size(table: Table) -> Size:
    return Size(
        size=table.text("size") or "shared-cpu-1x",
        memory_mb=_memory_mb(table),
        cpus=table.integer("cpus", None, least=1),
        cpu_kind=table.text("cpu_kind"),
        processes=table.texts("processes"),
    )


def _memory_mb(table: Table) -> int | None:
    """Memory in MB, from "1gb", "512mb", "512" or 512."""
    for key in ("memory", "memory_mb"):
        value = table.data.get(key)
        if value is None:
            continue
        if isinstance(value, str):
            found = _MEMORY.fullmatch(value)
            if not found:
                raise table.fail(key, "is not an amount of memory", f'Write {key} = "512mb" or "1gb"')
            return int(found[1]) * (1024 if (found[2] or "").lower().startswith("g") else 1)
        return table.integer(key, None, least=1)
    return None
