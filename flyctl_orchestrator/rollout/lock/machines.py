"""The machines that keep an app's lock: found, made, and cleared away when there are more than are needed.

A lock machine is created and never started: it serves nothing, and flyctl leaves alone what does not carry its mark.
Its lease is the platform's own compare-and-swap: one holder, an end by the platform's clock, 409 for everybody else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.listings import Listing
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.rollout.lock.times import HURRY
from flyctl_orchestrator.rollout.state.lock_record import (
    HOLDER,
    INSTEAD_OF,
    MARK,
    LockMachine,
    LockRecord,
    counting,
    is_lock_machine,
)

GROUP = "flyo_lock"
"""Its process group, which is none of the app's, so that nothing that is done to a group is done to it."""
MOST = 3
"""Images and regions that are tried for a new lock machine."""
# Errors that another region or image would not change.
EVERYWHERE = ("unauthorized", "network", "rate_limited")


@dataclass(frozen=True)
class Found:
    """The lock machines of an app at one moment.

    Attributes:
        every: those that do not count any more included.
        fleet: the app's own machines, as far as they were read.
    """

    every: tuple[LockMachine, ...] = ()
    fleet: tuple[Machine, ...] = field(default=(), repr=False)

    @property
    def counting(self) -> list[LockMachine]:
        """Those whose leases decide, lowest id first."""
        return counting(self.every)

    @property
    def ids(self) -> set[str]:
        """Of all of them."""
        return {each.id for each in self.every}

    def silent(self, ids: Collection[str]) -> Found:
        """The same, with the hosts of these machines taken for ones that do not answer, whatever the platform says."""
        return replace(
            self, every=tuple(replace(each, reachable=each.reachable and each.id not in ids) for each in self.every)
        )

    @property
    def usable(self) -> bool:
        """Whether there is a lock machine, and every one that counts can be asked for its lease."""
        return bool(self.counting) and all(each.reachable for each in self.counting)


class LockMachines:
    """Finds and makes the lock machines of one app.

    Args:
        regions: where a new one is made, the first that has room for it.
    """

    def __init__(self, api: MachinesApi, app: str, regions: Sequence[str]) -> None:
        self._api = api
        self._app = app
        self._regions = regions

    def find(self, *, with_fleet: bool = False, hurry: bool = False) -> Found:
        """Look for them. An app that does not exist has none.

        Args:
            with_fleet: read the app's own machines, too: a new lock machine takes its image from one of them.
            hurry: give up after a few seconds.
        """
        api = self._api.hurried(HURRY) if hurry else self._api
        try:
            listed = api.list_machines(self._app, having=None if with_fleet else (MARK, "1"))
        except ApiError as error:
            if error.kind == "not_found":
                return Found()
            raise
        return _found(listed)

    def last_seen(self) -> tuple[Found, Listing] | None:
        """What a list of all machines has shown last, whoever asked for it."""
        listing = self._api.listings.last(self._app)
        return (_found(listing.machines), listing) if listing is not None else None

    def make(self, found: Found, image: str | None, tag: str) -> bool:
        """Make one that counts instead of those in `found` whose hosts do not answer. Look again afterwards.

        Args:
            found: read with the fleet.
            image: to make it from when no machine of the fleet has one that will do; it is never run.
            tag: part of its name, unique to this attempt.

        Returns: False when there is no image to make it from.

        Raises:
            ApiError: the platform would not make it anywhere.
        """
        last: ApiError | None = None
        name = f"flyo-lock-{tag}-{len(found.every)}"
        for ref, region in self._choices(found, image):
            config = _config(ref, found)
            try:
                self._api.create_machine(self._app, config=config, region=region, name=name, skip_launch=True)
                return True
            except ApiError as error:
                if error.kind in EVERYWHERE:
                    raise
                if error.ambiguous and self.find().ids - found.ids:
                    return True
                last = error
        if last is not None:
            raise last
        return False

    def _choices(self, found: Found, image: str | None) -> Iterator[tuple[str, str]]:
        """(image, region) to try, the likeliest first: the newest image in every region, others in the first."""
        newest = sorted(found.fleet, key=lambda machine: (machine.release or 0, machine.created_at), reverse=True)
        ours = [machine for machine in newest if machine.managed and machine.image]
        images = list(dict.fromkeys(filter(None, (image, *(machine.image for machine in ours)))))[:MOST]
        away = {each.region for each in found.every if not each.reachable}
        away |= {machine.region for machine in found.fleet if machine.host_status != "ok"}
        wanted = list(dict.fromkeys((*self._regions, *(machine.region for machine in ours))))
        regions = [code for code in wanted if code not in away][:MOST] + [code for code in wanted if code in away][:1]
        for ref in images[:1]:
            yield from ((ref, region) for region in regions)
        yield from ((ref, regions[0]) for ref in images[1:] if regions)

    def tidy(self, found: Found, leases: Mapping[str, str]) -> list[str]:
        """Destroy what is not needed any more; what cannot be destroyed now does no harm.

        Args:
            leases: machine -> nonce, of all in `found` that count; the first of them stays.

        Returns: the ids of those that are gone.
        """
        gone: list[str] = []
        keep = found.counting[0]
        for each in found.every:
            left = [other for other in found.every if other.id not in (each.id, *gone)]
            still = {other.id for other in counting(left)}
            # Whatever did not count before must not count because of this.
            harmless = still <= {other.id for other in found.counting} - {each.id}
            if each.id == keep.id or not each.reachable or not harmless:
                continue
            try:
                self._api.destroy(self._app, each.id, force=True, nonce=leases.get(each.id))
                gone.append(each.id)
            except ApiError:
                continue
        return gone


def _found(listed: Iterable[Machine]) -> Found:
    machines = [machine for machine in listed if not machine.gone]
    keeping = [LockMachine.of(machine) for machine in machines if is_lock_machine(machine)]
    return Found(tuple(keeping), tuple(machine for machine in machines if not is_lock_machine(machine)))


def _config(image: str, found: Found) -> dict[str, Any]:
    """A machine that is never started, and would end at once if somebody did start it."""
    metadata = {MARK: "1", "fly_process_group": GROUP}
    if found.every:
        metadata[INSTEAD_OF] = ",".join(sorted(found.ids - {each.id for each in found.counting if each.reachable}))
    if by_hand := _taken_by_hand(found):
        metadata[HOLDER] = by_hand.as_value()
    return {
        "image": image,
        "guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256},
        "init": {"exec": ["/bin/true"]},
        "restart": {"policy": "no"},
        "metadata": metadata,
    }


def _taken_by_hand(found: Found) -> LockRecord | None:
    records = [each.record for each in found.counting if each.record is not None and each.record.by_hand]
    return records[0] if records else None
