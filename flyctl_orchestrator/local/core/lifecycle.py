"""How machines move between states. Nobody else changes `Machine.state`, but for a daemon or host that comes back.

Transitions follow Fly's published state diagram. Whatever a process does later comes
back through callbacks; a halt that is under way can be overtaken by a later wish, and only the last wish is fulfilled.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flyctl_orchestrator.local.base import machine_config
from flyctl_orchestrator.local.base.errors import PlatformError, precondition
from flyctl_orchestrator.local.base.machine_config import StopSpec
from flyctl_orchestrator.local.core.health import Health
from flyctl_orchestrator.local.core.kernel import Kernel
from flyctl_orchestrator.local.core.launches import Launches
from flyctl_orchestrator.local.core.model import Machine, State
from flyctl_orchestrator.local.core.restarts import exit_event, restart_delay
from flyctl_orchestrator.local.core.seams import ExitInfo, ImageNotFound, Runtime

_ALWAYS: frozenset[State] = frozenset({"destroying"})
LEGAL: dict[State, frozenset[State]] = {
    "created": _ALWAYS | {"starting", "stopping", "stopped", "replacing"},
    "starting": _ALWAYS | {"started", "failed", "stopping", "replacing"},
    "started": _ALWAYS | {"stopping", "stopped", "suspending", "restarting", "replacing"},
    "restarting": _ALWAYS | {"starting", "stopping", "replacing"},
    "suspending": _ALWAYS | {"suspended", "starting", "stopping", "stopped", "replacing"},
    "suspended": _ALWAYS | {"starting", "stopping", "stopped", "replacing"},
    "stopping": _ALWAYS | {"stopped", "failed", "replacing"},
    "stopped": _ALWAYS | {"starting", "replacing"},
    "failed": _ALWAYS | {"starting", "stopping", "replacing"},
    "replacing": _ALWAYS | {"starting", "stopped"},
    "destroying": frozenset({"destroyed"}),
    "destroyed": frozenset(),
}
DESTROYABLE: frozenset[str] = frozenset({"stopped", "suspended", "failed", "created"})


class IllegalTransition(RuntimeError):
    """The platform tried to move a machine where the state diagram does not lead: a bug."""


class Lifecycle:
    """Starts, stops, suspends, replaces and destroys machines."""

    def __init__(self, kernel: Kernel, runtime: Runtime, health: Health, launches: Launches) -> None:
        self._kernel = kernel
        self._runtime = runtime
        self._health = health
        self._launches = launches
        self._then: dict[str, Callable[[], None]] = {}
        self._booting: set[str] = set()
        self.on_destroyed: Callable[[Machine], None] = lambda machine: None

    # Wishes

    def prepare(self, machine: Machine) -> None:
        """A created machine that is not to be launched comes to rest as stopped."""
        if machine.state == "created":
            self._enter(machine, "stopped")

    def start_new(self, machine: Machine) -> None:
        """A created machine is launched."""
        if machine.state == "created":
            self._boot(machine)

    def start(self, machine: Machine, source: str = "user") -> str:
        """Start, or resume; returns the state before. Harmless when it runs already.

        Raises:
            PlatformError: 412 when the machine cannot be started from its present state.
        """
        before = machine.state
        if before in ("started", "starting"):
            return before
        if before in ("stopping", "restarting"):
            raise precondition("machine still active, refusing to start")
        if before == "replacing":
            raise precondition("machine getting replaced, refusing to start")
        if before in ("destroying", "destroyed"):
            raise precondition(f"unable to start machine from current state: '{before}'")
        self._kernel.event(machine, "start", "starting", source)
        machine.restarts.clear()
        machine.restart_count = 0
        if before == "suspending" or (before == "suspended" and machine.snapshot_valid):
            self._resume(machine)
        else:
            self._boot(machine)
        return before

    def stop(self, machine: Machine, how: StopSpec, source: str = "user") -> None:
        """Stop; a suspended machine loses its snapshot. Harmless when it is stopped already.

        Raises:
            PlatformError: 412 when the machine is going away or being replaced.
        """
        if machine.state in ("stopped", "stopping"):
            return
        if machine.state in ("destroying", "destroyed", "replacing"):
            raise precondition(f"unable to stop machine from current state: '{machine.state}'")
        self._kernel.event(machine, "stop", "stopping", source)
        self._enter(machine, "stopping")
        self._halt(machine, how, partial(self._rest, machine))

    def suspend(self, machine: Machine, source: str = "user") -> None:
        """Freeze a started machine. Harmless when it is suspended already.

        Raises:
            PlatformError: 412 when it is not started, or its size or config rules suspending out.
        """
        if machine.state in ("suspended", "suspending"):
            return
        if machine.state != "started":
            raise precondition(f"unable to suspend machine from current state: '{machine.state}'")
        obstacle = machine_config.suspend_obstacle(machine.config)
        if obstacle is not None:
            raise precondition(f"machine can not be suspended: {obstacle}")
        self._kernel.event(machine, "suspend", "suspending", source)
        self._health.pause(machine)
        self._enter(machine, "suspending")
        self._runtime.suspend(machine.id, partial(self._suspended, machine, machine.boot))

    def restart(self, machine: Machine, how: StopSpec, source: str = "user") -> None:
        """Stop if needed, then boot the same version.

        Raises:
            PlatformError: 412 when the machine is in a transition that excludes it.
        """
        if machine.state in ("stopped", "suspended", "failed", "created"):
            machine.snapshot_valid = False
            self._kernel.event(machine, "restart", "starting", source)
            if machine.state == "suspended":
                self._enter(machine, "stopping")
                self._halt(machine, how, partial(self._reboot, machine))
            else:
                self._boot(machine)
            return
        if machine.state != "started":
            raise precondition(f"unable to restart machine from current state: '{machine.state}'")
        self._kernel.event(machine, "restart", "restarting", source)
        self._enter(machine, "restarting")
        self._halt(machine, how, partial(self._boot, machine))

    def replace(self, machine: Machine, *, launch: bool) -> None:
        """The machine's config is new: run it when `launch`, else leave the new version stopped."""
        machine.snapshot_valid = False
        machine.restarts.clear()
        machine.restart_count = 0
        if machine.state != "replacing":
            self._enter(machine, "replacing")
        else:
            self._kernel.changed(machine)
        then = partial(self._boot, machine) if launch else partial(self._enter, machine, "stopped")
        (self._booting.add if launch else self._booting.discard)(machine.id)
        self._halt(machine, machine_config.stop(machine.config), then)

    def boots_next(self, machine: Machine) -> bool:
        """Whether a machine that is being replaced will be booted."""
        return machine.id in self._booting

    def destroy(self, machine: Machine, *, force: bool, source: str = "user") -> None:
        """Destroy a machine that is at rest, or any with `force`. Harmless when it is already going.

        Raises:
            PlatformError: 412 when it is active and `force` is not given.
        """
        if not machine.alive:
            return
        if not force and machine.state not in DESTROYABLE:
            raise precondition("unable to destroy machine, not currently stopped, suspended, failed or created")
        self._kernel.event(machine, "destroy", "destroying", source)
        self._enter(machine, "destroying")
        self._halt(machine, StopSpec("SIGKILL", 0.0), partial(self._destroyed, machine))

    # What follows

    def _enter(self, machine: Machine, state: State) -> None:
        if state not in LEGAL[machine.state]:
            raise IllegalTransition(f"machine {machine.id}: {machine.state} to {state}")
        machine.state = state
        if state not in ("starting", "started", "suspending", "suspended"):
            self._health.end(machine)
        if state in ("stopped", "failed", "destroyed"):
            self._launches.release(machine)
            machine.snapshot_valid = False
        self._kernel.changed(machine)

    def _halt(self, machine: Machine, how: StopSpec, then: Callable[[], None]) -> None:
        self._then[machine.id] = then
        self._runtime.stop(machine.id, how.signal, how.timeout, partial(self._halted, machine.id))

    def _halted(self, machine_id: str) -> None:
        then = self._then.pop(machine_id, None)
        if then is not None:
            then()

    def _reboot(self, machine: Machine) -> None:
        self._enter(machine, "stopped")
        self._boot(machine)

    def _boot(self, machine: Machine) -> None:
        machine.boot += 1
        self._booting.discard(machine.id)
        self._health.end(machine)
        self._enter(machine, "starting")
        launch = partial(self._launch, machine, machine.boot)
        delay = self._kernel.settings.boot_seconds
        if delay:
            self._kernel.clock.call_later(delay, launch)
        else:
            launch()

    def _launch(self, machine: Machine, boot: int) -> None:
        if not self._expected(machine, boot, "starting"):
            return
        try:
            launch = self._launches.build(machine)
        except (ImageNotFound, PlatformError, OSError) as problem:
            self._failed(machine, boot, str(problem))
            return
        except Exception as problem:  # noqa: BLE001 - a record that cannot be booted is that machine's affair alone
            self._failed(machine, boot, f"{type(problem).__name__}: {problem}")
            return
        self._runtime.start(
            launch,
            on_started=partial(self._started, machine, boot),
            on_exit=partial(self._exited, machine, boot),
            on_failed=partial(self._failed, machine, boot),
            on_log=partial(self._log, machine),
        )

    def _expected(self, machine: Machine, boot: int, state: State) -> bool:
        return machine.boot == boot and machine.state == state

    def _log(self, machine: Machine, line: str) -> None:
        if machine.id in self._kernel.machines:
            self._kernel.logs.write(machine.app, line, machine=machine.id, region=machine.region)

    def _started(self, machine: Machine, boot: int) -> None:
        if not self._expected(machine, boot, "starting"):
            return
        self._kernel.event(machine, "start", "started", "flyd")
        # `flyctl logs --no-tail` waits for ever where there is no line at all.
        self._kernel.say(machine, "Machine started")
        self._health.begin(machine)
        self._enter(machine, "started")

    def _failed(self, machine: Machine, boot: int, reason: str) -> None:
        if not self._expected(machine, boot, "starting"):
            return
        self._kernel.event(machine, "start", "failed", "flyd", {"error": reason})
        self._kernel.say(machine, f"machine did not start: {reason}", "error")
        self._enter(machine, "failed")

    def _resume(self, machine: Machine) -> None:
        self._enter(machine, "starting")
        resume = partial(self._runtime.resume, machine.id, partial(self._resumed, machine, machine.boot))
        delay = self._kernel.settings.resume_seconds
        if delay:
            self._kernel.clock.call_later(delay, resume)
        else:
            resume()

    def _resumed(self, machine: Machine, boot: int, from_snapshot: bool) -> None:
        if not self._expected(machine, boot, "starting"):
            return
        if not from_snapshot:
            self._kernel.say(machine, "the snapshot is gone, starting cold", "warning")
            self._boot_again(machine)
            return
        machine.snapshot_valid = False
        self._kernel.event(machine, "start", "started", "flyd")
        self._health.resume(machine)
        self._enter(machine, "started")

    def _boot_again(self, machine: Machine) -> None:
        machine.boot += 1
        self._health.end(machine)
        self._kernel.changed(machine)
        self._launch(machine, machine.boot)

    def _suspended(self, machine: Machine, boot: int, frozen: bool) -> None:
        if not self._expected(machine, boot, "suspending"):
            return
        if not frozen:
            self._enter(machine, "stopped")
            return
        machine.snapshot_valid = True
        self._kernel.event(machine, "suspend", "suspended", "flyd")
        self._enter(machine, "suspended")

    def _exited(self, machine: Machine, boot: int, how: ExitInfo) -> None:
        if machine.boot != boot or machine.state == "destroyed":
            return
        self._kernel.say(machine, _last_words(how))
        asked = how.requested or machine.state in ("stopping", "replacing", "restarting", "destroying")
        delay = None if asked or machine.state != "started" else restart_delay(machine, how, self._kernel.clock.now())
        now = self._kernel.clock.now()
        machine.restart_count += 1 if delay is not None else 0
        self._kernel.event(machine, "exit", "stopped", "flyd", exit_event(machine, how, asked, delay is not None, now))
        if asked:
            self._kernel.changed(machine)
        elif delay is not None:
            machine.restarts.append(now)
            self._enter(machine, "restarting")
            self._kernel.clock.call_later(delay, partial(self._restart_later, machine, boot))
        elif machine.state in ("started", "suspending", "suspended"):
            self._come_to_rest(machine, how)

    def _come_to_rest(self, machine: Machine, how: ExitInfo) -> None:
        if machine.restarts and how.code != 0:
            self._kernel.say(machine, f"restarted {len(machine.restarts)} times in 5 minutes, giving up", "error")
        self._rest(machine)

    def _rest(self, machine: Machine) -> None:
        """Stopped, by itself or by a wish; one that is not to be kept is destroyed."""
        self._enter(machine, "stopped")
        if machine.config.get("auto_destroy"):
            self.destroy(machine, force=True, source="flyd")

    def _restart_later(self, machine: Machine, boot: int) -> None:
        if self._expected(machine, boot, "restarting"):
            self._boot(machine)

    def _destroyed(self, machine: Machine) -> None:
        machine.destroyed_at = self._kernel.clock.now()
        self._kernel.event(machine, "destroy", "destroyed", "flyd")
        self._enter(machine, "destroyed")
        self._runtime.forget(machine.id)
        self.on_destroyed(machine)


def _last_words(how: ExitInfo) -> str:
    if how.signal is not None:
        return f"Main child exited with signal {how.signal}"
    return f"Main child exited normally with code: {how.code}"
