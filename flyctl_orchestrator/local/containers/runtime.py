"""Machines as containers. Suspend is the engine's pause; a stop is our signal and, after our time, our kill.

A machine has one task: it creates and starts the container, reads its output, waits for its end and removes it. The
engine is looked for when the first machine or build needs it, and watched from then on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

from flyctl_orchestrator.local.base.clock import Clock, Timer
from flyctl_orchestrator.local.containers.configuration import HOST_HERE, archive_of, container_of, own_hosts_in
from flyctl_orchestrator.local.containers.connection import Connection
from flyctl_orchestrator.local.containers.endpoint import NoEngine
from flyctl_orchestrator.local.containers.engine import Engine, EngineError
from flyctl_orchestrator.local.containers.erasing import Erasing
from flyctl_orchestrator.local.containers.inside import processes_in
from flyctl_orchestrator.local.containers.volume_copies import VolumeCopies
from flyctl_orchestrator.local.containers.watching import exit_of, read_output
from flyctl_orchestrator.local.core.database_url import through_relay
from flyctl_orchestrator.local.core.seams import ExitInfo, Launch, ProcessInfo, Surroundings

BOOTING_AT_ONCE = 4
# Seconds for the last lines of a container that ended.
_LAST_WORDS_SECONDS = 1.0
# Seconds for the last containers to be removed; what is left then, the next start removes.
_CLOSE_SECONDS = 8.0
_NOT_FOUND, _KILLED = 127, 137
_HTTP = 80


@dataclass(eq=False)
class _Contained:
    launch: Launch
    on_started: Callable[[], None]
    on_exit: Callable[[ExitInfo], None]
    on_failed: Callable[[str], None]
    on_log: Callable[[str], None]
    died: asyncio.Event
    id: str = ""
    pid: int = 0
    alive: bool = False
    frozen: bool = False
    stopping: bool = False
    waiting: list[Callable[[], None]] = field(default_factory=list)
    kill: Timer | None = None


class ContainerRuntime:
    """Runs machines whose image is in a container engine.

    Args:
        loop: the daemon's event loop.
        clock: for the time between a signal and the kill.
        state: the platform's directory, which the containers' labels name.
        environ: where the engine is looked for (`endpoint.find_engine`).
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, state: Path, environ: Mapping[str, str]) -> None:
        self._loop = loop
        self._clock = clock
        self.connection = Connection(state, environ, self._died, self._living)
        self.volumes = VolumeCopies(loop, self.connection)
        self.erasing = Erasing(state, self.connection, lambda work: self._do(self._once_ended(work)))
        self.connection.on_kept = self.erasing.keep
        self._slots = asyncio.Semaphore(BOOTING_AT_ONCE)
        self._machines: dict[str, _Contained] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # The task of each machine whose container may still be there, ended ones included.
        self._present: dict[asyncio.Task[None], _Contained] = {}
        self._boots = 0
        # The port at which this computer takes the way to a database from one region to another, by this computer's
        # address and the port there; None for no delay.
        self.database_relay: Callable[[str, str, str, int], int | None] = lambda at, region, home, port: None
        # Answers names under .flycast at an address of this computer, given back with its ports.
        self.listen: Callable[[str], Awaitable[tuple[int, ...]]] = _nowhere
        # For images that the engine gets from the platform's registry.
        self.registry_password = ""

    async def close(self) -> None:
        """Kill what still runs, wait for what is being removed, then let go of the engine."""
        for machine_id in list(self._machines):
            self.stop(machine_id, "SIGKILL", 0.0, lambda: None)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                while tasks := [*self._present, *self._tasks]:
                    await asyncio.gather(*tasks, return_exceptions=True)
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self.volumes.close()
        with contextlib.suppress(EngineError):
            await self.connection.close()

    def tidy(self) -> None:
        """Remove networks that no machine needs any more, soon."""
        if self.connection.open:
            self._do(self._once_ended(self.connection.tidy_networks(self._networks)))

    def _networks(self) -> set[str]:
        return {machine.launch.network for machine in self._machines.values()}

    async def _once_ended(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something once the containers that are about to go are gone: what they use cannot be removed before."""
        living = self._machines.values()
        going = [task for task, machine in self._present.items() if machine.stopping or machine not in living]
        await asyncio.gather(*going, return_exceptions=True)
        await work

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        """Have something done in the engine, which may refuse: what it was about is gone then."""
        task = self._loop.create_task(_quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Starting

    def start(
        self,
        launch: Launch,
        on_started: Callable[[], None],
        on_exit: Callable[[ExitInfo], None],
        on_failed: Callable[[str], None],
        on_log: Callable[[str], None],
    ) -> None:
        """Create and start a container."""
        machine = _Contained(launch, on_started, on_exit, on_failed, on_log, asyncio.Event())
        self._machines[launch.machine_id] = machine
        task = self._loop.create_task(self._run(machine))
        self._present[task] = machine
        task.add_done_callback(self._present.pop)

    async def _run(self, machine: _Contained) -> None:
        engine = None
        try:
            async with self._slots:
                engine = await self.connection.get()
                await self._boot(engine, machine)
        except Exception as problem:  # noqa: BLE001 - whatever the engine answers, a machine must not stay "starting"
            self._gone(machine)
            if not machine.stopping:
                expected = isinstance(problem, EngineError | NoEngine | OSError)
                machine.on_failed(str(problem) if expected else f"{type(problem).__name__}: {problem}")
            self._tell_waiting(machine)
        else:
            if machine.alive:
                await self._live(engine, machine)
            else:
                self._gone(machine)
                self._tell_waiting(machine)
        if engine is not None and machine.id:
            await _quietly(engine.remove(machine.id))

    async def _boot(self, engine: Engine, machine: _Contained) -> None:
        """Create the container, put its files in place and start it, unless it is to stop meanwhile."""
        launch = machine.launch
        if not launch.argv:
            self._died_at_once(machine, "the image has no CMD or ENTRYPOINT, and the machine no command of its own")
            return
        if launch.image.pull:
            await engine.pull(launch.image.pull, self.registry_password)
        network = await self.connection.networks.ensure(launch.network)
        own_address = network.own_addresses and self._fits(launch)
        if not own_address:
            machine.on_log("the engine gives it another address than FLY_PRIVATE_IP: use names under .internal")
        flycast = await self._flycast(machine, network.gateway) if launch.flycast else ""
        self._boots += 1
        name = f"{self.connection.names.container(launch.machine_id, self._boots)}"
        body = container_of(
            self._near(launch), self.connection.names, self.connection.cpus, own_address=own_address, flycast=flycast
        )
        machine.id = (await engine.call("POST", "/containers/create", query={"name": name}, body=body))["Id"]
        if launch.files:
            place = f"/containers/{machine.id}/archive"
            await engine.call("PUT", place, query={"path": "/"}, data=archive_of(launch.files))
        for directory in launch.volumes.values():
            await self.volumes.finished(directory.name)
        await self._earlier_gone(machine)
        if machine.stopping:
            return
        machine.alive = True
        try:
            await engine.call("POST", f"/containers/{machine.id}/start")
        except EngineError:
            machine.alive = False
            raise

    async def _flycast(self, machine: _Contained, gateway: str) -> str:
        """Where names under .flycast are answered, for the container."""
        ports = await self.listen(gateway) if gateway else ()
        if _HTTP not in ports:
            at = f"port {ports[0]}" if ports else "the platform's own port"
            machine.on_log(f"names under .flycast are answered at {at} only: this computer gives port {_HTTP} to root")
        # An engine in a virtual machine forwards this to where the platform listens.
        return gateway if ports else "host-gateway"

    def _near(self, launch: Launch) -> Launch:
        """With a database of this computer as far away as it would be on Fly.io."""
        if not self.connection.gateway:
            return launch
        relay = partial(self.database_relay, self.connection.gateway)
        return replace(launch, env=through_relay(launch.env, launch.region, relay, HOST_HERE))

    def _fits(self, launch: Launch) -> bool:
        """Whether a machine's address is one of its network: those of other releases of the platform were not."""
        return IPv6Address(launch.private_ip) in self.connection.names.addresses(launch.network)

    async def _earlier_gone(self, machine: _Contained) -> None:
        """Wait for the container of a machine's last boot to be removed: the new one gets its address."""
        same = machine.launch.machine_id
        earlier = [task for task, one in self._present.items() if one is not machine and one.launch.machine_id == same]
        if earlier:
            await asyncio.wait(earlier)

    def _died_at_once(self, machine: _Contained, why: str) -> None:
        """As on Fly.io: the machine starts, and its process ends at once."""
        self._gone(machine)
        if not machine.stopping:
            machine.on_log(why)
            machine.on_started()
            machine.on_exit(ExitInfo(_NOT_FOUND, None, requested=False))

    async def _live(self, engine: Engine, machine: _Contained) -> None:
        """From the start of a container to its end."""
        unseen = machine.stopping
        if unseen:
            self._do(_signal(engine, machine.id, "SIGKILL"))
        else:
            machine.on_started()
            for line in _remarks(machine.launch):
                machine.on_log(line)
        with contextlib.suppress(EngineError):
            machine.pid = (await engine.container(machine.id))["State"]["Pid"]
        output = self._loop.create_task(read_output(engine, machine.id, machine.on_log))
        await machine.died.wait()
        await asyncio.wait([output], timeout=_LAST_WORDS_SECONDS)
        output.cancel()
        ended = await self._ended(engine, machine)
        self._gone(machine)
        if not unseen:
            machine.on_exit(ended)
        self._tell_waiting(machine)

    async def _ended(self, engine: Engine, machine: _Contained) -> ExitInfo:
        try:
            return exit_of((await engine.container(machine.id))["State"], machine.stopping)
        except EngineError as problem:
            machine.on_log(f"how it ended is not known: {problem}")
            return ExitInfo(_KILLED, None, machine.stopping)

    def _died(self, container_id: str) -> None:
        for machine in self._machines.values():
            if machine.id == container_id:
                machine.died.set()

    def _living(self) -> list[str]:
        return [machine.id for machine in self._machines.values() if machine.alive and not machine.died.is_set()]

    def _gone(self, machine: _Contained) -> None:
        if machine.kill is not None:
            machine.kill.cancel()
        if self._machines.get(machine.launch.machine_id) is machine:
            del self._machines[machine.launch.machine_id]

    def _tell_waiting(self, machine: _Contained) -> None:
        for done in machine.waiting:
            done()

    # What is asked of it while it runs

    def stop(self, machine_id: str, signal: str, timeout: float, done: Callable[[], None]) -> None:
        """Signal, and kill after `timeout` seconds; a frozen machine is killed outright."""
        machine = self._machines.get(machine_id)
        if machine is None:
            done()
            return
        machine.stopping = True
        machine.waiting.append(done)
        if not machine.alive:
            return
        if machine.frozen or signal == "SIGKILL":
            self._send(machine, "SIGKILL")
            return
        self._send(machine, signal)
        if machine.kill is None:
            machine.kill = self._clock.call_later(timeout, partial(self._send, machine, "SIGKILL"))

    def _send(self, machine: _Contained, signal: str) -> None:
        engine = self.connection.engine
        if engine is not None:
            self._do(_signal(engine, machine.id, signal))

    def suspend(self, machine_id: str, done: Callable[[bool], None]) -> None:
        """Pause the container."""
        machine = self._machines.get(machine_id)
        if machine is None or not machine.alive or machine.stopping:
            done(False)
            return
        machine.frozen = True
        self._do(self._ask(machine, "pause", done))

    def resume(self, machine_id: str, done: Callable[[bool], None]) -> None:
        """Let the container run on."""
        machine = self._machines.get(machine_id)
        if machine is None or not machine.alive or not machine.frozen:
            done(False)
            return
        machine.frozen = False
        self._do(self._ask(machine, "unpause", done))

    async def _ask(self, machine: _Contained, what: str, done: Callable[[bool], None]) -> None:
        engine = self.connection.engine
        try:
            assert engine is not None  # the machine is alive in it
            await engine.call("POST", f"/containers/{machine.id}/{what}")
        except EngineError:
            done(False)
        else:
            done(True)

    def signal(self, machine_id: str, signal: str) -> bool:
        """Send a signal to the app."""
        machine = self._machines.get(machine_id)
        if machine is None or not machine.alive:
            return False
        self._send(machine, signal)
        return True

    def forget(self, machine_id: str) -> None:
        """Nothing stays of a container that ended."""

    @property
    def count(self) -> int:
        """How many machines are in containers now: booting and frozen ones too."""
        return len(self._machines)

    def running(self, machine_id: str) -> bool:
        """Whether it exists: booting and frozen ones too."""
        return machine_id in self._machines

    def processes(self, machine_id: str) -> list[ProcessInfo] | None:
        """What runs in the container, where this computer tells (Linux, an engine without a virtual machine)."""
        machine = self._machines.get(machine_id)
        return None if machine is None or not machine.pid else processes_in(machine.id, machine.pid)

    def surroundings(self, machine_id: str) -> Surroundings | None:
        """Which container a command has to join."""
        found = self.container(machine_id)
        return None if found is None else Surroundings(Path("/"), {}, found[0].endpoint.address, found[1])

    async def file(self, machine_id: str, path: str) -> bytes | None:
        """The content of a file in a machine, None when it has none there."""
        found = self.container(machine_id)
        try:
            return await found[0].file(found[1], path) if found else None
        except EngineError:
            return None

    def container(self, machine_id: str) -> tuple[Engine, str] | None:
        """The engine and the container's id there, of a machine in which commands can be started."""
        machine, engine = self._machines.get(machine_id), self.connection.engine
        if machine is None or engine is None or not machine.alive or machine.frozen:
            return None
        return engine, machine.id


async def _nowhere(address: str) -> tuple[int, ...]:
    return ()


def _remarks(launch: Launch) -> Iterator[str]:
    """What a person should know about a machine that starts, one line each."""
    if launch.keep_rootfs:
        yield "rootfs.persist is not offered for containers: the machine begins with its image's files"
    for name in own_hosts_in(launch.env):
        yield (
            f"{name} names localhost, which in a container is the container itself: for a service of this computer,"
            " write host.docker.internal"
        )


async def _signal(engine: Engine, container_id: str, signal: str) -> None:
    await engine.call("POST", f"/containers/{container_id}/kill", query={"signal": signal})


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    with contextlib.suppress(EngineError, NoEngine):
        await work
