"""Which databases an app uses: services of its compose file, and addresses that its code or a service asks for.

Of an address only the beginning is looked at, which says what kind of database it is of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.detect.compose import readable_services
from flyctl_orchestrator.project.detect.compose import shown as _shown
from flyctl_orchestrator.project.detect.detected import Detected, FoundDatabase, Sources
from flyctl_orchestrator.project.detect.secrets import ADDRESS, names_asked_for
from flyctl_orchestrator.project.yamlfile import parse_yaml

COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
"""Docker Compose's files, the one that it prefers first."""

_IMAGES = {
    "postgres": "Postgres",
    "postgresql": "Postgres",
    "postgis": "Postgres",
    "pgvector": "Postgres",
    "timescaledb": "Postgres",
    "timescaledb-ha": "Postgres",
    "mysql": "MySQL",
    "mysql-server": "MySQL",
    "percona": "MySQL",
    "mariadb": "MariaDB",
    "redis": "Redis",
    "redis-stack": "Redis",
    "redis-stack-server": "Redis",
    "valkey": "Valkey",
    "keydb": "Redis",
    "mongo": "MongoDB",
    "mongodb": "MongoDB",
    "mongodb-community-server": "MongoDB",
    "cockroach": "CockroachDB",
    "clickhouse": "ClickHouse",
    "clickhouse-server": "ClickHouse",
}
_SCHEMES = {
    "postgres": "Postgres",
    "postgresql": "Postgres",
    "mysql": "MySQL",
    "mysql2": "MySQL",
    "mariadb": "MariaDB",
    "redis": "Redis",
    "rediss": "Redis",
    "valkey": "Valkey",
    "mongodb": "MongoDB",
    "cockroachdb": "CockroachDB",
    "sqlite": "SQLite",
    "sqlite3": "SQLite",
}
_NAMES = {
    "postgres": "Postgres",
    "postgresql": "Postgres",
    "pg": "Postgres",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "redis": "Redis",
    "valkey": "Valkey",
    "mongo": "MongoDB",
    "mongodb": "MongoDB",
}
_MANIFESTS = ("requirements.txt", "pyproject.toml", "package.json", "go.mod")
_DRIVERS = {
    "Postgres": r"""\b(?:psycopg2?|asyncpg|pg8000)\b|"(?:pg|postgres)"\s*:|\bjackc/pgx\b|\blib/pq\b""",
    "MySQL": r"""\b(?:mysqlclient|pymysql|aiomysql|asyncmy)\b|"mysql2?"\s*:|\bgo-sql-driver/mysql\b""",
}
# ${NAME:-value} and ${NAME-value}: the value is what counts where NAME is not set.
_DEFAULT = re.compile(r"\$\{\w+:?-([^{}]*)\}")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9]*)(?:\+[A-Za-z0-9_]+)?:")


def found_databases(sources: Sources) -> tuple[tuple[FoundDatabase, ...], tuple[str, ...], tuple[str, ...]]:
    """The databases of an app; names of variables that its compose file gives the app; what could not be read.

    Each kind of database is named once, where it is seen first. An address of a kind that nobody says is named where
    no other database is.
    """
    services, unread = _services(sources)
    found = [*_of_services(*services), *_of_files(sources)]
    known = {database.kind: database for database in reversed(found) if database.kind}
    in_order = tuple(database for database in found if known.get(database.kind) is database)
    return in_order or tuple(found[:1]), tuple(dict.fromkeys(_given(*services))), unread


def database_lines(detected: Detected) -> tuple[str, ...]:
    """What was found, for a person, a sentence each without a final stop."""
    databases = detected.databases
    if not databases:
        return detected.unread
    if not databases[0].kind:
        return (f"It asks for a database ({databases[0].where})", *detected.unread)
    uses = "It uses " + " and ".join(f"{database.kind} ({database.where})" for database in databases)
    if {database.kind for database in databases} == {"SQLite"}:
        uses += ", a file that a machine loses with its disk unless fly.toml mounts a volume for it"
    return (uses, *detected.unread)


Services = tuple[str, dict[str, dict[str, Any]]]


def _services(sources: Sources) -> tuple[Services, tuple[str, ...]]:
    """The compose file's name and its services by name, and a sentence where it is there and not understood."""
    name = next((name for name in COMPOSE if name in sources.names), "")
    if not name:
        return ("", {}), ()
    if name not in sources.texts:
        return (name, {}), (_unread(name, "it is too large, or no text"),)
    try:
        content = parse_yaml(sources.texts[name], name)
    except UsageError as error:
        return (name, {}), (_unread(name, _reason(error, name)),)
    if not isinstance(content, dict):
        return (name, {}), (_unread(name, "it is no mapping"),)
    services = readable_services(content)
    if services is None:
        return (name, {}), (_unread(name, "services is no mapping"),)
    trouble = "; ".join(services.troubles)
    part = f"Part of {name} is not understood ({trouble}), so it may name a database that is not known"
    return (name, services.good), (part,) if trouble else ()


def _reason(error: UsageError, name: str) -> str:
    place = error.where.removeprefix(name).strip(":").partition(":")[0]
    return _shown(f"line {place} {error.what}" if place else f"it {error.what}", 120)


def _unread(name: str, reason: str) -> str:
    return f"{name} is not understood ({reason}), so whether it names a database is not known"


def _of_services(file: str, services: dict[str, dict[str, Any]]) -> Iterator[FoundDatabase]:
    for name, service in services.items():
        if kind := _kind_of_image(service.get("image")):
            yield FoundDatabase(kind, f"service {_shown(name)} in {file}")
    for service_name, name, value in _addresses(file, services):
        yield FoundDatabase(
            _kind_of(value) or _kind_of_name(name), f"{name} of service {_shown(service_name)} in {file}"
        )


def _addresses(file: str, services: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Service, name and value of each address of a database that a service other than a database is given."""
    for service_name, service in services.items():
        if _kind_of_image(service.get("image")):
            continue
        for name, value in _environment(service.get("environment")):
            if ADDRESS.fullmatch(name):
                yield service_name, name, value


def _given(file: str, services: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Names that the app has to be given: addresses of databases, and all of a service that is built here."""
    yield from (name for _, name, value in _addresses(file, services) if _kind_of(value) != "SQLite")
    for service in (service for service in services.values() if service.get("build")):
        yield from (name for name, _ in _environment(service.get("environment")) if not ADDRESS.fullmatch(name))


def _environment(written: Any) -> Iterator[tuple[str, str]]:
    """Names and values, from a table or from a list of NAME=value.

    Only what is text is looked at: what YAML repeats by reference may be larger than any memory when it is written out.
    """
    if isinstance(written, dict):
        named = ((name, value) for name, value in written.items() if isinstance(name, str))
        yield from ((name, value if isinstance(value, str) else "") for name, value in named)
    elif isinstance(written, list):
        for entry in (entry for entry in written if isinstance(entry, str)):
            name, _, value = entry.partition("=")
            yield name, value


def _kind_of(address: str) -> str:
    scheme = _SCHEME.match(_without_defaults(address))
    return _SCHEMES.get(scheme[1].lower(), "") if scheme else ""


def _kind_of_image(image: Any) -> str:
    """The kind of database in an image called so: "postgres:16", "docker.io/bitnami/postgresql@sha256:…"."""
    if not isinstance(image, str):
        return ""
    name = _without_defaults(image).partition("@")[0].rpartition("/")[2].partition(":")[0]
    return _IMAGES.get(name.lower(), "")


def _without_defaults(value: str) -> str:
    return _DEFAULT.sub(r"\1", value)


def _of_files(sources: Sources) -> Iterator[FoundDatabase]:
    for name in sorted(sources.texts, key=lambda name: (name.count("/"), name)):
        for asked in names_asked_for(name, sources.texts[name]):
            if ADDRESS.fullmatch(asked):
                yield FoundDatabase(_kind_of_name(asked) or _kind_of_driver(sources), f"{asked} in {name}")


def _kind_of_name(name: str) -> str:
    """What a variable is named after: REDIS_URL."""
    words = name.lower().split("_")
    return next((kind for word, kind in _NAMES.items() if word in words), "")


def _kind_of_driver(sources: Sources) -> str:
    """What the one driver is for that the app depends on; "" for none or several."""
    manifests = "\n".join(text for name, text in sources.texts.items() if name in _MANIFESTS)
    kinds = {kind for kind, pattern in _DRIVERS.items() if re.search(pattern, manifests, re.IGNORECASE)}
    return kinds.pop() if len(kinds) == 1 else ""
