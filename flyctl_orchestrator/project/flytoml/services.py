"""Services and checks of fly.toml, as far as `flyo init` asks about them. What is odd is flyctl's to judge."""

from __future__ import annotations

from flyctl_orchestrator.project.flytoml.values import Values, pick, tables_of, text_of, whole_of, words_of
from flyctl_orchestrator.project.model import CheckDefinition, Service


def read_services(top: Values) -> tuple[Service, ...]:
    """`[http_service]` first, then every `[[services]]`."""
    http = pick(top, "http_service")
    services = [_service(http, ("checks",), http=True)] if isinstance(http, dict) else []
    tables = tables_of(pick(top, "services")) or ()
    services += [_service(table, ("http_checks",), http=False) for table in tables if table]
    return tuple(services)


def _service(table: Values, keys: tuple[str, ...], *, http: bool) -> Service:
    checks = [check for key in keys for check in tables_of(pick(table, key)) or ()]
    return Service(
        internal_port=whole_of(pick(table, "internal_port")),
        auto_stop=_auto_stop(pick(table, "auto_stop_machines")),
        checks=tuple(_check(check, "http") for check in checks),
        processes=words_of(pick(table, "processes")),
        min_running=max(0, whole_of(pick(table, "min_machines_running")) or 0),
        http=http,
    )


def read_checks(top: Values) -> tuple[CheckDefinition, ...]:
    """`[checks.NAME]`, and the old `[[checks]]` with a name inside."""
    value = pick(top, "checks")
    if isinstance(value, list):
        named = [(text_of(item.get("name")) or "", item) for item in value if isinstance(item, dict)]
    else:
        named = [(name, item) for name, item in (value or {}).items()] if isinstance(value, dict) else []
    tables = [(name, item) for name, item in named if isinstance(item, dict)]
    return tuple(_check(item, text_of(pick(item, "type")) or "", name) for name, item in tables)


def _check(table: Values, kind: str, name: str = "") -> CheckDefinition:
    return CheckDefinition(kind=kind, name=name, path=(text_of(pick(table, "path")) or "/") if kind == "http" else None)


def _auto_stop(value: object) -> str:
    """ "off", "stop" or "suspend"; the booleans of older files mean "stop" and "off"."""
    if isinstance(value, bool):
        return "stop" if value else "off"
    return value if isinstance(value, str) and value in ("stop", "suspend") else "off"
