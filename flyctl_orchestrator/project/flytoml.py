"""fly.toml, Fly.io's own file: the parts a rollout depends on, in every spelling flyctl accepts.

The file belongs to flyctl, so unknown keys are none of our business; a value that we read and flyctl would refuse or
silently drop is an error here, with its line. Key names, defaults and old spellings are those of Fly.io's
configuration reference and of flyctl's own loader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from flyctl_orchestrator.catalog.regions import RegionBook, load_regions
from flyctl_orchestrator.project.flytoml_services import read_checks, read_services, read_sizes
from flyctl_orchestrator.project.model import DEFAULT_GROUP, FlyToml
from flyctl_orchestrator.project.table import Table
from flyctl_orchestrator.project.tomlfile import Document, read_document

_APP_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


def valid_app_name(name: str) -> bool:
    """Whether `name` can be an app: it becomes the host NAME.fly.dev, so it follows the rules of a DNS label."""
    return _APP_NAME.fullmatch(name) is not None


def load(path: Path, *, shown: str | None = None, regions: RegionBook | None = None) -> FlyToml:
    """Read and check fly.toml at `path`.

    Args:
        shown: what to call the file in messages; the path by default.
        regions: the region catalog; the one that ships with the package by default.

    Raises:
        UsageError: with file, line and column of what to change (codes config.*).
    """
    return parse(read_document(path, shown), regions=regions)


def parse(document: Document, *, regions: RegionBook | None = None) -> FlyToml:
    """As `load`, for a file already read."""
    top = Table(document, (), document.data)
    groups = _process_groups(top)
    services = read_services(top)
    checks = read_checks(top)
    sizes = read_sizes(top)
    for table, names in _uses(top):
        for name in names:
            if name not in groups:
                raise table.fail(
                    "processes",
                    f"names process group '{name}', which [processes] does not have",
                    f"Use one of: {', '.join(groups)}",
                )
    return FlyToml(
        app=_app(top),
        primary_region=_primary_region(top, regions or load_regions()),
        process_groups=groups,
        services=services,
        checks=checks,
        env=_env(top),
        sizes=sizes,
        mounts=_mounted(top, groups),
        release_command=top.table("deploy").text("release_command") or None,
        kill_timeout=_kill_timeout(top),
        raw=document.data,
        path=document.path,
        text=document.text,
    )


def _app(top: Table) -> str | None:
    name = top.text("app")
    if name is None or name == "":
        return None
    if not valid_app_name(name):
        raise top.fail(
            "app",
            "is not a valid app name",
            "Use 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end",
        )
    return name


def _primary_region(top: Table, regions: RegionBook) -> str | None:
    code = top.text("primary_region")
    if not code:
        return None
    return regions.require(code, where=top.document.where(("primary_region",))).code


def _process_groups(top: Table) -> tuple[str, ...]:
    """Names of `[processes]`; the old `[[processes]]` with name and command counts too."""
    value = top.data.get("processes")
    if isinstance(value, list):
        names = [table.text("name") for table in top.tables("processes")]
        if not all(names):
            raise top.fail("processes", "has an entry without a name", 'Write [processes] and NAME = "command"')
        return tuple(str(name) for name in names) or (DEFAULT_GROUP,)
    table = top.table("processes")
    for name in table.data:
        table.text(name)
        if not name.strip():
            raise table.fail(name, "has a process group without a name")
    return tuple(table.data) or (DEFAULT_GROUP,)


def _env(top: Table) -> Mapping[str, str]:
    """`[env]`; numbers and booleans become the text flyctl makes of them."""
    table = top.table("env")
    values: dict[str, str] = {}
    for name, value in table.data.items():
        if name.startswith("FLY_"):
            raise table.fail(name, "starts with FLY_, which Fly.io keeps for itself", "Rename it")
        if isinstance(value, list | dict):
            raise table.fail(name, "must be a string", f'Write {name} = "…"')
        values[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return values


def _kill_timeout(top: Table) -> float | None:
    own = top.optional_seconds("kill_timeout")
    return own if own is not None else top.table("experimental").optional_seconds("kill_timeout")


def _mounted(top: Table, groups: tuple[str, ...]) -> tuple[str, ...]:
    """Process groups with a volume; a mount that names none belongs to all."""
    mounted: set[str] = set()
    for key in ("mounts", "mount"):
        for table in top.tables(key):
            mounted.update(table.texts("processes") or groups)
    return tuple(group for group in groups if group in mounted)


def _uses(top: Table) -> list[tuple[Table, tuple[str, ...]]]:
    """Each table that says which process groups it is for."""
    tables = [
        table for key in ("services", "mounts", "mount", "vm", "compute", "computes") for table in top.tables(key)
    ]
    if "http_service" in top.data:
        tables.append(top.table("http_service"))
    return [(table, table.texts("processes")) for table in tables]
