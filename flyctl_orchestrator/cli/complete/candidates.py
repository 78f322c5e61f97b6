"""Finds the words that a shell offers. Asks nobody but the local platform, and only where that is the target."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from flyctl_orchestrator.cli.complete.known import Kind, typed_before

# Seconds for an answer of the local platform; a person waits for it at every press of the key.
PATIENCE = 0.5


def candidates(
    kinds: Sequence[Kind], ctx: click.Context, incomplete: str, *, local: bool, listed: bool
) -> list[CompletionItem]:
    """Words of these kinds that begin as typed; none where something goes wrong, and nothing is printed.

    Args:
        local: about the local platform, whatever the line says.
        listed: several words with commas between them; the last one is completed.
    """
    before, comma, begun = incomplete.rpartition(",") if listed else ("", "", incomplete)
    try:
        found = [pair for kind in kinds for pair in _known(kind, ctx, local=local)]
    except Exception:  # noqa: BLE001 a shell in the middle of a line is no place for an error
        return []
    return [
        CompletionItem(f"{before}{comma}{word}", help=about)
        for word, about in dict(found).items()
        if word.startswith(begun)
    ]


def _known(kind: Kind, ctx: click.Context, *, local: bool) -> list[tuple[str, str]]:
    """Words and what to say of each."""
    on_local = local or bool(typed_before(ctx, "local")) or os.environ.get("FLYO_TARGET") == "local"
    if kind == "region":
        return list(_regions())
    if kind == "app":
        return _apps(on_local)
    app = typed_before(ctx, "app") or _app_here(typed_before(ctx, "config"))
    return (_local_machines(app) if on_local else _seen_machines(app)) if app else []


def _regions() -> Iterator[tuple[str, str]]:
    from flyctl_orchestrator.catalog.regions import load_regions

    for region in load_regions(os.environ):
        if not region.deprecated:
            yield region.code, region.city


def _apps(on_local: bool) -> list[tuple[str, str]]:
    """The app here; those of the local platform, or those on Fly.io that this computer has rolled out."""
    from flyctl_orchestrator.cli.state import state_directory
    from flyctl_orchestrator.environment import Environment

    here = _app_here(None)
    if on_local:
        said = _ask("/_local/status")
        others = [str(each["name"]) for each in said.get("apps", [])]
    else:
        kept = state_directory(Environment.of_process()) / "rollouts" / "fly"
        others = sorted(path.name for path in kept.iterdir() if path.is_dir()) if kept.is_dir() else []
    return [(name, "") for name in dict.fromkeys([*([here] if here else []), *others])]


def _app_here(config: Path | None) -> str:
    """The app that the configuration here names, "" when there is none."""
    from flyctl_orchestrator.project.flytoml.formats import config_in, read_config

    path = config or config_in(Path.cwd())
    if path is None:
        return ""
    said = read_config(path, path.name).data.get("app")
    return said if isinstance(said, str) else ""


def _local_machines(app: str) -> list[tuple[str, str]]:
    """Those that a deploy manages: what keeps the app's lock writes nothing and answers nobody."""
    machines = _ask(f"/v1/apps/{app}/machines?metadata.fly_platform_version=v2")
    return [(str(each["id"]), f"{each['region']} {each['state']}") for each in machines]


def _seen_machines(app: str) -> list[tuple[str, str]]:
    """The machines that 'flyo status' saw last."""
    from flyctl_orchestrator.cli.complete.seen import seen_machines
    from flyctl_orchestrator.environment import Environment

    return list(seen_machines(Environment.of_process(), app).items())


def _ask(path: str) -> Any:
    """An answer of the local platform; nothing is started for it."""
    import http.client  # takes a third as long as all of Click

    from flyctl_orchestrator.cli.local.client import find_local, headers
    from flyctl_orchestrator.environment import Environment

    running = find_local(Environment.of_process())
    if running is None:
        return {} if path.startswith("/_local") else []
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers=headers(running))
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()
