"""fly.toml, Fly.io's own file: the parts a rollout depends on, in every spelling flyctl accepts.

The file belongs to flyctl, which is asked whether it is valid before anything is built. Nothing is refused here: a
value that a rollout depends on and that cannot be understood is kept as a problem, with its line, and whoever needs
the value stops at it; whoever only looks goes on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from pathlib import Path
from typing import Any

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.flytoml.formats import read_config
from flyctl_orchestrator.project.flytoml.mounts import read_mounts
from flyctl_orchestrator.project.flytoml.services import read_checks, read_services
from flyctl_orchestrator.project.flytoml.sizes import read_sizes
from flyctl_orchestrator.project.flytoml.values import pick, tables_of
from flyctl_orchestrator.project.model import DEFAULT_GROUP, FlyToml
from flyctl_orchestrator.project.table import Table, kind
from flyctl_orchestrator.project.tomlfile import Document

_APP_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_USABLE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", re.ASCII)


def valid_app_name(name: str) -> bool:
    """Whether `name` can be a new app: it becomes the host NAME.fly.dev, so it follows the rules of a DNS label."""
    return _APP_NAME.fullmatch(name) is not None


def usable_app_name(name: str) -> bool:
    """Whether `name` can be asked for: it goes into addresses and file names. Whether it exists, Fly.io knows."""
    return _USABLE_NAME.fullmatch(name) is not None


def load(path: Path, *, shown: str | None = None) -> FlyToml:
    """Read fly.toml at `path`.

    Args:
        shown: what to call the file in messages; the path by default.

    Raises:
        UsageError: it cannot be read at all, with line and column of what to change (codes config.*).
    """
    return parse(read_config(path, shown or str(path)))


def parse(document: Document) -> FlyToml:
    """As `load`, for a file already read."""
    top = Table(document, (), document.data)
    problems: list[UsageError] = []
    groups = _process_groups(top, problems)
    default = DEFAULT_GROUP if DEFAULT_GROUP in groups else min(groups)
    sizes, notes = read_sizes(top, problems)
    return FlyToml(
        app=_text(top, "app", problems),
        primary_region=_text(top, "primary_region", problems),
        process_groups=groups,
        default_group=default,
        services=read_services(top.data),
        checks=read_checks(top.data),
        env=_env(pick(top.data, "env")),
        sizes=sizes,
        volumes=read_mounts(top, groups, default, sizes, problems),
        raw=document.data,
        path=document.path,
        text=document.text,
        shown=document.shown,
        problems=tuple(problems),
        notes=notes,
    )


def _text(top: Table, key: str, problems: list[UsageError]) -> str | None:
    value = pick(top.data, key)
    if isinstance(value, date | time):
        # flyctl makes text of a date.
        value = value.isoformat()
    if value is not None and not isinstance(value, str):
        problems.append(top.fail(key, f"must be a string, not {kind(value)}", f'Write {key} = "…"'))
        return None
    return value or None


def _process_groups(top: Table, problems: list[UsageError]) -> tuple[str, ...]:
    """Names of `[processes]`; the old `[[processes]]` with name and command counts too."""
    value = pick(top.data, "processes")
    if isinstance(value, list):
        names = [str(item["name"]) for item in value if isinstance(item, dict) and "name" in item]
        return tuple(dict.fromkeys(names)) or (DEFAULT_GROUP,)
    if value is not None and not isinstance(value, dict):
        problems.append(top.fail("processes", f"must be a table, not {kind(value)}", "Write [processes]"))
    return tuple(value) if isinstance(value, dict) and value else (DEFAULT_GROUP,)


def _env(value: Any) -> Mapping[str, str]:
    """The plain values of `[env]` as text."""
    found = {name: item for table in tables_of(value) or () for name, item in table.items()}
    return {name: str(item) for name, item in found.items() if isinstance(item, str | int)}
