"""flyo.toml, the orchestrator's own file: strict, because a misspelt key would silently change a rollout."""

from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import Path

from flyctl_orchestrator.catalog.regions import RegionBook, load_regions
from flyctl_orchestrator.project.model import (
    EVIDENCE,
    HOOKS,
    MOST_PATHS,
    RUNTIMES,
    STRATEGIES,
    Budget,
    Flyo,
    Hooks,
    LocalBuild,
    Probe,
    RolloutPolicy,
)
from flyctl_orchestrator.project.table import Table
from flyctl_orchestrator.project.tomlfile import Document, read_document

TABLES = ("regions", "groups", "rollout", "probe", "local", "hooks", "budget", "url")
MOST_MACHINES = 1000
"""Machines of one process group in one region; more is taken for a typing error."""


def load(path: Path, *, shown: str | None = None, regions: RegionBook | None = None) -> Flyo:
    """Read and check flyo.toml at `path`; a missing file means the defaults.

    Args:
        shown: what to call the file in messages; the path by default.
        regions: the region catalog; the one that ships with the package by default.

    Raises:
        UsageError: with file, line and column of what to change (codes config.*).
    """
    if not path.exists() and not path.is_symlink():
        return Flyo()
    return parse(read_document(path, shown), regions=regions)


def parse(document: Document, *, regions: RegionBook | None = None) -> Flyo:
    """As `load`, for a file already read."""
    book = regions or load_regions()
    top = Table(document, (), document.data)
    top.only(TABLES)
    counts = _counts(top.table("regions"), book)
    groups = _groups(top.table("groups"), book)
    return Flyo(
        regions=counts,
        groups=groups,
        rollout=_rollout(top.table("rollout"), {**counts, **_union(groups)}, book),
        probe=_probe(top.table("probe")),
        local=_local(top.table("local")),
        hooks=_hooks(top.table("hooks")),
        budget=_budget(top.table("budget")),
        url_template=_url(top.table("url")),
        path=document.path,
    )


def is_flyo(data: Mapping[str, object]) -> bool:
    """Whether a file that is taken for a fly.toml is a flyo.toml: it holds tables of this one, and nothing else."""
    return bool(data) and all(name in TABLES and isinstance(table, Mapping) for name, table in data.items())


def _counts(table: Table, book: RegionBook) -> Mapping[str, int]:
    for code in table.data:
        book.require(code, where=table.document.where((*table.path, code)))
    return {code: table.integer(code, 0, least=0, most=MOST_MACHINES) or 0 for code in table.data}


def _groups(table: Table, book: RegionBook) -> Mapping[str, Mapping[str, int]]:
    groups: dict[str, Mapping[str, int]] = {}
    for name in table.data:
        group = table.table(name)
        group.only(("regions",))
        groups[name] = _counts(group.table("regions"), book)
    return groups


def _union(groups: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    return {code: count for counts in groups.values() for code, count in counts.items()}


def _rollout(table: Table, counts: Mapping[str, int], book: RegionBook) -> RolloutPolicy:
    known = ("strategy", "canary", "width", "max_unavailable", "watch", "watch_back", "bake", "timeout", "timeout_back")
    table.only((*known, "rollback", "propagation"))
    default = RolloutPolicy()
    canary = table.text("canary")
    if canary is not None:
        book.require(canary, where=table.document.where((*table.path, "canary")))
        if counts and canary not in counts:
            raise table.fail(
                "canary", f"is '{canary}', which [regions] does not have", f"Use one of: {', '.join(counts)}"
            )
    return RolloutPolicy(
        strategy=table.choice("strategy", STRATEGIES, default.strategy),
        canary=canary,
        width=table.count("width", default.width),
        max_unavailable=table.count("max_unavailable", default.max_unavailable, least=1),
        watch=table.seconds("watch", default.watch),
        watch_back=table.seconds("watch_back", default.watch_back),
        bake=table.seconds("bake", default.bake),
        timeout=table.seconds("timeout", default.timeout, least=1.0),
        timeout_back=table.seconds("timeout_back", default.timeout_back, least=1.0),
        rollback=table.flag("rollback", default.rollback),
        propagation=table.optional_seconds("propagation"),
    )


def _probe(table: Table) -> Probe:
    known = ("path", "paths", "timeout", "passes", "evidence", "identity", "latency_factor", "latency_floor")
    table.only((*known, "command", "command_timeout"))
    default = Probe()
    path, paths = table.text("path"), table.texts("paths")
    if path is not None and not valid_path(path):
        raise table.fail("path", "is not a request path", 'Write path = "/health": it starts with / and has no spaces')
    if not all(valid_path(each) for each in paths):
        advice = 'Write paths = ["/", "/login"]: each starts with / and has no spaces'
        raise table.fail("paths", "holds something that is not a request path", advice)
    if len(paths) > MOST_PATHS:
        raise table.fail("paths", f"names more than {MOST_PATHS} pages", "Name those that matter most")
    return Probe(
        path=path or default.path,
        named=path is not None,
        paths=tuple(dict.fromkeys(paths)) if "paths" in table.data else default.paths,
        timeout=table.seconds("timeout", default.timeout, least=0.001),
        passes=table.count("passes", default.passes, least=1),
        evidence=table.choice("evidence", EVIDENCE, default.evidence),
        identity=table.choice("identity", ("auto", "required", "off"), default.identity),
        latency_factor=table.number("latency_factor", default.latency_factor),
        latency_floor=table.seconds("latency_floor", default.latency_floor),
        command=_command(table, "command"),
        command_timeout=table.seconds("command_timeout", default.command_timeout, least=1.0),
    )


def valid_path(path: str) -> bool:
    """Whether `path` can stand in a request line as it is; one that begins with // is another host's address."""
    return path.startswith("/") and not path.startswith("//") and all("!" <= letter <= "~" for letter in path)


def _local(table: Table) -> LocalBuild:
    table.only(("build", "inputs", "runtime"))
    inputs = table.texts("inputs")
    for name in inputs:
        if not name or name.startswith("/") or ".." in name.split("/"):
            raise table.fail("inputs", "holds a path outside the project", "Name files relative to fly.toml")
    runtime = table.choice("runtime", RUNTIMES, "auto") if "runtime" in table.data else None
    return LocalBuild(table.text("build"), inputs if "inputs" in table.data else None, runtime)


def _hooks(table: Table) -> Hooks:
    table.only((*HOOKS, "timeout"))
    commands = {name: command for name in HOOKS if (command := _command(table, name)) is not None}
    return Hooks(commands, table.seconds("timeout", Hooks().timeout, least=1.0))


def _budget(table: Table) -> Budget:
    table.only(("monthly_usd", "hours"))
    hours = table.number("hours", Budget().hours)
    if hours > Budget().hours:
        raise table.fail("hours", "is more than a day has", "Write a number from 0 to 24")
    return Budget(table.number("monthly_usd", 0.0) if "monthly_usd" in table.data else None, hours)


def _command(table: Table, key: str) -> str | None:
    command = table.text(key)
    if command is not None and not command.strip():
        raise table.fail(key, "is empty", f'Write {key} = "make check", or leave it out')
    return command


def _url(table: Table) -> str | None:
    table.only(("template",))
    template = table.text("template")
    if template is None:
        return None
    try:
        fields = [field for _, field, _, _ in string.Formatter().parse(template) if field is not None]
    except ValueError:
        fields = ["?"]
    if not template.startswith(("http://", "https://")) or any(field != "app" for field in fields):
        raise table.fail("template", "is not an address", 'Write template = "https://{app}.fly.dev"')
    return template
