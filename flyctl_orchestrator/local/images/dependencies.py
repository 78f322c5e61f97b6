"""Installed dependencies, kept by content: the same manifests and commands are installed once.

On disk, below the cache's root: `<key>.json` says which directory holds what was installed, and is written last, in
one rename. So a build that was interrupted leaves a directory that nothing names, and the next start removes it.
The directory never moves, because a virtual environment cannot.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import platform
import secrets
import shutil
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from flyctl_orchestrator.local.images import snapshot
from flyctl_orchestrator.local.images.context import Context
from flyctl_orchestrator.local.images.installation import BuildSettings, Installed, install
from flyctl_orchestrator.local.images.manifests import InstallPlan
from flyctl_orchestrator.local.images.tree import Tree

_FORMAT = 2


class DependencyCache:
    """Installed dependencies below one directory. One object per directory: concurrent builds wait for each other."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._locks: dict[str, asyncio.Lock] = {}
        self._busy: set[str] = set()
        root.mkdir(parents=True, exist_ok=True)

    def sweep(self, keep: Collection[str] | None = None, unused_since: float = 0.0) -> None:
        """Remove what builds left unfinished, and with `keep` also finished work that nothing needs.

        Args:
            keep: keys to keep; None keeps all.
            unused_since: work used after this moment (seconds since the epoch) stays whatever `keep` says.
        """
        homes = set(self._busy)
        for record in self._root.glob("*.json"):
            if keep is not None and record.stem not in keep and record.stat().st_mtime < unused_since:
                record.unlink(missing_ok=True)
            elif content := _read_json(record):
                homes.add(content["home"])
        for entry in self._root.iterdir():
            if entry.is_dir() and entry.name not in homes:
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.suffix == ".part" and not self._busy:
                entry.unlink(missing_ok=True)

    async def ensure(
        self, plan: InstallPlan, context: Context, settings: BuildSettings, log: Callable[[str], None]
    ) -> Installed:
        """What the plan installs, from the cache or by running it.

        Raises:
            BuildFailed: a command failed or took too long.
        """
        if not plan.steps and not plan.virtual_env:
            return Installed()
        key = await asyncio.to_thread(_key, plan, context, settings)
        lock = self._locks.setdefault(key, asyncio.Lock())
        if lock.locked():
            log("waiting for another build of the same dependencies")
        async with lock:
            found = self._find(key)
            if found:
                return found
            return await self._install(key, plan, context, settings, log)

    def _find(self, key: str) -> Installed | None:
        record = self._root / f"{key}.json"
        content = _read_json(record)
        if not content:
            return None
        home = self._root / content["home"]
        environment = home / "venv" if content["virtual_env"] else None
        made = tuple(content["made"])
        # A Python that was upgraded away leaves a link to nothing.
        whole = environment is None or (environment / "bin" / "python").exists()
        if not whole or not all((home / "src" / name).exists() for name in made):
            return None
        os.utime(record)
        return Installed(key, home, environment, made, True, tuple(content["notices"]))

    async def _install(
        self, key: str, plan: InstallPlan, context: Context, settings: BuildSettings, log: Callable[[str], None]
    ) -> Installed:
        home = self._root / f"{key[:12]}-{secrets.token_hex(4)}"
        self._busy.add(home.name)
        try:
            found = await install(home, key, plan, context, settings, log)
            _write_json(
                self._root / f"{key}.json",
                {
                    "home": home.name,
                    "virtual_env": found.virtual_env is not None,
                    "made": list(found.made),
                    "notices": list(found.notices),
                },
            )
        except BaseException:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, home, ignore_errors=True))
            raise
        finally:
            self._busy.discard(home.name)
        return found


def _key(plan: InstallPlan, context: Context, settings: BuildSettings) -> str:
    facts = {
        "format": _FORMAT,
        "steps": [
            (step.command, step.directory, sorted(step.env.items()), sorted(step.laid_out.items()))
            for step in plan.steps
        ],
        "inputs": snapshot.fingerprint(_part(context.tree, plan.inputs), context.digests).digest,
        "virtual_env": plan.virtual_env,
        "python": [sys.implementation.cache_tag, platform.python_version(), sys.platform, platform.machine()],
        "node": _version_of("node", settings.host_path) if _may_use_node(plan) else None,
        "compilers": [
            _version_of(tool, settings.host_path)
            for tool in ("go", "cargo")
            if any(step.command.startswith(f"{tool} ") for step in plan.steps)
        ],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _may_use_node(plan: InstallPlan) -> bool:
    return plan.keeps_everything or any(step.command.startswith("npm ") for step in plan.steps)


def _version_of(name: str, path: str) -> list[str | int] | None:
    """Which executable a name stands for, without running it: where it is, how large, and how old."""
    found = shutil.which(name, path=path)
    if found is None:
        return None
    real = Path(found).resolve()
    stat = real.stat()
    return [str(real), stat.st_size, stat.st_mtime_ns]


def _part(tree: Tree, names: Collection[str] | None) -> Tree:
    if names is None or "" in names:
        return tree
    part = Tree()
    for path, item in tree.items():
        if any(path == name or path.startswith(name + "/") for name in names):
            part[path] = item
    return part


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        temporary.write_text(json.dumps(content, indent=1, sort_keys=True))
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
