"""How an app is, right now: every machine looked at, region by region, and what differs from the files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from flyctl_orchestrator.errors import RECOVER, UsageError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.probe import Answer, Identity, Prober
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.fleet.volumes import Volume
from flyctl_orchestrator.project.model import Probe, Project
from flyctl_orchestrator.rollout.gate.checkup import looks_at
from flyctl_orchestrator.rollout.journal.past_rollout import PastRollout
from flyctl_orchestrator.rollout.plan.desired import Desired, desired_of
from flyctl_orchestrator.rollout.plan.drift import find_drift
from flyctl_orchestrator.rollout.plan.plan import PlannedImage
from flyctl_orchestrator.rollout.state.metadata import Verification
from flyctl_orchestrator.rollout.state.observe import Fleet, observe

PARALLEL = 32


@dataclass(frozen=True)
class ProbePlan:
    """How machines are probed: where the app is, which page, how long (seconds), and whose answer counts.

    Attributes:
        guessed: nobody has named the page, so that it only must not be broken.
    """

    url_template: str
    path: str
    timeout: float
    identity: Identity = "auto"
    guessed: bool = False


@dataclass(frozen=True)
class Seen:
    """One machine and what it answered; `answer` is None when it was not asked, and `silent` says why."""

    machine: Machine
    answer: Answer | None = None
    silent: str = ""

    @property
    def healthy(self) -> bool | None:
        """Whether all that was looked at is well; None for a machine that sleeps."""
        if self.machine.asleep:
            return None
        answered = self.answer is None or self.answer.ok
        return self.machine.healthy and answered


@dataclass(frozen=True)
class SurveyedPlace:
    """One process group in one region. `wanted` is None when no flyo.toml says how many there should be."""

    region: str
    group: str
    wanted: int | None
    seen: tuple[Seen, ...]


@dataclass(frozen=True)
class Finding:
    """Something that is not as the files or the platform would have it; `kind` is stable.

    Kinds: those of `Drift`, and "cordoned", "host", "staged_secrets", "unfinished".
    """

    kind: str
    region: str
    group: str
    machine: str
    what: str


@dataclass(frozen=True)
class Survey:
    """Everything `flyo status` shows."""

    app: str
    places: tuple[SurveyedPlace, ...]
    findings: tuple[Finding, ...]
    images: tuple[str, ...]
    """What the fleet runs, by digest (or by reference where no digest is known); more than one means mixed."""
    volumes: tuple[Volume, ...] = ()

    @property
    def seen(self) -> tuple[Seen, ...]:
        """Every machine of the fleet."""
        return tuple(each for place in self.places for each in place.seen)

    @property
    def unhealthy(self) -> tuple[Seen, ...]:
        """The machines that should serve and do not."""
        return tuple(each for each in self.seen if each.healthy is False)

    @property
    def exit(self) -> Exit:
        """The answer of --detailed-exit-code: a machine is not healthy, else mixed or drifted, else as it should be."""
        if self.unhealthy:
            return Exit.ERROR
        return Exit.CHANGES if self.findings else Exit.OK


def survey_app(
    target: Target, app: str, project: Project | None, *, probe: bool, unfinished: PastRollout | None = None
) -> Survey:
    """Look at an app's machines, and put in order what was seen.

    Args:
        project: the files to compare with; None when there are none.
        probe: whether the machines that serve are asked, too.
        unfinished: the rollout that never came to its end, as far as this computer knows.

    Raises:
        FlyoError: there is no such app (code app.not_found), or it cannot be read.
    """
    fleet = observe(target.api, app, volumes=True)
    if not fleet.exists:
        raise target.no_such_app(app)
    settings = project.flyo.probe if project else Probe(named=False)
    url = target.probe_template(project.flyo.url_template if project else None)
    identity: Identity = settings.identity  # type: ignore[assignment]
    plan = ProbePlan(url, settings.path, settings.timeout, identity, guessed=not settings.named)
    seen = look(fleet, target.prober, plan if probe else None)
    return survey(fleet, seen, _desired(project), unfinished)


def _desired(project: Project | None) -> Desired | None:
    """What the files describe; None where there are none, or where what they say is not understood."""
    if project is None or project.problems:
        return None
    try:
        return desired_of(project, PlannedImage())
    except UsageError:
        return None


def look(fleet: Fleet, prober: Prober, plan: ProbePlan | None) -> tuple[Seen, ...]:
    """Probe every started machine of a fleet that serves, all at once; nobody is woken.

    Args:
        plan: None to leave all of them alone.
    """
    with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
        return tuple(pool.map(lambda machine: _look_at(fleet.app, machine, prober, plan), fleet.managed))


def _look_at(app: str, machine: Machine, prober: Prober, plan: ProbePlan | None) -> Seen:
    if machine.state != "started":
        return Seen(machine, silent=machine.state)
    if machine.cordoned:
        return Seen(machine, silent="cordoned")
    if not looks_at(machine).http:
        return Seen(machine, silent="no service")
    if plan is None:
        return Seen(machine, silent="not probed")
    answer = prober.check(plan.url_template, app, machine, plan.path, plan.timeout, plan.identity, guessed=plan.guessed)
    return Seen(machine, answer)


def survey(
    fleet: Fleet, seen: Sequence[Seen], desired: Desired | None, unfinished: PastRollout | None = None
) -> Survey:
    """Put what was seen in order and compare it with what is wanted.

    Args:
        desired: what the project's files describe; None when there are none to compare with.
        unfinished: the rollout that never came to its end, as far as this computer knows.
    """
    return Survey(
        app=fleet.app,
        places=tuple(_places(seen, desired)),
        findings=(*_of_unfinished(unfinished), *_findings(fleet, desired)),
        images=tuple(dict.fromkeys(each.machine.digest or each.machine.image for each in seen)),
        volumes=fleet.volumes,
    )


def _of_unfinished(past: PastRollout | None) -> Iterable[Finding]:
    if past is not None and past.changing and not past.running:
        yield Finding("unfinished", "", "", "", f"{past.called} was stopped half-way: {RECOVER}")


def _places(seen: Sequence[Seen], desired: Desired | None) -> Iterable[SurveyedPlace]:
    counts = dict(desired.counts) if desired else {}
    found = sorted({(each.machine.region, each.machine.group) for each in seen} - set(counts))
    wanted_first = [place for place, count in counts.items() if count or any(_at(each, place) for each in seen)]
    for place in (*wanted_first, *found):
        region, group = place
        here = tuple(sorted((each for each in seen if _at(each, place)), key=lambda each: each.machine.id))
        yield SurveyedPlace(region, group, counts.get(place, 0) if desired else None, here)


def _at(seen: Seen, place: tuple[str, str]) -> bool:
    return (seen.machine.region, seen.machine.group) == place


def _findings(fleet: Fleet, desired: Desired | None) -> Iterable[Finding]:
    # Without files, what the machines say about each other is still worth telling.
    goal = desired or _as_found(fleet)
    for drift in find_drift(fleet, goal):
        yield Finding(drift.kind, drift.region, drift.group, drift.machine, drift.what)
    if desired:
        yield from _absent(fleet, desired)
    for machine in fleet.managed:
        if machine.cordoned:
            yield _about(machine, "cordoned", "is cordoned: it gets no requests")
        if machine.host_status != "ok":
            yield _about(machine, "host", f"is on a host that is {machine.host_status}")
    known = [Verification.on(machine) for machine in fleet.managed]
    stale = [one for one in known if one is not None and one.secrets != fleet.secrets]
    if stale:
        what = f"secrets have changed since {len(stale)} of {len(known)} machines were deployed; a deploy releases them"
        yield Finding("staged_secrets", "", "", "", what)


def _absent(fleet: Fleet, desired: Desired) -> Iterable[Finding]:
    """`find_drift` takes an app without machines for one that is about to be deployed; here it is a finding."""
    if not fleet.managed:
        for (region, group), wanted in desired.counts.items():
            if wanted:
                what = f"{region} has 0 of process group {group}, flyo.toml wants {wanted}"
                yield Finding("missing", region, group, "", what)


def _about(machine: Machine, kind: str, what: str) -> Finding:
    return Finding(kind, machine.region, machine.group, machine.id, f"machine {machine.id} in {machine.region} {what}")


def _as_found(fleet: Fleet) -> Desired:
    """The fleet itself as the goal: nothing is missing or too much."""
    groups = tuple(dict.fromkeys(machine.group for machine in fleet.managed))
    return Desired(
        app=fleet.app, image=PlannedImage(), definition="", groups=groups, counts=fleet.counts(), primary_region=None
    )
