"""Deploys that were started by a click: flyo as a child process, one at a time for each app, in its project."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flyctl_orchestrator.local.base import own_children
from flyctl_orchestrator.local.base.errors import PlatformError
from flyctl_orchestrator.local.page.projects import Project, Projects

# How the platform's directory is named to flyo: the deploy goes to this platform, whichever one it was told of.
PLACE = "FLYO_LOCAL_DIR"
# Seconds for the way back when the platform is stopped, and from a second Ctrl-C until it is killed.
WAY_BACK_SECONDS, LAST_SECONDS = 20.0, 3.0
SHOWN_LINES, SHOWN_BYTES = 15, 8192


@dataclass
class _Started:
    """The newest deploy of an app; `status` is None while it is under way, 128 and the signal when it was killed."""

    app: str
    process: Process
    log: Path
    status: int | None = None

    @property
    def shown(self) -> dict[str, Any]:
        over = self.status is not None
        return {"running": not over, "exit": self.status, "wrote": _last_lines(self.log) if over else []}


class Deploys:
    """Starts deploys, and says what became of the newest of each app.

    Args:
        projects: where the apps' projects are.
        state: the platform's directory; what deploys write is kept in there, for its owner's eyes.
        changed: called when there is something else to show.
    """

    def __init__(self, projects: Projects, state: Path, changed: Callable[[], None]) -> None:
        self._projects = projects
        self._state = state
        self._changed = changed
        self._started: dict[str, _Started] = {}
        # Those under way, each with what waits for its end; also of apps that were destroyed meanwhile.
        self._running: dict[asyncio.Task[int], _Started] = {}
        # Held while one is started: the next one, and the end, see it.
        self._starting = asyncio.Lock()
        self._ending = False

    @property
    def under_way(self) -> list[str]:
        """The apps that are being deployed."""
        return [started.app for started in self._running.values()]

    def shown(self, apps: list[str]) -> dict[str, Any]:
        """For each app whose project is known: the command line, whether it runs, and how the last one ended."""
        none: dict[str, Any] = {"running": False, "exit": None, "wrote": []}
        return {
            app: {"line": project.line, **(self._started[app].shown if app in self._started else none)}
            for app in apps
            if (project := self._projects.of(app)) is not None
        }

    def forget(self, app: str) -> None:
        """The app is no more; what its deploys wrote goes, too. One that is under way ends by itself."""
        self._projects.forget(app)
        self._started.pop(app, None)
        with contextlib.suppress(OSError):
            self._log(app).unlink(missing_ok=True)
        self._changed()

    def ready(self, app: str) -> Project:
        """What is run to deploy an app.

        Raises:
            PlatformError: 409 when that is not possible; says why, and what to do.
        """
        project = self._projects.of(app)
        if project is None:
            raise _cannot(f"no deploy has told where the project of {app} is: run 'flyo deploy --local' there once")
        if not Path(project.directory).is_dir():
            raise _cannot(f"{project.directory} is not there any more: run 'flyo deploy --local' where {app} is now")
        if not os.access(project.flyo, os.X_OK) or not Path(project.flyo).is_file():
            raise _cannot(f"there is no flyo at {project.flyo} any more: run 'flyo deploy --local' once with another")
        if app in self.under_way:
            raise _cannot(f"a deploy of {app} that was started here is under way")
        if self._ending:
            raise _cannot("the platform is being stopped")
        return project

    async def start(self, app: str) -> None:
        """Deploy an app again.

        Raises:
            PlatformError: 409 when it cannot be started.
        """
        async with self._starting:
            project, log = self.ready(app), self._log(app)
            try:
                process = await self._spawn(project, log)
            except OSError as problem:
                raise _cannot(f"flyo could not be started: {problem.strerror or problem}") from problem
            started = self._started[app] = _Started(app, process, log)
            task = asyncio.get_running_loop().create_task(started.process.wait())
            self._running[task] = started
            task.add_done_callback(self._over)
        self._changed()

    async def close(self) -> None:
        """End what is under way as Ctrl-C does: it goes back. What takes too long is stopped where it is."""
        async with self._starting:
            self._ending = True
        for number, seconds in ((signal.SIGINT, WAY_BACK_SECONDS), (signal.SIGINT, LAST_SECONDS)):
            for started in self._running.values():
                with contextlib.suppress(ProcessLookupError):
                    started.process.send_signal(number)
            await self._wait(seconds)
        for started in self._running.values():
            with contextlib.suppress(OSError):
                os.killpg(started.process.pid, signal.SIGKILL)
        await self._wait(None)

    async def _wait(self, seconds: float | None) -> None:
        if self._running:
            await asyncio.wait(tuple(self._running), timeout=seconds)

    async def _spawn(self, project: Project, log: Path) -> Process:
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(output, 0o600)
            # Noted, or its end would be collected with what machines leave behind.
            with own_children.starting():
                process = await asyncio.create_subprocess_exec(
                    *project.words,
                    cwd=project.directory,
                    env={**project.environment, PLACE: str(self._state)},
                    stdin=DEVNULL,
                    stdout=output,
                    stderr=STDOUT,
                    start_new_session=True,
                )
                own_children.add(process.pid)
                return process
        finally:
            os.close(output)

    def _over(self, task: asyncio.Task[int]) -> None:
        started = self._running.pop(task)
        own_children.discard(started.process.pid)
        status = task.result()
        started.status = status if status >= 0 else 128 - status
        self._changed()

    def _log(self, app: str) -> Path:
        return self._state / "deploys" / f"{app}.log"


def _cannot(what: str) -> PlatformError:
    return PlatformError(409, what)


def _last_lines(log: Path) -> list[str]:
    """The last lines that a deploy wrote; none when they cannot be read any more."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - SHOWN_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return text.splitlines()[-SHOWN_LINES:]
