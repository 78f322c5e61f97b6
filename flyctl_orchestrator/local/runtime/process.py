"""Machines as real processes: each in a session of its own, in its own copy of the image.

Suspend is SIGSTOP to the whole group and resume SIGCONT. A stop signals the main process, as Fly's init does, and kills
the group after the timeout. Whatever the main process leaves behind ends with it.
"""

from __future__ import annotations

import asyncio
import shutil
import signal as signals
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from flyctl_orchestrator.local.base.clock import Clock, Timer
from flyctl_orchestrator.local.core.seams import ExitInfo, Launch, ProcessInfo, Surroundings
from flyctl_orchestrator.local.images import literal_ports
from flyctl_orchestrator.local.images.command import Command, command_for
from flyctl_orchestrator.local.images.snapshot import materialise
from flyctl_orchestrator.local.runtime import not_here, orphans
from flyctl_orchestrator.local.runtime.children import Child, Children
from flyctl_orchestrator.local.runtime.listing import processes_of

BOOTING_AT_ONCE = 4
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
# What Python says of commands and variables that it cannot hand to a process, and what is wrong with them.
_WHY = {
    "embedded null byte": "there is a NUL in it",
    "embedded null character": "there is a NUL in it",
    "illegal environment variable name": "there is '=' in a variable's name, or it is empty",
}


@dataclass
class _Running:
    launch: Launch
    on_started: Callable[[], None]
    on_exit: Callable[[ExitInfo], None]
    on_failed: Callable[[str], None]
    on_log: Callable[[str], None]
    child: Child | None = None
    frozen: bool = False
    stopping: bool = False
    waiting: list[Callable[[], None]] = field(default_factory=list)
    kill: Timer | None = None
    told: bool = False

    def wrote(self, line: str) -> None:
        """Log a line; what has to be done where it looks in vain for something of its image follows once."""
        self.on_log(line)
        if not self.told and (what := not_here.told(line, self.launch.volumes)):
            self.told = True
            self.on_log(what)


class ProcessRuntime:
    """Runs machines below `root`, one directory each.

    Args:
        loop: the daemon's event loop, on the main thread.
        clock: for the time between a signal and the kill.
        root: where machines' directories are.
        host_path: PATH of this computer for the machines, without the platform's own virtual environment.
        lang: LANG of the machines.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, clock: Clock, root: Path, host_path: str, lang: str = "C.UTF-8"
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._root = root
        self._host_path = host_path
        self._lang = lang
        self._children = Children(loop)
        self._running: dict[str, _Running] = {}
        self._threads = ThreadPoolExecutor(BOOTING_AT_ONCE, thread_name_prefix="boot")

    def close(self) -> None:
        """Let go of threads and signals. Machines must have been stopped."""
        self._children.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    # Starting

    def start(
        self,
        launch: Launch,
        on_started: Callable[[], None],
        on_exit: Callable[[ExitInfo], None],
        on_failed: Callable[[str], None],
        on_log: Callable[[str], None],
    ) -> None:
        """Make the machine's directory and start its process; both on a thread."""
        machine = _Running(launch, on_started, on_exit, on_failed, on_log)
        self._running[launch.machine_id] = machine
        task = self._loop.run_in_executor(self._threads, self._boot, launch)
        task.add_done_callback(partial(self._booted, machine))

    def _boot(self, launch: Launch) -> Child:
        home = self._root / launch.machine_id
        files, scratch = home / "rootfs", home / "tmp"
        if not (launch.keep_rootfs and files.exists()):
            materialise(launch.image, files, launch.volumes, launch.files)
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        command = self._command(launch)
        if not command.argv:
            raise _Unexecutable(_NOT_FOUND, "the image has no CMD or ENTRYPOINT, and the machine no command of its own")
        try:
            child = self._children.spawn(command.argv, command.env, command.cwd)
        except FileNotFoundError as problem:
            raise _Unexecutable(
                _NOT_FOUND, f"cannot execute {command.argv[0]!r}: not found in the image, nor on this computer's PATH"
            ) from problem
        except OSError as problem:
            raise _Unexecutable(_NOT_EXECUTABLE, f"cannot execute {command.argv[0]!r}: {problem.strerror}") from problem
        except ValueError as problem:
            message = (
                f"the command or a variable is none that a process can have: {_WHY.get(str(problem), 'not UTF-8')}"
            )
            raise _Unexecutable(_NOT_EXECUTABLE, message) from problem
        try:
            orphans.note(home, child.pid)
        except OSError:
            child.discard()
            raise
        return child

    def _command(self, launch: Launch) -> Command:
        """What to execute, once the machine's files are in place."""
        home = self._root / launch.machine_id
        files = home / "rootfs"
        env = {"HOME": str(files), "LANG": self._lang, "TMPDIR": str(home / "tmp"), **launch.env}
        argv = literal_ports.in_command(launch.argv, launch.ports)
        env |= literal_ports.in_environment({**launch.image.env, **env}, launch.ports)
        command = command_for(launch.image, files, argv, env, self._host_path)
        given = command.env.get("GUNICORN_CMD_ARGS", "")
        bound = literal_ports.in_gunicorn_config(command.argv, command.cwd, launch.ports, given)
        return command._replace(env={**command.env, **bound})

    def _booted(self, machine: _Running, booting: asyncio.Future[Child]) -> None:
        if booting.cancelled():
            return
        problem = booting.exception()
        if isinstance(problem, _Unexecutable):
            self._died_at_once(machine, problem)
        elif problem is not None:
            self._gone(machine)
            if not machine.stopping:
                machine.on_failed(f"its files could not be put in place: {problem}")
            self._tell_waiting(machine)
        else:
            self._alive(machine, booting.result())

    def _alive(self, machine: _Running, child: Child) -> None:
        machine.child = child
        if machine.stopping:
            child.send_all(signals.SIGKILL)
            self._children.watch(child, machine.wrote, partial(self._ended_unseen, machine))
            return
        machine.on_started()
        self._children.watch(child, machine.wrote, partial(self._ended, machine))

    def _died_at_once(self, machine: _Running, problem: _Unexecutable) -> None:
        """What cannot be executed looks as on Fly.io: the machine starts, and its process ends at once."""
        self._gone(machine)
        if not machine.stopping:
            machine.on_log(str(problem))
            machine.on_started()
            machine.on_exit(ExitInfo(problem.code, None, requested=False))
        self._tell_waiting(machine)

    # Ending

    def _ended_unseen(self, machine: _Running, code: int) -> None:
        self._gone(machine)
        self._tell_waiting(machine)

    def _ended(self, machine: _Running, code: int) -> None:
        self._gone(machine)
        signal = -code if code < 0 else None
        machine.on_exit(ExitInfo(code if code >= 0 else 128 - code, signal, requested=machine.stopping))
        self._tell_waiting(machine)

    def _gone(self, machine: _Running) -> None:
        if machine.kill is not None:
            machine.kill.cancel()
        if self._running.get(machine.launch.machine_id) is machine:
            del self._running[machine.launch.machine_id]
        orphans.erase(self._root / machine.launch.machine_id)

    def _tell_waiting(self, machine: _Running) -> None:
        for done in machine.waiting:
            done()

    def stop(self, machine_id: str, signal: str, timeout: float, done: Callable[[], None]) -> None:
        """Signal the main process, kill the group after `timeout` seconds; a frozen machine is killed outright."""
        machine = self._running.get(machine_id)
        if machine is None:
            done()
            return
        machine.stopping = True
        machine.waiting.append(done)
        if machine.child is None:
            return
        if machine.frozen or signal == "SIGKILL":
            machine.child.send_all(signals.SIGKILL)
            return
        machine.child.send(getattr(signals, signal))
        if machine.kill is None:
            machine.kill = self._clock.call_later(timeout, partial(machine.child.send_all, signals.SIGKILL))

    def suspend(self, machine_id: str, done: Callable[[bool], None]) -> None:
        """Freeze the whole process group."""
        machine = self._running.get(machine_id)
        if machine is None or machine.child is None or machine.stopping:
            done(False)
            return
        machine.frozen = True
        machine.child.send_all(signals.SIGSTOP)
        done(True)

    def resume(self, machine_id: str, done: Callable[[bool], None]) -> None:
        """Let the process group run on."""
        machine = self._running.get(machine_id)
        if machine is None or machine.child is None or not machine.frozen:
            done(False)
            return
        machine.frozen = False
        machine.child.send_all(signals.SIGCONT)
        done(True)

    def signal(self, machine_id: str, signal: str) -> bool:
        """Send the main process a signal."""
        machine = self._running.get(machine_id)
        if machine is None or machine.child is None:
            return False
        machine.child.send(getattr(signals, signal))
        return True

    def forget(self, machine_id: str) -> None:
        """Remove the machine's directory."""
        self._threads.submit(shutil.rmtree, self._root / machine_id, ignore_errors=True)

    # Looking

    def running(self, machine_id: str) -> bool:
        """Whether it exists: booting and frozen ones too."""
        return machine_id in self._running

    def processes(self, machine_id: str) -> list[ProcessInfo] | None:
        """What runs in the machine, where the system tells."""
        machine = self._running.get(machine_id)
        return None if machine is None or machine.child is None else processes_of(machine.child.pid)

    def surroundings(self, machine_id: str) -> Surroundings | None:
        """The directory and environment of the machine's main process."""
        machine = self._running.get(machine_id)
        if machine is None or machine.child is None:
            return None
        command = self._command(machine.launch)
        return Surroundings(command.cwd, command.env)

    def main_port(self, machine_id: str) -> int | None:
        """The port a machine was told to listen on, None when it does not exist."""
        machine = self._running.get(machine_id)
        return None if machine is None else machine.launch.port


class _Unexecutable(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
