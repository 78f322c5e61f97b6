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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flyctl_orchestrator.local.runtime import build_command, snapshot, virtual_env
from flyctl_orchestrator.local.runtime.command import path_without
from flyctl_orchestrator.local.runtime.context import Context
from flyctl_orchestrator.local.runtime.failure import BuildFailed
from flyctl_orchestrator.local.runtime.manifests import Plan, Step
from flyctl_orchestrator.local.runtime.tree import Tree

_FORMAT = 1
_RUBBISH = ("__pycache__", ".egg-info", ".pyc")


@dataclass(frozen=True)
class BuildSettings:
    """What builds depend on besides their input.

    Attributes:
        environ: the platform's environment, of which builds get a part (`build_command.build_environment`).
        timeout_seconds: how long all commands of one build may take.
    """

    environ: Mapping[str, str]
    timeout_seconds: float = 600.0

    @property
    def host_path(self) -> str:
        """PATH for builds and machines: this computer's, without the platform's own virtual environment."""
        own = [str(Path(sys.prefix, "bin"))] if sys.prefix != sys.base_prefix else []
        return path_without(self.environ.get("PATH", os.defpath), *own)


@dataclass(frozen=True)
class Installed:
    """What a plan came to.

    Attributes:
        key: 64 hex characters over everything the result depends on.
        home: the directory that holds it.
        virtual_env: the virtual environment, or None.
        made: new files and directories in the context's copy, e.g. "node_modules"; they are below `home / "src"`.
        cached: nothing had to run.
        notices: one sentence each.
    """

    key: str = ""
    home: Path = Path()
    virtual_env: Path | None = None
    made: tuple[str, ...] = ()
    cached: bool = True
    notices: tuple[str, ...] = ()

    def path_prefix(self) -> tuple[str, ...]:
        """Directories with installed executables; the virtual environment is first."""
        found = [self.virtual_env / "bin"] if self.virtual_env else []
        for name in self.made:
            place = self.home / "src" / name
            found += [path for path in (place / ".bin", place / "bin") if path.is_dir()]
        return tuple(str(path) for path in found)


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

    async def ensure(
        self, plan: Plan, context: Context, settings: BuildSettings, log: Callable[[str], None]
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
        self, key: str, plan: Plan, context: Context, settings: BuildSettings, log: Callable[[str], None]
    ) -> Installed:
        home = self._root / f"{key[:12]}-{secrets.token_hex(4)}"
        self._busy.add(home.name)
        try:
            found = await self._install_in(home, key, plan, context, settings, log)
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

    async def _install_in(
        self, home: Path, key: str, plan: Plan, context: Context, settings: BuildSettings, log: Callable[[str], None]
    ) -> Installed:
        source = home / "src"
        written = await asyncio.to_thread(_copy_context, context.tree, source)
        await asyncio.to_thread((home / "tmp").mkdir)
        environment = home / "venv" if plan.virtual_env else None
        env = {**build_command.build_environment(settings.environ), "TMPDIR": str(home / "tmp")}
        env["PATH"] = settings.host_path
        if environment:
            await asyncio.to_thread(virtual_env.make, environment)
            env["PATH"] = f"{environment / 'bin'}:{env['PATH']}"
            env["VIRTUAL_ENV"] = env["UV_PROJECT_ENVIRONMENT"] = str(environment)
        env.setdefault("HOME", str(home / "tmp"))
        await _run_steps(plan.steps, source, env, log, settings.timeout_seconds)
        return await asyncio.to_thread(_collect, key, plan, home, environment, context.tree, written)


def _key(plan: Plan, context: Context, settings: BuildSettings) -> str:
    facts = {
        "format": _FORMAT,
        "steps": [(step.command, step.directory) for step in plan.steps],
        "inputs": snapshot.fingerprint(_part(context.tree, plan.inputs)).digest,
        "virtual_env": plan.virtual_env,
        "python": [sys.implementation.cache_tag, platform.python_version(), sys.platform, platform.machine()],
        "node": _version_of("node", settings.host_path) if _may_use_node(plan) else None,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _may_use_node(plan: Plan) -> bool:
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
    if names is None or any(name in ("", ".", "./") for name in names):
        return tree
    wanted = tuple(name.strip("/").removeprefix("./") for name in names)
    part = Tree()
    for path, item in tree.items():
        if any(path == name or path.startswith(name + "/") for name in wanted):
            part[path] = item
    return part


def _copy_context(tree: Tree, target: Path) -> dict[str, tuple[int, int]]:
    """Copy the context; gives size and modification time of every file written."""
    snapshot.write(tree, target, snapshot.fingerprint(tree).files)
    return {path: _look(target / path) for path, item in tree.items() if item.kind == "file"}


def _look(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return (-1, -1)
    return stat.st_size, stat.st_mtime_ns


async def _run_steps(
    steps: tuple[Step, ...], source: Path, env: Mapping[str, str], log: Callable[[str], None], timeout: float
) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + timeout
    for step in steps:
        log(f"$ {step.command}")
        try:
            ended = await build_command.run(step.command, source / step.directory, env, log, until - loop.time())
        except TimeoutError as error:
            raise BuildFailed(
                "build.timeout",
                f"`{step.command}` took longer than {timeout:g} s and was stopped",
                "Make it faster, or see in the log what it waits for.",
            ) from error
        if ended.status:
            raise _failed(step, ended)


def _failed(step: Step, ended: build_command.Ended) -> BuildFailed:
    said = " | ".join(line.strip() for line in ended.last_lines[-3:]) or "it wrote nothing"
    hint = "The whole output is above; the command ran in a copy of the build context."
    if ended.status == 127:
        hint = f"`{step.command.split()[0]}` or something it needs is not installed on this computer."
    return BuildFailed("build.failed", f"`{step.command}` ended with exit status {ended.status}: {said}", hint)


def _collect(
    key: str,
    plan: Plan,
    home: Path,
    environment: Path | None,
    tree: Tree,
    written: Mapping[str, tuple[int, int]],
) -> Installed:
    """What the commands left behind."""
    source = home / "src"
    made = [name for name in _new_below(source, tree) if plan.keeps_everything or name.endswith("node_modules")]
    notices = []
    changed = [path for path, seen in written.items() if _look(source / path) != seen] if plan.keeps_everything else []
    if changed:
        notices.append(
            f"the build changed {changed[0]}{f' and {len(changed) - 1} more' if len(changed) > 1 else ''}: machines get"
            " the files of the context as they were, and what the build added"
        )
    editable = environment is not None and any(environment.glob("lib/python*/site-packages/__editable__*"))
    if editable and plan.inputs is not None:
        notices.append("an editable install sees the code as it was at that time: add the code to `inputs`")
    if not made and not editable:
        shutil.rmtree(source)
    shutil.rmtree(home / "tmp", ignore_errors=True)
    return Installed(key, home, environment, tuple(made), False, tuple(notices))


def _new_below(source: Path, tree: Tree) -> list[str]:
    """Topmost paths that were not in the context."""
    found = []
    waiting = [""]
    while waiting:
        path = waiting.pop()
        for entry in sorted(os.scandir(source / path), key=lambda e: e.name):
            name = f"{path}/{entry.name}" if path else entry.name
            if name in tree:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(name)
            elif not entry.name.endswith(_RUBBISH):
                found.append(name)
    return sorted(found)


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
