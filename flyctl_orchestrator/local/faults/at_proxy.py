"""Faults of what the proxy sees: machines out of reach, news that come late, apps that answer slowly or not at all."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from fnmatch import fnmatchcase

from flyctl_orchestrator.local.base import machine_config
from flyctl_orchestrator.local.core.fault import Fault, Place
from flyctl_orchestrator.local.core.kernel import Kernel
from flyctl_orchestrator.local.core.model import Machine
from flyctl_orchestrator.local.faults.capacity import NO_ROOM, lacking
from flyctl_orchestrator.local.proxy.backend import UNDISTURBED, Backend, Interference, SleepMode, Target, WakeFailed

# Faults by which the proxy sees machines otherwise than they are; the others strike single requests.
_SEEN = frozenset({"region-down", "host-down", "proxy-lag"})
View = tuple[float, list[Target]]


class FaultyBackend:
    """A backend that shows the proxy what `inner` shows, except where a fault says otherwise."""

    def __init__(self, inner: Backend, kernel: Kernel) -> None:
        self._inner = inner
        self._kernel = kernel
        self._late: dict[str, deque[View]] = {}
        kernel.faults.begun.append(self._begun)
        kernel.faults.ended.append(self._ended)
        kernel.feed.subscribe(self._changed)

    def app_exists(self, app: str) -> bool:
        """Whether the app is known."""
        return self._inner.app_exists(app)

    def apps(self) -> list[str]:
        """Names of all apps."""
        return self._inner.apps()

    def primary_region(self, app: str) -> str | None:
        """The app's primary region."""
        return self._inner.primary_region(app)

    def targets(self, app: str) -> list[Target]:
        """The app's machines as the proxy sees them now."""
        targets = self._inner.targets(app)
        if not any(fault.name in _SEEN for fault in self._kernel.faults):
            return targets
        return [self._seen(target) for target in self._old_view(app, targets)]

    def _seen(self, target: Target) -> Target:
        machine = self._kernel.machines.get(target.machine_id)
        if machine is None:
            return target
        if self._kernel.faults.out_of_reach(machine) is not None:
            return replace(target, routable=False)
        return target

    def interference(self, app: str, target: Target, path: str) -> Interference:
        """What faults do to this one request."""
        machine = self._kernel.machines.get(target.machine_id)
        if machine is None or not self._kernel.faults:
            return UNDISTURBED
        place, faults = Place.of(machine), self._kernel.faults
        slow = faults.holds("slow-answers", place)
        seconds = slow.number("seconds") if slow is not None and slow.text("at") == "app" else 0.0

        def about(fault: Fault) -> bool:
            return _about_path(fault, machine, path)

        late = faults.strikes("slow-share", place, about)
        wrong = faults.strikes("error-share", place, about)
        return Interference(
            seconds=seconds + (late.number("seconds") if late is not None else 0.0),
            status=int(wrong.number("status")) if wrong is not None else 0,
            fault=wrong.id if wrong is not None else "",
        )

    def why_refused(self, app: str, target: Target) -> str:
        """Why a machine takes no connection."""
        return self._inner.why_refused(app, target)

    def answered(self, app: str, machine_id: str, status: int) -> None:
        """A machine's answer goes to the client."""
        self._inner.answered(app, machine_id, status)

    # proxy-lag

    def _begun(self, fault: Fault) -> None:
        if fault.name == "proxy-lag":
            self._changed()

    def _ended(self, fault: Fault) -> None:
        if fault.name == "proxy-lag" and not any(one.name == "proxy-lag" for one in self._kernel.faults):
            self._late.clear()

    def _changed(self) -> None:
        """Remember what the proxy would see, for as long as it may have to see it."""
        if not any(fault.name == "proxy-lag" for fault in self._kernel.faults):
            return
        now = self._kernel.clock.now()
        for app in self._inner.apps():
            views = self._late.setdefault(app, deque())
            targets = self._inner.targets(app)
            if not views or views[-1][1] != targets:
                views.append((now, targets))

    def _old_view(self, app: str, present: list[Target]) -> list[Target]:
        lags = {target.machine_id: self._lag(target.machine_id) for target in present}
        lags |= {old.machine_id: self._lag(old.machine_id) for _, view in self._late.get(app, ()) for old in view}
        longest = max(lags.values(), default=0.0)
        if not longest:
            return present
        self._forget(app, longest)
        seen = []
        for machine_id, lag in lags.items():
            view = self._view(app, lag) if lag else present
            seen += [target for target in view if target.machine_id == machine_id]
        return seen

    def _lag(self, machine_id: str) -> float:
        machine = self._kernel.machines.get(machine_id)
        fault = None if machine is None else self._kernel.faults.holds("proxy-lag", Place.of(machine))
        return 0.0 if fault is None else fault.number("seconds")

    def _view(self, app: str, lag: float) -> list[Target]:
        moment = self._kernel.clock.now() - lag
        views = self._late.get(app, deque())
        known = [targets for at, targets in views if at <= moment]
        return known[-1] if known else views[0][1] if views else []

    def _forget(self, app: str, longest: float) -> None:
        moment = self._kernel.clock.now() - longest
        views = self._late.get(app, deque())
        while len(views) > 1 and views[1][0] <= moment:
            views.popleft()

    # Waking and sleeping

    async def wake(self, app: str, machine_id: str, timeout: float) -> Target:
        """Wake a machine. Raises WakeFailed, also for one that is out of reach."""
        machine = self._kernel.machines.get(machine_id)
        if machine is not None and self._kernel.faults.out_of_reach(machine) is not None:
            raise WakeFailed(f"no host in {machine.region} answers")
        full = None if machine is None else lacking(self._kernel.faults, "machines.start", Place.of(machine), machine)
        if full is not None:
            raise WakeFailed(f"machines API returned an error: {NO_ROOM.format(what=full.text('what'))!r}")
        return await self._inner.wake(app, machine_id, timeout)

    async def sleep(self, app: str, machine_id: str, mode: SleepMode) -> bool:
        """Put an idle machine to sleep."""
        machine = self._kernel.machines.get(machine_id)
        if machine is not None and self._kernel.faults.out_of_reach(machine) is not None:
            return False
        return await self._inner.sleep(app, machine_id, mode)

    def log(self, app: str, machine_id: str | None, region: str | None, message: str) -> None:
        """Write one line to the app's log."""
        self._inner.log(app, machine_id, region, message)


def _about_path(fault: Fault, machine: Machine, path: str) -> bool:
    """Whether a fault is about requests for this path: one it names, else any that no check of the machine uses."""
    wanted = fault.text("path")
    if wanted:
        return fnmatchcase(path, wanted)
    checked = {one.path.partition("?")[0] for one in machine_config.checks(machine.config) if one.type == "http"}
    return path not in checked
