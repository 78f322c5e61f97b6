"""Which earlier state `flyo rollback` goes back to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.journal.journals import JournalStore
from flyctl_orchestrator.rollout.journal.past_rollout import PastRollout
from flyctl_orchestrator.rollout.recovery.from_machines import Versions, earlier_by_versions
from flyctl_orchestrator.rollout.state.changed_secrets import changed_since
from flyctl_orchestrator.rollout.state.not_taken_back import CommandRan
from flyctl_orchestrator.rollout.state.observe import Fleet
from flyctl_orchestrator.rollout.state.restore_point import RestorePoint
from flyctl_orchestrator.rollout.state.rollout_ids import changed_by, in_order, newest_of

# Ends after which the fleet is no longer what it was before.
CHANGED = ("done", "resumed", "mixed", "inconclusive")
# Ends after which it is what it was before.
TAKEN_BACK = ("rolled_back", "aborted", "interrupted")
_RAN: dict[CommandRan, str] = {
    "unknown": "may have run a release command since",
    "begun": "began a release command since, which did not end well",
    "succeeded": "ran a release command since",
}


@dataclass(frozen=True)
class State:
    """An earlier state of the fleet.

    Attributes:
        said: what to call it.
        towards: id of the rollout that began with it, "" when it was put together from machines' versions.
        notes: what a person has to know before going there.
        now: what runs as long as nobody goes there, and what was taken back last.
        undo: what to type to come back.
        command_ran: how far a release command came that was run since.
    """

    restore_point: RestorePoint
    said: str
    towards: str
    notes: tuple[str, ...]
    now: str = ""
    undo: str = ""
    command_ran: CommandRan = ""


def choose_state(journals: JournalStore, fleet: Fleet, versions: Versions, wanted: str | None) -> State:
    """The state to go back to.

    Args:
        wanted: a rollout's id (or the end of it) or a release number; None for the last good state.

    Raises:
        UsageError: there is no such rollout or release.
        FlyoError: nothing earlier is known.
    """
    past_rollouts = [past for past in journals.all() if past.changing]
    state = _chosen(journals, past_rollouts, fleet, versions, wanted)
    return replace(state, now=_running_now(past_rollouts, fleet), undo=_undo(past_rollouts, fleet))


def _chosen(
    journals: JournalStore,
    past_rollouts: Sequence[PastRollout],
    fleet: Fleet,
    versions: Versions,
    wanted: str | None,
) -> State:
    if wanted is None:
        past = None if _moved_on(past_rollouts, fleet) else _last_good(past_rollouts)
        return _of(past, past_rollouts, fleet, journals) if past else _by_versions(fleet, versions, None, journals)
    number = wanted.removeprefix("v")
    if number.isdigit() and len(number) < 8:
        if past := _with_release(past_rollouts, int(number)):
            return _of(past, past_rollouts, fleet, journals)
        return _by_versions(fleet, versions, int(number), journals)
    return _of(_after(past_rollouts, wanted, fleet.app), past_rollouts, fleet, journals)


def _of(past: PastRollout, past_rollouts: Sequence[PastRollout], fleet: Fleet, journals: JournalStore) -> State:
    since = [each for each in past_rollouts if in_order(each.id) >= in_order(past.id)]
    restore_point = RestorePoint(
        past.before,
        past.origin.at if past.origin else past.began,
        past.ill,
        made_by=frozenset(each.id for each in since),
        surplus=True,
    )
    # One that finishes another rollout has not run it once more.
    ran = [each for each in since if each.release_command and each.command_ran]
    notes = [f"rollout {each.id} {_RAN[each.command_ran]}; what it did stays done" for each in ran]
    notes += _secrets(past.before, fleet, journals)
    command: CommandRan = next((each for each in reversed(_RAN) if each in {past.command_ran for past in ran}), "")
    return State(restore_point, _described(past.before), past.id, tuple(notes), command_ran=command)


def _running_now(past_rollouts: Sequence[PastRollout], fleet: Fleet) -> str:
    """What runs now; one that was taken back by itself is easily believed to run still."""
    running = _described({machine.id: machine for machine in fleet.managed}) or "nothing"
    last = next(reversed(past_rollouts), None)
    if last is None or last.outcome not in TAKEN_BACK or _moved_on(past_rollouts, fleet):
        return running
    image = f" with {last.image}" if last.image else ""
    return f"{running} ({last.called}{image} was taken back already)"


def _described(machines: Mapping[str, Machine]) -> str:
    releases = sorted({machine.release for machine in machines.values() if machine.release is not None})
    images = sorted({machine.bare_image for machine in machines.values()})
    release = f"release {', '.join(f'v{number}' for number in releases)}, " if releases else ""
    return f"{release}{', '.join(images)}"


def _secrets(machines: Mapping[str, Machine], fleet: Fleet, journals: JournalStore) -> list[str]:
    changed = changed_since(machines.values(), fleet, journals.secrets_at)
    return [f"{changed}; Fly keeps no old values, so the machines start with the newest ones"] if changed else []


def _last_good(past_rollouts: Sequence[PastRollout]) -> PastRollout | None:
    """The rollout whose beginning was the last good state before the present one. Other counts alone make no state."""
    by_id = {past.id: past for past in past_rollouts}
    past_rollouts = [past for past in past_rollouts if past.kind != "scale"]
    cursor = next((past for past in reversed(past_rollouts) if past.outcome in CHANGED), None)
    while cursor is not None:
        if cursor.kind == "rollback":
            # Where it led is where another rollout had begun: what made that state is the one before it.
            began = by_id.get(cursor.towards)
            cursor = _older(past_rollouts, began) if began else None
        elif _sound(cursor.before):
            return cursor
        else:
            cursor = _older(past_rollouts, cursor)
    return None


def _older(past_rollouts: Sequence[PastRollout], than: PastRollout) -> PastRollout | None:
    return next(
        (past for past in reversed(past_rollouts) if in_order(past.id) < in_order(than.id) and past.outcome in CHANGED),
        None,
    )


def _sound(machines: Mapping[str, Machine]) -> bool:
    """Whether a state is worth going back to: there are machines, and those of a group run one image."""
    images = {(machine.group, machine.digest or machine.image) for machine in machines.values()}
    return bool(machines) and len(images) == len({machine.group for machine in machines.values()})


def _moved_on(past_rollouts: Sequence[PastRollout], fleet: Fleet) -> bool:
    """Whether another computer has changed the fleet after the last rollout from here."""
    newest = newest_of(changed_by(machine) for machine in fleet.managed)
    return in_order(newest) > in_order(newest_of(past.id for past in past_rollouts))


def _with_release(past_rollouts: Sequence[PastRollout], release: int) -> PastRollout | None:
    for past in reversed(past_rollouts):
        if past.before and max(machine.release or 0 for machine in past.before.values()) == release:
            return past
    return None


def _after(past_rollouts: Sequence[PastRollout], wanted: str, app: str) -> PastRollout:
    """The rollout that began with what the named one had left."""
    found = [number for number, past in enumerate(past_rollouts) if past.id == wanted or past.id.endswith(wanted)]
    if len(found) != 1:
        raise UsageError(
            f"{'no' if not found else 'more than one'} rollout {wanted} of app {app} is known on this computer",
            where="rollback",
            next="'flyo history' lists them",
            code="rollback.unknown",
        )
    if found[0] + 1 == len(past_rollouts):
        raise UsageError(
            f"rollout {past_rollouts[found[0]].id} is the newest one; there is nothing to roll back to it",
            where="rollback",
            next="'flyo rollback' without a name goes to the state before it",
            code="rollback.current",
        )
    return past_rollouts[found[0] + 1]


def _by_versions(fleet: Fleet, versions: Versions, release: int | None, journals: JournalStore) -> State:
    earlier = earlier_by_versions(fleet, versions, release)
    if not fleet.managed or len(earlier.missing) == len(fleet.managed):
        raise FlyoError(
            f"nothing is known of {f'release v{release}' if release else 'an earlier state'}, neither on this computer "
            "nor by the machines",
            where=f"app {fleet.app}",
            next="'flyo history' shows what is known; 'flyo deploy --image IMAGE' rolls out an image by name",
            code="rollback.nothing",
        )
    notes = ["put together from what the machines themselves had; machines that are gone since are not known"]
    notes += [f"{machine.region} {machine.id} had no such version and stays as it is" for machine in earlier.missing]
    notes += _secrets(earlier.machines, fleet, journals)
    return State(RestorePoint(earlier.machines, at=0.0), _described(earlier.machines), "", tuple(notes))


def _undo(past_rollouts: Sequence[PastRollout], fleet: Fleet) -> str:
    current = next((past for past in reversed(past_rollouts) if past.outcome in CHANGED), None)
    if current is not None and not _moved_on(past_rollouts, fleet):
        return f"flyo rollback {current.id}"
    releases = [machine.release for machine in fleet.managed if machine.release is not None]
    return f"flyo rollback {max(releases)}" if releases else "flyo deploy"
