"""Cold starts: wakes machines under the app's lock, so that no rollout is under way meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.interrupts import breaking_off
from flyctl_orchestrator.cli.locked import app_lock
from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.measure.waking import Waker, Woken
from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.rollout.gate.checkup import looks_at


def cold_starts(
    context: CommandContext, target: Target, project: Project, machines: Sequence[Machine], regions: Sequence[str]
) -> Mapping[str, Woken]:
    """Per region how one machine woke: one that sleeps, else one that is suspended for it, which needs a yes.

    Args:
        regions: those it is about; none for all.

    Raises:
        UsageError: there is nobody to ask, and no --yes.
        FlyoError: the lock cannot be had.
    """
    chosen = _one_per_region(machines, regions)
    running = [machine for machine in chosen if not machine.asleep]
    if running and not context.options.yes:
        names = ", ".join(f"{machine.id} ({machine.region})" for machine in running)
        if not context.may_ask:
            raise UsageError(
                f"--cold suspends machines that serve: {names}",
                where="flyo probe",
                next="Add --yes",
                code="probe.cold_consent",
            )
        context.insist(f"Suspend {names} for a moment? Users there wait meanwhile, or are served elsewhere")
    return {
        woken.machine.region: woken for woken in wake_all(context, target, project, chosen, command="flyo probe --cold")
    }


def _one_per_region(machines: Sequence[Machine], regions: Sequence[str]) -> list[Machine]:
    """A machine that sleeps where there is one, else one that runs."""
    fit = [each for each in machines if each.asleep or each.state == "started"]
    by_region: dict[str, Machine] = {}
    for machine in sorted(fit, key=lambda each: (not each.asleep, each.id)):
        if not regions or machine.region in regions:
            by_region.setdefault(machine.region, machine)
    return [by_region[region] for region in sorted(by_region)]


def wake_all(
    context: CommandContext, target: Target, project: Project, machines: Sequence[Machine], *, command: str
) -> list[Woken]:
    """Wake one machine after the other, so that each is timed alone, and leave each as it was found.

    Args:
        command: what is run, for others to read while it holds the lock.

    Raises:
        FlyoError: the lock cannot be had.
    """

    if not machines:
        return []
    woken: list[Woken] = []
    tell = _telling(context)
    with app_lock(context.environment, target, project, command, context.options.lock_wait, tell) as held:
        with breaking_off():
            for machine in machines:
                if why := held.lost():
                    what = f"{why}; {len(machines) - len(woken)} of {len(machines)} machines were left alone"
                    raise FlyoError(what, where=f"app {project.app}", next="Run it again", code="lock.lost")
                waker = Waker(target.api, target.clock, _ask(target, project, machine), project.flyo.rollout.timeout)
                woken.append(waker.wake(machine))
    return woken


def _telling(context: CommandContext) -> Callable[..., None]:
    """Says on stderr what taking the lock waits for."""

    def tell(name: str, **facts: Any) -> None:
        if name == "note":
            context.output.say(facts["line"])
        elif name == "lock.waiting":
            context.output.say(f"waiting for the lock, which {facts.get('who', 'somebody')} has")

    return tell


def _ask(target: Target, project: Project, machine: Machine) -> Callable[[Machine], Answer] | None:
    """One request to a machine's health page; None where no request reaches it."""
    if not looks_at(machine).http:
        return None
    probe, url = project.flyo.probe, target.probe_template(project.flyo.url_template)
    return lambda each: target.prober.check(
        url,
        project.app,
        each,
        probe.path,
        probe.timeout,
        probe.identity,  # type: ignore[arg-type]
        guessed=not probe.named,
    )
