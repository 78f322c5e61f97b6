"""Dependencies being installed: a plan's commands, run in a copy of the context, and what they leave behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from flyctl_orchestrator.local.images import build_command, snapshot, virtual_env
from flyctl_orchestrator.local.images.command import path_without
from flyctl_orchestrator.local.images.context import Context
from flyctl_orchestrator.local.images.failed_command import advice, reasons
from flyctl_orchestrator.local.images.failure import BuildFailed
from flyctl_orchestrator.local.images.manifests import InstallPlan, InstallStep
from flyctl_orchestrator.local.images.tree import Tree

# The last ones that bring pkg_resources along.
_SETUPTOOLS = "pip install 'setuptools<81'"
_SETUPTOOLS_SECONDS = 120.0
_SHOWN_LINES = 3
_RUBBISH = ("__pycache__", ".egg-info", ".pyc")


@dataclass(frozen=True)
class BuildSettings:
    """What builds depend on besides their input.

    Attributes:
        environ: the platform's environment, of which builds get a part (`build_command.build_environment`).
        timeout_seconds: how long all commands of one build may take.
        own: directories of the platform, such as its state, that are never part of a context.
        quiet_seconds: after how long without a line a build says that it goes on; a client that hears nothing gives up.
    """

    environ: Mapping[str, str]
    timeout_seconds: float = 600.0
    own: tuple[Path, ...] = ()
    quiet_seconds: float = 60.0

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
        """Directories with installed executables; a virtual environment is first."""
        places = [self.home / "src" / name for name in self.made]
        # An environment that the command made for itself is the one it filled.
        found = [place / "bin" for place in places if (place / "pyvenv.cfg").is_file()]
        found += [self.virtual_env / "bin"] if self.virtual_env else []
        found += [place / ".bin" for place in places if place.name == "node_modules" and (place / ".bin").is_dir()]
        return tuple(str(path) for path in found)


async def install(
    home: Path, key: str, plan: InstallPlan, context: Context, settings: BuildSettings, log: Callable[[str], None]
) -> Installed:
    """Run a plan in a copy of the context, with a fresh virtual environment if it wants one.

    Args:
        home: a directory of its own, not there yet; whatever happens, it is the caller's to remove.
        key: what the result will be known by.
        log: gets the commands and every line they write.

    Raises:
        BuildFailed: a command failed or took too long.
        OSError: the disk refuses.
    """
    source = home / "src"
    written = await asyncio.to_thread(_copy_context, context, source)
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
    lacks = await _provide_pkg_resources(environment, home, env, log) if environment else ()
    found = await asyncio.to_thread(_collect, key, plan, home, environment, context.tree, written)
    return replace(found, notices=(*found.notices, *lacks))


async def _provide_pkg_resources(
    environment: Path, home: Path, env: Mapping[str, str], log: Callable[[str], None]
) -> tuple[str, ...]:
    """Install setuptools where a package wants its pkg_resources, as images of Python before 3.12 have it; notices."""
    wanting = await asyncio.to_thread(virtual_env.lacks_pkg_resources, environment)
    if not wanting:
        return ()
    log(f"$ {_SETUPTOOLS} (for {wanting})")
    with contextlib.suppress(TimeoutError):
        if not (await build_command.run(_SETUPTOOLS, home, env, log, _SETUPTOOLS_SECONDS)).status:
            return ()
    return (f"{wanting} wants pkg_resources, but setuptools could not be installed: add it to the requirements",)


def _copy_context(context: Context, target: Path) -> dict[str, tuple[int, int]]:
    """Copy the context; gives size and modification time of every file written."""
    snapshot.write(context.tree, target, snapshot.fingerprint(context.tree, context.digests).files)
    return {path: _look(target / path) for path, item in context.tree.items() if item.kind == "file"}


def _look(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return (-1, -1)
    return stat.st_size, stat.st_mtime_ns


async def _run_steps(
    steps: tuple[InstallStep, ...], source: Path, env: Mapping[str, str], log: Callable[[str], None], timeout: float
) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + timeout
    for step in steps:
        log(f"$ {step.command}")
        try:
            await asyncio.to_thread(_lay_out, step, source)
            place, variables = source / step.directory, {**env, **step.env}
            ended = await build_command.run(step.command, place, variables, log, until - loop.time())
        except TimeoutError as error:
            raise BuildFailed(
                "build.timeout",
                f"`{step.command}` took longer than {timeout:g} s and was stopped",
                "Make it faster, or see in the log what it waits for.",
            ) from error
        if ended.status:
            raise _failed(step, ended)


def _lay_out(step: InstallStep, source: Path) -> None:
    for path, origin in step.laid_out.items():
        target = source / step.directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / origin, target)


def _failed(step: InstallStep, ended: build_command.Ended) -> BuildFailed:
    said = " | ".join(reasons(ended.last_lines, _SHOWN_LINES)) or "it wrote nothing"
    hint = (
        f"{advice(ended.last_lines)} 'flyo deploy --verbose' shows its whole output; it ran in a copy of the build"
        " context. `build` under [local] in flyo.toml says what runs there."
    ).lstrip()
    if ended.status == 127:
        hint = f"`{step.command.split()[0]}` or something it needs is not installed on this computer."
    return BuildFailed("build.failed", f"`{step.command}` ended with exit status {ended.status}: {said}", hint)


def _collect(
    key: str,
    plan: InstallPlan,
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
    editable = environment is not None and _points_to(source, environment)
    if editable and plan.inputs is not None:
        notices.append("an editable install sees the code as it was at that time: add the code to `inputs`")
    if not made and not editable:
        shutil.rmtree(source)
    shutil.rmtree(home / "tmp", ignore_errors=True)
    return Installed(key, home, environment, tuple(made), False, tuple(notices))


def _points_to(source: Path, environment: Path) -> bool:
    """Whether something was installed as a reference to the code, as `pip install -e` does."""
    references = environment.glob("lib/python*/site-packages/*.pth")
    return any(p.name.startswith("__editable__") or str(source) in p.read_text("utf-8", "replace") for p in references)


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
