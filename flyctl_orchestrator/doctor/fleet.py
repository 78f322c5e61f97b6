"""The machines that are there: what is wrong with them now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from flyctl_orchestrator.doctor.finding import Finding
from flyctl_orchestrator.errors import RECOVER
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.survey import Survey

# Seconds after which a machine should have come out of a state that is on the way to another.
STUCK = 300.0
ON_THE_WAY = frozenset({"created", "creating", "starting", "stopping", "suspending", "restarting", "replacing"})
LOOK = "'flyo status --machines' shows them"
NO_MACHINE = "doctor.no_machine"
# Kinds of a survey's findings that have a check of their own here.
TOLD_HERE = frozenset({"cordoned", "host", "staged_secrets", "unfinished", "mixed_image"})


def check_fleet(survey: Survey, now: float) -> Iterator[Finding]:
    """What is wrong with a fleet.

    Args:
        survey: what was seen of it.
        now: seconds since the epoch, by the platform's clock.
    """
    machines = [each.machine for each in survey.seen]
    if not machines:
        fix = "'flyo deploy' makes them; 'flyo history' tells what became of the last ones"
        yield Finding("warning", f"app {survey.app}", "has no machine, so nobody is served", fix, code=NO_MACHINE)
    for each in machines:
        yield from _machine(each, now)
    for seen in survey.unhealthy:
        answer = seen.answer
        if answer is not None and not answer.ok:
            what = f"does not answer well: {answer.error or answer.status}"
            yield _about(seen.machine, "error", what, _logs(seen.machine), "doctor.bad_answer")
    yield from _images(machines, survey)
    yield from _few(machines, survey.app)
    for finding in survey.findings:
        if finding.kind == "staged_secrets":
            what = finding.what.removesuffix("; a deploy releases them")
            fix = "'flyo deploy' releases them"
            yield Finding("warning", f"app {survey.app}", what, fix, code="doctor.secrets_staged")
        elif finding.kind == "unfinished":
            what = finding.what.removesuffix(f": {RECOVER}")
            yield Finding("error", f"app {survey.app}", what, RECOVER, code="doctor.unfinished")
        elif finding.kind not in TOLD_HERE and machines:
            # Where there is no machine at all, that each region lacks its own is no further news.
            fix = "'flyo plan' shows what a deploy or a scale would change"
            yield Finding("warning", f"app {survey.app}", finding.what, fix, code="doctor.drift")


def check_secrets(app: str, names: Iterable[str]) -> Iterator[Finding]:
    """Secrets whose names are Fly.io's own: the app sees another value than the platform's.

    Args:
        names: of the app's secrets.
    """
    for name in names:
        if name == "PRIMARY_REGION" or name.startswith("FLY_"):
            what = f"the secret {name} has a name that Fly.io sets itself"
            fix = f"Remove it with 'flyctl secrets unset {name} --app {app}'"
            yield Finding("error", f"app {app}", what, fix, code="doctor.secret_reserved")


def _machine(machine: Machine, now: float) -> Iterator[Finding]:
    for check in machine.checks:
        if check.status != "passing" and machine.state == "started":
            said = " ".join(check.output.split())[:100]
            what = f"check {check.name} is {check.status}" + (f" ({said})" if said else "")
            yield _about(machine, "error", what, _logs(machine), "doctor.check_failing")
    newest = machine.events[0].timestamp_s if machine.events else machine.created_s
    if machine.state in ON_THE_WAY and newest is not None and now - newest > STUCK:
        what = f"has been {machine.state} for {(now - newest) / 60:.0f} minutes"
        yield _about(machine, "error", what, f"Try 'flyctl machine restart {machine.id}'", "doctor.stuck")
    if machine.state == "failed":
        yield _about(machine, "error", "could not be run by the platform", _logs(machine), "doctor.failed")
    if machine.cordoned:
        fix = f"Undo that with 'flyctl machine uncordon {machine.id}', unless somebody needs it so"
        yield _about(machine, "warning", "is cordoned: it gets no requests", fix, "doctor.cordoned")
    if machine.host_status != "ok":
        what = f"is on a host that is {machine.host_status}"
        fix = f"Wait, or release past it with 'flyo deploy --without {machine.id}'"
        yield _about(machine, "warning", what, fix, "doctor.host")
    if (machine.config.get("restart") or {}).get("policy") == "no" and machine.serves:
        what = "is not started again when its app crashes (restart policy no)"
        fix = 'Set [[restart]] policy = "on-failure" in fly.toml and deploy'
        yield _about(machine, "warning", what, fix, "doctor.no_restart")


def _images(machines: list[Machine], survey: Survey) -> Iterator[Finding]:
    if len(survey.images) < 2:
        return
    newest = max(machines, key=lambda each: (each.release or 0, each.updated_at))
    current = newest.digest or newest.image
    behind = [each for each in machines if (each.digest or each.image) != current]
    asleep = [each for each in behind if each.asleep]
    if asleep:
        names = ", ".join(f"{each.region} {each.id}" for each in asleep)
        what = f"asleep on an older image, and will serve it when woken: {names}"
        fix = "'flyo deploy' wakes them, verifies them and puts them back to sleep"
        yield Finding("warning", f"app {survey.app}", what, fix, code="doctor.asleep_on_old")
    if len(behind) > len(asleep):
        what = f"{len(survey.images)} different images serve at the same time"
        yield Finding("warning", f"app {survey.app}", what, "'flyo deploy' makes them one", code="doctor.images_differ")


def _few(machines: list[Machine], app: str) -> Iterator[Finding]:
    serving = [each for each in machines if each.serves]
    for group, number in Counter(each.group for each in serving).items():
        if number < 2:
            region = next(each.region for each in serving if each.group == group)
            what = f"process group {group} has one machine that serves"
            fix = f"'flyo scale {group}:{region}=2', or one in another region"
            yield Finding("warning", f"app {app}", what, fix, code="doctor.few_machines")


def _logs(machine: Machine) -> str:
    return f"'flyo logs --machine {machine.id}' shows what it writes"


def _about(machine: Machine, severity: str, what: str, fix: str, code: str) -> Finding:
    return Finding(severity, f"{machine.region} {machine.id}", what, fix, code=code)  # type: ignore[arg-type]
