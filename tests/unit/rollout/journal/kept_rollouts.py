"""Journals of earlier rollouts, written as rollouts write them, and the machines that stand in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.journal.journals import JournalStore
from flyctl_orchestrator.rollout.journal.past_rollout import PastRollout
from flyctl_orchestrator.rollout.plan.file import plan_as_dict
from flyctl_orchestrator.rollout.plan.plan import Lane, Plan, PlannedImage, Wave
from flyctl_orchestrator.rollout.plan.steps import UpdateMachine
from flyctl_orchestrator.rollout.state.machine_file import machine_as_dict
from tests.unit.fleet.fleet_doubles import ManualClock

APP = "shop"
# 2026-11-23, 06:00:00 UTC: when the rollout with number 0 begins.
MORNING = 1_795_413_600.0


def rollout_id(number: int) -> str:
    """Id of a rollout; each begins an hour after the one before."""
    return f"20261123-{6 + number:02d}0000-00000{number}"


def machine(
    id: str,
    release: int | None = 1,
    *,
    image: str = "one",
    region: str = "iad",
    group: str = "app",
    wrote: Mapping[str, str] | None = None,
) -> Machine:
    """A machine as the Machines API shows it.

    Args:
        image: its label; the digest follows from it.
        wrote: metadata that flyo has written on it.
    """
    release_tag = {} if release is None else {"fly_release_version": str(release)}
    known = {"fly_platform_version": "v2", "fly_process_group": group, **release_tag, **(wrote or {})}
    body = {
        "id": id,
        "name": f"n-{id}",
        "region": region,
        "state": "started",
        "instance_id": f"v{release}-{id}",
        "created_at": "2026-11-23T06:00:00Z",
        "image_ref": {"digest": f"sha256:{image}"},
        "config": {"image": f"registry.fly.io/{APP}:{image}@sha256:{image}", "metadata": known},
    }
    return Machine.of_api(APP, body)


class Kept:
    """The journals of one app in a directory; rollouts are written in the order of their numbers."""

    def __init__(self, directory: Path) -> None:
        self.clock = ManualClock()
        self.store = JournalStore(directory, APP, sync=lambda descriptor: None)

    def begin(
        self,
        number: int,
        before: Sequence[Machine],
        *,
        waves: int = 1,
        target: Sequence[Machine] | None = None,
        **fields: Any,
    ) -> None:
        """Write the beginning of a rollout.

        Args:
            target: where it led, when it is a rollback; there is no plan then.
        """
        self.clock.time = MORNING + 3600.0 * number
        kept = [machine_as_dict(each) for each in before]
        if target is None:
            fields = {"plan": plan_as_dict(_plan(waves)), **fields}
        else:
            fields = {"kind": "rollback", "target": [machine_as_dict(each) for each in target], **fields}
        self._write(number, ("begin", {"rollout": rollout_id(number), "who": "ann@laptop", "before": kept, **fields}))

    def change(self, number: int, ill: Sequence[str] = ()) -> None:
        """Note that a rollout has begun to change machines.

        Args:
            ill: ids of those that were not healthy then.
        """
        self._write(number, ("baseline", {"ill": list(ill)}), ("wave.begin", {"wave": "wave 1"}))

    def end(self, number: int, outcome: str = "done", seconds: float = 90.0, **fields: Any) -> None:
        """Write the end of a rollout."""
        self.clock.time = MORNING + 3600.0 * number + seconds
        self._write(number, ("end", {"outcome": outcome, "exit": 0, "what": f"it ended {outcome}", **fields}))

    def whole(self, number: int, before: Sequence[Machine], outcome: str = "done", **fields: Any) -> str:
        """A rollout that changed something and came to its end; gives its id."""
        self.begin(number, before, **fields)
        self.change(number)
        self.end(number, outcome)
        return rollout_id(number)

    def past(self) -> list[PastRollout]:
        """What can be read of all of it."""
        return self.store.all()

    def _write(self, number: int, *entries: tuple[str, dict[str, Any]]) -> None:
        journal = self.store.open(rollout_id(number), self.clock)
        for name, fields in entries:
            journal.write(name, **fields)
        journal.close()


def _plan(waves: int) -> Plan:
    image = PlannedImage(f"registry.fly.io/{APP}:new", "sha256:new")
    lane = Lane("iad/app/a", "iad", "app", "a", "update", (UpdateMachine("a"),))
    made = tuple(Wave(f"wave {number + 1}", (lane,)) for number in range(waves))
    return Plan(APP, "fingerprint", image, "definition", "secrets", ("app",), made)
