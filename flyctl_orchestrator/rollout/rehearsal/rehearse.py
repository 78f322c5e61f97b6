"""A rehearsal: a copy of the fleet is set up on a local platform, and the next rollout happens there."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.fleet.machine import bare
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.model import Project, RolloutPolicy
from flyctl_orchestrator.rollout.context.concurrency import Concurrency, Stop
from flyctl_orchestrator.rollout.context.events import Emitter
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.plan.plan import Plan
from flyctl_orchestrator.rollout.prepare import prepare
from flyctl_orchestrator.rollout.rehearsal.await_ready import CopyFailed, await_ready
from flyctl_orchestrator.rollout.rehearsal.copied import Copied, copied
from flyctl_orchestrator.rollout.rehearsal.deployment import RehearsedDeployment
from flyctl_orchestrator.rollout.rehearsal.fault_spec import about_image
from flyctl_orchestrator.rollout.rehearsal.management_api import ManagementApi
from flyctl_orchestrator.rollout.state.observe import observe

# What is told of a fault that was set.
TOLD = ("name", "region", "machine", "ends_in", "times_left", "chance", "set")


@dataclass(frozen=True)
class RehearsalRequest:
    """What is to be rehearsed.

    Attributes:
        faults: bodies of requests for them.
        before: directory with the code that runs, where its image is not on this computer.
        secrets: the user's values for the rehearsal.
        images: directory of the user's own local platform, which may have the images that run.
    """

    project: Project
    policy: RolloutPolicy
    faults: Sequence[Mapping[str, Any]]
    before: Path
    secrets: Mapping[str, str] = field(repr=False)
    images: Path


@dataclass(frozen=True)
class RehearsalPlatform:
    """Where it is rehearsed: a local platform made for it, and directories for what is kept meanwhile.

    Attributes:
        during: the context of the rollout itself, in which signals are noted in its Stop and end nothing.
        sync: has a journal's open file on disk before it returns.
    """

    target: Target
    state: Path
    scratch: Path
    concurrency: Concurrency
    during: Callable[[Stop], AbstractContextManager[None]]
    sync: Callable[[int], None] = os.fsync


@dataclass(frozen=True)
class RehearsalResult:
    """What would have happened; `outcome` is None when the rollout did not get that far."""

    exit: int
    what: str
    outcome: Outcome | None = None


def copy_fleet(source: Target, request: RehearsalRequest) -> Copied:
    """What the rehearsal needs of the fleet, which is only read.

    Raises:
        FlyoError: it cannot be read.
    """
    app = request.project.app
    fleet = observe(source.api, app, volumes=bool(request.project.flytoml.volumes))
    names = [secret.name for secret in source.api.list_secrets(app)] if fleet.exists else []
    return copied(fleet, names, request.secrets)


@dataclass(frozen=True)
class Rehearsal:
    """One rehearsal.

    Attributes:
        source: kind of the Fly that the copy was made of.
    """

    request: RehearsalRequest
    place: RehearsalPlatform
    emit: Emitter
    source: str

    def run(self, copy: Copied) -> RehearsalResult:
        """Set the copy up and roll out.

        Raises:
            FlyoError: a fault is unknown, or the copy cannot be set up.
        """
        management = ManagementApi(self.place.target)
        management.check_faults([{**fault, "machine": None} for fault in self.request.faults])
        work = RehearsedDeployment(
            target=self.place.target,
            project=self.request.project,
            policy=self.request.policy,
            concurrency=self.place.concurrency,
            emit=self.emit,
            stop=Stop(),
            state=self.place.state,
            scratch=self.place.scratch,
            sync=self.place.sync,
            ready=lambda plan: self._set_faults(management, plan),
        )
        running = self._set_up(copy, management, work)
        result = self._roll_out(replace(work, running=running))
        self.emit("rehearsal.finished", exit=result.exit, what=result.what)
        return result

    def _set_up(self, copy: Copied, management: ManagementApi, work: RehearsedDeployment) -> frozenset[str]:
        """The digests that the copied machines run."""
        images = management.borrow(self.request.images, copy)
        here = [bool(machine.digest and machine.digest in images) for machine in copy.machines]
        facts = {"source": self.source, "machines": len(copy.machines), "with_own_image": sum(here)}
        placeholders = sorted(set(copy.secrets) - copy.given)
        self.emit("rehearsal.started", **facts, placeholders=placeholders)
        if not copy.machines:
            return frozenset()
        instead = "" if all(here) else work.build_before(self.request.before).ref
        management.set_up(copy, images, instead)
        try:
            await_ready(work.target.api, work.target.clock, copy, self.request.policy.patience)
        except CopyFailed as failure:
            for line in management.last_words(copy.app, failure.machine.id, tuple(copy.secrets.values())):
                self.emit("note", line=f"  {failure.machine.id} | {line}")
            raise
        return frozenset(machine.digest for machine in copy.machines if machine.digest)

    def _set_faults(self, management: ManagementApi, plan: Plan) -> None:
        new = bare(plan.image.ref or "")
        for fault in management.add_faults([about_image(fault, new) for fault in self.request.faults]):
            self.emit("fault.set", fault=fault["id"], **{key: fault[key] for key in TOLD})

    def _roll_out(self, work: RehearsedDeployment) -> RehearsalResult:
        try:
            plan, fleet = prepare(work, None)
            work.announce(plan)
            with self.place.during(work.stop):
                outcome = work.run(plan, fleet)
        except FlyoError as error:
            return RehearsalResult(int(error.exit), f"{error.what} [{error.code}]")
        work.finish(outcome)
        return RehearsalResult(int(outcome.exit), outcome.what, outcome)
