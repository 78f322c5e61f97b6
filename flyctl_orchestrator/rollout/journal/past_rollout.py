"""One earlier rollout, as its journal tells it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from flyctl_orchestrator import __version__
from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.project.model import RolloutPolicy
from flyctl_orchestrator.rollout.journal.journal import bad_journal, being_written, read_journal
from flyctl_orchestrator.rollout.plan.file import plainly, plan_of_dict
from flyctl_orchestrator.rollout.plan.plan import Plan, counts_text
from flyctl_orchestrator.rollout.state.machine_file import machine_of_dict
from flyctl_orchestrator.rollout.state.not_taken_back import CommandRan, NotTakenBack
from flyctl_orchestrator.rollout.state.restore_point import RestorePoint, restore_point_of_dict
from flyctl_orchestrator.rollout.state.secret_names import Fingerprints

# Seconds since the epoch; what comes later has no date.
LAST_MOMENT = 253402300800
_VERSION = re.compile(r"[0-9A-Za-z.+-]{1,40}")


@dataclass(frozen=True)
class PastRollout:
    """An earlier rollout.

    Attributes:
        kind: "deploy", "scale" or "rollback".
        at, ended_at: seconds since the epoch; `ended_at` is None when it never came to its end.
        began: the same as `at`, but by the platform's clock.
        who: who ran it, e.g. "ann@laptop"; "" when not noted.
        plan: what was to be done; None for a rollback.
        before: machine id -> the machine as it was when it began, or when the one began that it carries on.
        origin: what a way back is about when it is not this rollout alone: of one that carries on another, or that is
            known from the machines.
        begun: names of the lanes of its plan that have begun.
        ill: ids of those that were not healthy then.
        counts: machines wanted per (region, process group).
        target: where a rollback led; None for a deploy.
        towards: id of the rollout that had begun with that; "" when it came from elsewhere.
        release_command: whether it was to have flyctl run one.
        command_ran: how far that came.
        secrets, fingerprints: of the app's secrets when it began; "" and nothing when that was not noted.
        not_taken_back: what is not as it was since it went back; None when it did not, or that was not noted.
        changing: whether it may have changed anything.
        flyctl_done: whether flyctl got as far as changing a machine, its release command behind it.
        going_back: whether it had begun to go back by itself.
        outcome, exit: how it ended, or how a way back that can be resumed has halted; "" and None when it was killed.
    """

    id: str
    path: Path
    kind: str
    app: str
    at: float
    who: str = ""
    plan: Plan | None = None
    before: Mapping[str, Machine] = field(default_factory=dict)
    began: float = 0.0
    origin: RestorePoint | None = None
    begun: frozenset[str] = frozenset()
    ill: frozenset[str] = frozenset()
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    policy: RolloutPolicy = field(default_factory=RolloutPolicy)
    target: RestorePoint | None = None
    towards: str = ""
    release_command: bool = False
    command_ran: CommandRan = ""
    secrets: str = ""
    fingerprints: Fingerprints = field(default_factory=dict)
    not_taken_back: NotTakenBack | None = None
    changing: bool = False
    flyctl_done: bool = False
    going_back: bool = False
    outcome: str = ""
    what: str = ""
    exit: int | None = None
    ended_at: float | None = None

    @property
    def called(self) -> str:
        """What to call it, e.g. "rollout 0012-20261123-064812-9f3a1c", or "scale … (nrt 0 → 2)"."""
        word = "rollout" if self.kind == "deploy" else self.kind
        return f"{word} {self.id}" + (f" ({self.changes})" if self.changes else "")

    @property
    def changes(self) -> str:
        """The counts that a scale was to change, e.g. "nrt 0 → 2, worker:fra 1 → 0"; "" for anything else."""
        return counts_text(self.plan.counts) if self.plan is not None else ""

    @property
    def unfinished(self) -> bool:
        """Whether it never came to its end."""
        return self.ended_at is None

    @property
    def running(self) -> bool:
        """Whether the process that runs it is still there (on this computer)."""
        return self.unfinished and being_written(self.path)

    @property
    def good(self) -> bool:
        """Whether it ended with every machine as it was meant to be."""
        return self.outcome in ("done", "resumed")

    @property
    def waves(self) -> int:
        """How many waves it was to have."""
        return len(self.plan.waves) if self.plan else 1

    @property
    def image(self) -> str:
        """What it rolled out, as people call it."""
        if self.plan is not None:
            return self.plan.image.ref or ""
        images = sorted({machine.bare_image for machine in self.target.machines.values()}) if self.target else []
        return ", ".join(images)


def read_past(path: Path, app: str) -> PastRollout | None:
    """Read one journal; None when it holds no beginning (killed before anything could have happened).

    Raises:
        FlyoError: it is no journal of this version.
    """
    entries = list(read_journal(path))
    begin = next((entry for entry in entries if entry["entry"] == "begin"), None)
    if begin is None or "before" not in begin:
        return None
    try:
        return _checked(_past(path, app, begin, entries))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError, FlyoError) as error:
        raise _not_understood(path, begin, error) from error


def _not_understood(path: Path, begin: Mapping[str, Any], error: Exception) -> FlyoError:
    """The error for a journal that another version of flyo wrote, or that was damaged."""
    why, wrote = plainly(error), begin.get("flyo")
    if not isinstance(wrote, str) or wrote == __version__ or not _VERSION.fullmatch(wrote):
        return bad_journal(path, why)
    return bad_journal(path, f"flyo {wrote} wrote it, this is {__version__}: {why}", f"Use flyo {wrote} to finish it")


def _checked(past: PastRollout) -> PastRollout:
    """Make sure that what is shown and compared is what it should be.

    Raises:
        TypeError, ValueError: it is not.
    """
    texts = (past.id, past.kind, past.who, past.outcome, past.what, past.towards, past.image, past.changes)
    if not all(isinstance(each, str) for each in texts) or not isinstance(past.exit, int | None):
        raise TypeError("a text or an exit status in it has another type")
    for moment in (past.at, 0 if past.ended_at is None else past.ended_at):
        if isinstance(moment, bool) or not isinstance(moment, int | float) or not 0 <= moment < LAST_MOMENT:
            raise ValueError("a time in it is not a time")
    return past


def _past(path: Path, app: str, begin: Mapping[str, Any], entries: list[dict[str, Any]]) -> PastRollout:
    named: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        named.setdefault(entry["entry"], []).append(entry)
    end = named.get("end", [{}])[-1]
    last = end or named.get("halt", [{}])[-1]
    baseline = named.get("baseline", [{"ill": []}])[-1]
    plan = _plan(begin, finished=bool(end))
    before = _machines(app, begin["before"])
    secrets = begin.get("secrets", {"digest": "", "names": {}})
    return PastRollout(
        id=begin["rollout"],
        path=path,
        kind=begin.get("kind", "deploy"),
        app=app,
        at=begin["at"],
        who=begin.get("who", ""),
        plan=plan,
        before=before,
        began=begin.get("began", begin["at"]),
        origin=restore_point_of_dict(begin["origin"], before) if "origin" in begin else None,
        begun=frozenset(_begun(plan, named)),
        ill=frozenset(baseline["ill"]),
        counts={(region, group): count for region, group, count in begin.get("counts", ())},
        policy=_policy(begin, finished=bool(end)),
        target=_target(app, begin) if "target" in begin else None,
        towards=begin.get("towards", ""),
        release_command=bool(begin.get("release_command")),
        command_ran=_command_ran(begin, named),
        secrets=str(secrets["digest"]),
        fingerprints={str(name): str(value) for name, value in secrets["names"].items()},
        not_taken_back=NotTakenBack.of_dict(last["not_taken_back"]) if "not_taken_back" in last else None,
        changing="wave.begin" in named or "step.begin" in named,
        flyctl_done=any(entry["step"].startswith("flyctl") for entry in named.get("step.end", ())),
        going_back="rollback.begin" in named,
        outcome=last.get("outcome", ""),
        what=last.get("what", ""),
        exit=last.get("exit"),
        ended_at=end.get("at"),
    )


def _plan(begin: Mapping[str, Any], *, finished: bool) -> Plan | None:
    """What was to be done.

    Of a rollout that is over nobody asks how it was to go: its steps are left out where this version does not know
    them, so that the journals of another version stop nothing.
    """
    data = begin.get("plan")
    if not data:
        return None
    try:
        return plan_of_dict(data)
    except UsageError:
        if not finished:
            raise
        return plan_of_dict({**data, "waves": [], "drift": [], "left_out": []})


def _policy(begin: Mapping[str, Any], *, finished: bool) -> RolloutPolicy:
    try:
        return RolloutPolicy(**begin.get("policy", {}))
    except TypeError:
        if not finished:
            raise
        return RolloutPolicy()


def _command_ran(begin: Mapping[str, Any], named: Mapping[str, list[dict[str, Any]]]) -> CommandRan:
    """How far the release command came. Journals of earlier versions tell of it only by what came afterwards."""
    if said := named.get("release_command"):
        return "succeeded" if said[-1]["ran"] == "succeeded" else "begun"
    if "release_command_ran" in begin:
        return begin["release_command_ran"] if begin["release_command_ran"] in get_args(CommandRan) else "unknown"
    done = any(entry["step"].startswith("flyctl") for entry in named.get("step.end", ()))
    return ("succeeded" if done else "unknown") if begin.get("release_command") else ""


def _begun(plan: Plan | None, named: Mapping[str, list[dict[str, Any]]]) -> Iterator[str]:
    """Names of the lanes that may have changed something: flyctl begins with its wave, all others step by step."""
    yield from (entry["lane"] for entry in named.get("step.begin", ()))
    waves = {entry["wave"] for entry in named.get("wave.begin", ())}
    for wave in plan.waves if plan else ():
        if wave.name in waves:
            yield from (lane.name for lane in wave.lanes if lane.steps[0].by_flyctl)


def _target(app: str, begin: Mapping[str, Any]) -> RestorePoint:
    machines = _machines(app, begin["target"])
    if "target_point" in begin:
        return restore_point_of_dict(begin["target_point"], machines)
    return RestorePoint(machines, begin.get("began", begin["at"]), surplus=True)


def _machines(app: str, rows: Iterable[Mapping[str, Any]]) -> dict[str, Machine]:
    return {row["id"]: machine_of_dict(app, row) for row in rows}
