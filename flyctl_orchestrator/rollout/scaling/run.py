"""Makes a scale plan come true: first every new machine is there and proved, then the surplus goes."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.fleet.probe import Prober
from flyctl_orchestrator.rollout.context.concurrency import Concurrency
from flyctl_orchestrator.rollout.lock.guard import Guard, Unguarded
from flyctl_orchestrator.rollout.scaling.plan import Addition, ScalePlan
from flyctl_orchestrator.rollout.scaling.remove import remove
from flyctl_orchestrator.rollout.scaling.source import copied_config, proof_for
from flyctl_orchestrator.rollout.scaling.verify import Policy, Proved, Watch
from flyctl_orchestrator.rollout.state.metadata import CREATED, VERIFIED

Say = Callable[[str, str], None]
"""Told what happens: ("good" | "bad" | "plain", one line)."""


class ScaleFailed(FlyoError):
    """New machines did not become healthy (or could not be made); `exit` says whether all of them are gone again."""


@dataclass
class Scaled:
    """What was done."""

    created: list[Proved] = field(default_factory=list)
    removed: list[Machine] = field(default_factory=list)


class Scaler:
    """Runs one scale plan.

    Args:
        random: where the run's id comes from.
        guard: the lock it all happens under.
    """

    def __init__(
        self,
        api: MachinesApi,
        prober: Prober,
        clock: Clock,
        random: random.Random,
        side_by_side: Concurrency,
        policy: Policy,
        say: Say,
        guard: Guard | None = None,
    ) -> None:
        self._api = api
        self._prober = prober
        self._clock = clock
        self._side_by_side = side_by_side
        self._policy = policy
        self._say = say
        self._guard = guard or Unguarded()
        self._run_id = f"scale-{random.getrandbits(64):016x}"
        self._stop = threading.Event()
        self._creating = 0
        self._count_lock = threading.Lock()

    def run(self, plan: ScalePlan) -> Scaled:
        """Add, prove, then remove.

        Raises:
            ScaleFailed: a new machine failed; all new ones were removed again and nothing else was touched.
            ApiError: a removal failed; what was removed until then stays removed.
            KeyboardInterrupt: pressed while adding, and everything is as it was.
        """
        done = Scaled()
        if plan.additions:
            done.created = self._add(plan)
        try:
            self._side_by_side.each(lambda machine: self._remove(machine, done), plan.removals)
        except KeyboardInterrupt:
            self._stop.set()
            raise ScaleFailed(
                f"interrupted with {len(done.removed)} of {len(plan.removals)} machines removed",
                where=f"app {plan.app}",
                next="Run the same command again to go on",
                code="scale.interrupted",
                exit=Exit.INTERRUPTED,
            ) from None
        return done

    def _remove(self, machine: Machine, done: Scaled) -> None:
        if self._stop.is_set():
            return
        if lost := self._guard.lost():
            raise _lock_lost(machine.app, lost, f"{len(done.removed)} machines removed")
        self._guard.leaving(machine.id)
        remove(self._api, self._clock, machine)
        done.removed.append(machine)
        self._say("plain", f"{machine.region}: removed {machine.id}")

    # --- adding

    def _add(self, plan: ScalePlan) -> list[Proved]:
        try:
            created = self._create_all(plan.app, plan.additions)
            watch = Watch(self._api, self._prober, self._clock, self._side_by_side, self._policy, self._tell)
            proved = watch.until_decided(plan.app, created)
            if failed := [each for each in proved if each.error]:
                raise ScaleFailed(_summary(failed))
            self._mark(plan, proved)
            return proved
        except FlyoError as error:
            if lost := self._guard.lost():
                # Whoever has the lock now may count on these machines.
                raise _lock_lost(plan.app, lost, f"left: {', '.join(self._left(plan.app)) or 'nothing'}") from error
            raise self._taken_back(plan.app, error) from error
        except BaseException as interrupt:
            self._interrupted(plan.app)
            raise interrupt

    def _create_all(self, app: str, additions: Sequence[Addition]) -> list[Machine]:
        created: list[Machine] = []

        def one(numbered: tuple[int, Addition]) -> None:
            created.append(self._create(app, *numbered))

        self._side_by_side.each(one, enumerate(additions))
        return created

    def _create(self, app: str, number: int, addition: Addition) -> Machine:
        with self._count_lock:
            if self._stop.is_set():
                raise ScaleFailed("stopped", where=f"app {app}")
            if lost := self._guard.lost():
                raise _lock_lost(app, lost, "new machines may be left")
            self._creating += 1
        try:
            return self._create_one(app, number, addition)
        finally:
            with self._count_lock:
                self._creating -= 1

    def _create_one(self, app: str, number: int, addition: Addition) -> Machine:
        tag = f"{self._run_id}-{number}"
        config = copied_config(addition.source, tag)
        try:
            machine = self._api.create_machine(app, config=config, region=addition.region)
        except ApiError as error:
            if not error.ambiguous:
                raise
            found = self._api.find_created(app, CREATED, tag)
            if found is None:
                raise
            machine = found
        self._say("plain", f"{machine.region}: created {machine.id}")
        return machine

    def _tell(self, verdict: Proved) -> None:
        machine = verdict.machine
        if verdict.error:
            self._say("bad", f"{machine.region}: {machine.id} failed: {verdict.error}")
        else:
            self._say("good", f"{machine.region}: {machine.id} is healthy")

    def _mark(self, plan: ScalePlan, verdicts: Sequence[Proved]) -> None:
        sources = {(each.region, each.group): each.source for each in plan.additions}
        for verdict in verdicts:
            machine = verdict.machine
            proof = proof_for(sources[(machine.region, machine.group)], machine)
            if proof:
                self._api.set_metadata(plan.app, machine.id, VERIFIED, proof)

    # --- going back

    def _taken_back(self, app: str, error: FlyoError) -> ScaleFailed:
        left = self._take_back(app)
        if left:
            return ScaleFailed(
                f"{error.what}; could not be removed again: {', '.join(left)}",
                where=error.where or f"app {app}",
                next="Remove it with 'flyctl machine destroy ID --force'",
                code="scale.left",
                exit=Exit.LEFT_MIXED,
            )
        return ScaleFailed(
            f"{error.what}; the new machines were removed again, nothing else was touched",
            where=error.where or f"app {app}",
            next=error.next,
            code="scale.rolled_back",
            exit=Exit.ROLLED_BACK,
        )

    def _interrupted(self, app: str) -> None:
        """Ctrl-C while adding: let the calls under way end, since what they create must go, too."""
        try:
            with self._count_lock:
                self._stop.set()
            while self._creating:
                self._clock.sleep(0.1)
            left = self._take_back(app)
        except KeyboardInterrupt:
            left = [f"machines whose metadata says {CREATED}={self._run_id}-…"]
        if left:
            raise ScaleFailed(
                f"interrupted; may be left: {', '.join(left)}",
                where=f"app {app}",
                next="Look with 'flyo status --machines', remove with 'flyctl machine destroy ID --force'",
                code="scale.left",
                exit=Exit.LEFT_MIXED,
            ) from None

    def _take_back(self, app: str) -> list[str]:
        """Destroy every machine this run has created, also those whose answer got lost; ids that stayed."""
        left = []
        try:
            made = [each for each in self._api.list_machines(app) if self._ours(each)]
        except ApiError:
            return [f"machines whose metadata says {CREATED}={self._run_id}-…"]
        for machine in made:
            try:
                self._api.destroy(app, machine.id, force=True)
                self._say("plain", f"{machine.region}: removed {machine.id} again")
            except ApiError:
                left.append(machine.id)
        return left

    def _left(self, app: str) -> list[str]:
        try:
            return [each.id for each in self._api.list_machines(app) if self._ours(each)]
        except ApiError:
            return [f"machines whose metadata says {CREATED}={self._run_id}-…"]

    def _ours(self, machine: Machine) -> bool:
        return machine.metadata.get(CREATED, "").startswith(self._run_id + "-") and not machine.gone


def _lock_lost(app: str, why: str, left: str) -> ScaleFailed:
    return ScaleFailed(
        f"{why}; stopped right there ({left})",
        where=f"app {app}",
        next="'flyo lock status' shows who holds it now; the same command goes on from what is there",
        code="lock.lost",
        exit=Exit.INCONCLUSIVE,
    )


def _summary(failed: Sequence[Proved]) -> str:
    first = failed[0]
    rest = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return f"machine {first.machine.id} in {first.machine.region}: {first.error}{rest}"
