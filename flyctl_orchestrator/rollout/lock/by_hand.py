"""Looking at the lock, taking it by hand and giving it back, from the command line."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.rollout.lock.machines import LockMachines
from flyctl_orchestrator.rollout.lock.take import Locker
from flyctl_orchestrator.rollout.state.lock_record import HOLDER, LockRecord, lease_digest

UNKNOWN = LockRecord("", "unknown", "another program holds the lease of the lock machine", "rollout")


@dataclass(frozen=True)
class Holder:
    """Who holds the lock, as it was seen.

    Attributes:
        record: for a rollout it expires when its lease does, unless that is renewed.
        machine: the lock machine that says so.
        nonce: of the lease that is on it now.
    """

    record: LockRecord
    machine: str
    nonce: str | None = field(default=None, repr=False)


def holders(api: MachinesApi, app: str) -> list[Holder]:
    """Everybody who keeps a rollout from starting; none when the lock is free.

    Raises:
        ApiError: the platform refused or could not be reached.
    """
    found = []
    for machine in LockMachines(api, app, ()).find().counting:
        lease = api.find_lease(app, machine.id)
        record, nonce = machine.record, lease.nonce if lease else None
        if record is not None and record.lasts(api.platform_time()):
            found.append(Holder(record, machine.id, nonce))
        elif lease is not None:
            known = record is not None and not record.by_hand and record.lease == lease_digest(lease.nonce)
            held_by = record if known and record is not None else UNKNOWN
            found.append(Holder(replace(held_by, expires=lease.expires_at), machine.id, nonce))
    return found


def take_by_hand(locker: Locker, record: LockRecord, lasts: float | None) -> LockRecord:
    """Take the lock so that it outlives this command.

    Args:
        lasts: seconds after which it ends by itself; None: never.

    Returns: what is written about it.

    Raises:
        Locked: somebody else has it.
        FlyoError: there is no machine to keep it on (code lock.nowhere), or it cannot be taken.
    """
    until = locker.clock.monotonic()
    locker.take_here(record, until)
    try:
        held = locker.take_there(record, until, lasts=lasts)
        assert held is not None
        held.leave()
        return held.record
    finally:
        locker.computer.release()


def give_back(api: MachinesApi, app: str, held: list[Holder], who: str, *, force: bool) -> list[LockRecord]:
    """Release the lock.

    Args:
        held: as `holders` gives them.
        who: user@host, as it was taken by hand.
        force: also when it is somebody else's, or a running rollout's, which then stops at its next step.

    Returns: the holders that hold it no more, none when nobody did.

    Raises:
        FlyoError: it is not for `who` to release (code lock.not_yours).
        ApiError: the platform refused or could not be reached.
    """
    for each in held:
        if not force and (not each.record.by_hand or each.record.who != who):
            whose = "another person" if each.record.by_hand else "a running rollout" if each.record.id else "a program"
            raise FlyoError(
                f"the lock is held by {whose}: {each.record.who}, {each.record.why}",
                where=f"app {app}",
                next="Add --force when you know that nothing is under way",
                code="lock.not_yours",
                exit=Exit.LOCKED,
            )
    for each in held:
        # First what is written: a holder that renews its lease in between finds that it is not the holder any more.
        api.delete_metadata(app, each.machine, HOLDER, each.nonce)
        if each.nonce and not each.record.by_hand:
            api.release_lease(app, each.machine, each.nonce)
    return [each.record for each in held]
