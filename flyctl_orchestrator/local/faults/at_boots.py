"""Faults between the platform and whatever runs its machines: slow-boot, crash-loop, crash-after and others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from flyctl_orchestrator.local.base.clock import Timer
from flyctl_orchestrator.local.core.fault import Fault, Place
from flyctl_orchestrator.local.core.fault_kinds import LONGEST_SECONDS
from flyctl_orchestrator.local.core.kernel import Kernel
from flyctl_orchestrator.local.core.seams import ExitInfo, Launch, ProcessInfo, Runtime, Surroundings


@dataclass
class _Boot:
    """One start of a machine.

    Attributes:
        late: the timer of a boot that has not begun yet.
        crashed: the fault that ended its process.
        stop_watching: ends the wait for its first passing checks.
    """

    launch: Launch
    on_started: Callable[[], None]
    on_exit: Callable[[ExitInfo], None]
    on_failed: Callable[[str], None]
    on_log: Callable[[str], None]
    late: Timer | None = None
    crashed: Fault | None = None
    stop_watching: Callable[[], None] | None = None

    @property
    def place(self) -> Place:
        """Where it is."""
        launch = self.launch
        return Place(launch.app, launch.region, launch.machine_id, launch.image.ref, launch.image.digest)


class FaultyRuntime:
    """A runtime that does what `inner` does, except where a fault says otherwise."""

    def __init__(self, inner: Runtime, kernel: Kernel) -> None:
        self._inner = inner
        self._kernel = kernel
        self._boots: dict[str, _Boot] = {}
        #: Machines whose next start fails because their image cannot be pulled, and why.
        self.unpullable: dict[str, Fault] = {}
        #: Versions (instance ids) that never boot: their image is being pulled in vain.
        self.pulling: set[str] = set()

    def start(
        self,
        launch: Launch,
        on_started: Callable[[], None],
        on_exit: Callable[[ExitInfo], None],
        on_failed: Callable[[str], None],
        on_log: Callable[[str], None],
    ) -> None:
        """Boot, later or in vain when a fault says so."""
        boot = _Boot(launch, on_started, on_exit, on_failed, on_log)
        self._boots[launch.machine_id] = boot
        unpullable = self.unpullable.pop(launch.machine_id, None)
        if unpullable is not None:
            why = f"failed to pull image {launch.image.ref} (fault {unpullable.id})"
            self._kernel.clock.call_later(0.0, partial(on_failed, why))
        elif launch.instance_id in self.pulling:
            boot.late = self._kernel.clock.call_later(LONGEST_SECONDS, _nothing)
        elif (slow := self._kernel.faults.strikes("slow-boot", boot.place)) is not None:
            seconds = slow.number("seconds")
            self._say(boot, f"booting takes {seconds:g} s longer", slow)
            boot.late = self._kernel.clock.call_later(seconds, partial(self._begin, boot))
        else:
            self._begin(boot)

    def _say(self, boot: _Boot, what: str, fault: Fault) -> None:
        machine = self._kernel.machines.get(boot.launch.machine_id)
        if machine is not None:
            self._kernel.say(machine, f"{what} (fault {fault.id}: {fault.name})", "warning")

    def _begin(self, boot: _Boot) -> None:
        boot.late = None
        if self._kernel.faults.lost(boot.launch.machine_id):
            return  # its host is dead; it boots when the host is back
        self._inner.start(
            boot.launch, partial(self._started, boot), partial(self._ended, boot), boot.on_failed, boot.on_log
        )

    def _started(self, boot: _Boot) -> None:
        boot.on_started()
        crash = self._kernel.faults.strikes("crash-loop", boot.place)
        if crash is not None:
            self._crash_in(crash.number("after"), boot, crash)
        crash = self._kernel.faults.strikes("crash-after", boot.place)
        if crash is not None and crash.text("from") == "start":
            self._crash_in(crash.number("seconds"), boot, crash)
        elif crash is not None:
            self._crash_once_healthy(boot, crash)

    def _crash_in(self, seconds: float, boot: _Boot, fault: Fault) -> None:
        self._kernel.clock.call_later(seconds, partial(self._crash, boot, fault))

    def _crash_once_healthy(self, boot: _Boot, fault: Fault) -> None:
        machine = self._kernel.machines.get(boot.launch.machine_id)

        def look() -> None:
            if machine is None or not machine.alive or self._boots.get(boot.launch.machine_id) is not boot:
                self._unwatch(boot)
            elif machine.state == "started" and all(check.status == "passing" for check in machine.checks):
                self._unwatch(boot)
                self._crash_in(fault.number("seconds"), boot, fault)

        boot.stop_watching = self._kernel.feed.subscribe(look)
        look()

    def _unwatch(self, boot: _Boot) -> None:
        if boot.stop_watching is not None:
            boot.stop_watching()
            boot.stop_watching = None

    def _crash(self, boot: _Boot, fault: Fault) -> None:
        if self._boots.get(boot.launch.machine_id) is boot and self._inner.running(boot.launch.machine_id):
            boot.crashed = fault
            self._say(boot, "the machine's process is ended", fault)
            self._inner.signal(boot.launch.machine_id, "SIGKILL")

    def _ended(self, boot: _Boot, how: ExitInfo) -> None:
        self._unwatch(boot)
        if boot.crashed is not None and not how.requested:
            how = ExitInfo(int(boot.crashed.number("code")), None, requested=False)
        boot.on_exit(how)

    def stop(self, machine_id: str, signal: str, timeout: float, done: Callable[[], None]) -> None:
        """Stop it; one that has not begun to boot yet never does."""
        boot = self._boots.get(machine_id)
        if boot is not None and boot.late is not None:
            boot.late.cancel()
            boot.late = None
        self._inner.stop(machine_id, signal, timeout, done)

    def suspend(self, machine_id: str, done: Callable[[bool], None]) -> None:
        """Freeze it; with a fault, tell so late."""
        boot = self._boots.get(machine_id)
        stuck = self._kernel.faults.strikes("stuck-suspending", boot.place) if boot is not None else None
        if stuck is None:
            self._inner.suspend(machine_id, done)
            return
        wait = stuck.number("seconds")
        self._inner.suspend(machine_id, lambda frozen: self._tell_late(wait, partial(done, frozen)))

    def _tell_late(self, seconds: float, tell: Callable[[], None]) -> None:
        self._kernel.clock.call_later(seconds, tell)

    def resume(self, machine_id: str, done: Callable[[bool], None]) -> None:
        """Let it run on."""
        self._inner.resume(machine_id, done)

    def signal(self, machine_id: str, signal: str) -> bool:
        """Send a signal and nothing more."""
        return self._inner.signal(machine_id, signal)

    def forget(self, machine_id: str) -> None:
        """The machine is destroyed."""
        self._boots.pop(machine_id, None)
        self.unpullable.pop(machine_id, None)
        self._inner.forget(machine_id)

    def running(self, machine_id: str) -> bool:
        """Whether it exists: one that boots late, too."""
        boot = self._boots.get(machine_id)
        return (boot is not None and boot.late is not None) or self._inner.running(machine_id)

    def processes(self, machine_id: str) -> list[ProcessInfo] | None:
        """What runs in the machine."""
        return self._inner.processes(machine_id)

    def surroundings(self, machine_id: str) -> Surroundings | None:
        """Where it runs."""
        return self._inner.surroundings(machine_id)


_nothing: Callable[[], None] = lambda: None  # noqa: E731
