"""What a rollout promises, held against the platform's own records and not against what flyo believes."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.local.core import model
from flyctl_orchestrator.local.daemon.simulation import TOKEN
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.plan.desired import Desired
from flyctl_orchestrator.rollout.run.result_rows import LEFT
from flyctl_orchestrator.rollout.state.lock_record import MARK
from flyctl_orchestrator.rollout.state.metadata import VERIFIED
from tests.planted import SECRET
from tests.unit.rollout.nothing_lost.troubled_world import TroubledWorld

ODD_FATES = ("failed", "unverified", "missing")
UNTOUCHED = (Exit.ERROR, Exit.USAGE, Exit.LOCKED, Exit.UNREACHABLE)
AS_BEFORE = (*UNTOUCHED, Exit.ROLLED_BACK, Exit.INTERRUPTED)
NAMING = (Exit.LEFT_MIXED, Exit.INCONCLUSIVE)


@dataclass(frozen=True)
class Truth:
    """One machine, as the platform has it; `config` without image and without flyo's marks."""

    id: str
    region: str
    group: str
    managed: bool
    digest: str
    mode: str
    cordoned: bool
    serving: bool
    verified: bool
    config: dict[str, Any]


def truth(world: TroubledWorld) -> dict[str, Truth]:
    """The fleet as it really is."""
    return {machine.id: _truth(machine) for machine in world.records() if MARK not in machine.metadata}


def _truth(machine: model.Machine) -> Truth:
    metadata = {key: value for key, value in machine.metadata.items() if not key.startswith("flyo_")}
    config = {key: value for key, value in machine.config.items() if key not in ("image", "metadata")}
    passing = all(check.status == "passing" for check in machine.checks)
    awake = machine.state == "started"
    return Truth(
        id=machine.id,
        region=machine.region,
        group=machine.process_group,
        managed=machine.metadata.get("fly_platform_version") == "v2",
        digest=machine.image_digest,
        mode={"stopped": "stopped", "suspended": "suspended"}.get(machine.state, "awake"),
        cordoned=machine.cordoned,
        serving=awake and passing and not machine.cordoned and bool(machine.config.get("services")),
        verified=VERIFIED in machine.metadata,
        config={**config, "metadata": metadata},
    )


class Promises:
    """One rollout's end, compared with its beginning."""

    def __init__(self, world: TroubledWorld, before: Mapping[str, Truth], desired: Desired, outcome: Outcome) -> None:
        self._world, self._before, self._outcome, self._desired = world, before, outcome, desired
        self._after = truth(world)
        self._others = world.meddled
        self._warned = {str(e.fields.get("machine")) for e in world.events if e.name == "warning"}
        self._reborn = self._find_reborn()

    def hold(self) -> None:
        """Raise AssertionError for the first promise that is broken."""
        self._every_machine_is_accounted_for()
        self._the_status_tells_the_truth()
        self._the_rows_tell_the_truth()
        self._strays_are_left_alone()
        self._regions_serve_on()
        self._a_surge_leaves_no_gap()
        self._leases_are_given_back()
        self._secrets_stay_secret()
        self._nothing_old_is_destroyed_on_the_way_back()
        self._the_sentence_is_true()
        self._nobody_is_blamed_wrongly()
        assert not self._world.refused_for_pace, f"over the rate limits: {self._world.refused_for_pace}"

    def no_broken_release(self, broken: Container[str], how: str) -> None:
        """A release that is broken is not called good, unless the one before was ill or slow, too: that is no worse.

        Args:
            broken: digests of images that are.
            how: what is wrong with them.
        """
        known = any(each.digest in broken or each.digest in self._world.shaky for each in self._before.values())
        if known or self._desired.image.digest not in broken or self._outcome.exit != Exit.OK:
            return
        new = [row.machine for row in self._outcome.rows if row.fate == "new"]
        asked = [id for id in new if (now := self._after.get(id)) and now.config.get("services") and not now.cordoned]
        assert not asked, f"accepted, and {how}: {asked}: {self._outcome}"

    # --- what a machine can be

    def _as_before(self, now: Truth | None, before: Truth) -> bool:
        if now is None:
            return False
        same = (now.digest, now.cordoned, now.config) == (before.digest, before.cordoned, before.config)
        return same and self._sleeps_as(now, before)

    def _find_reborn(self) -> dict[str, str]:
        """Machines that were gone and stand there again under another id, which was told: id before -> id now."""
        told = {
            str(e.fields["machine"]): str(e.fields["what"])
            for e in self._world.events
            if e.fields.get("code") == "new_id"
        }
        pairs = {}
        for now_id, what in told.items():
            for before_id, before in self._before.items():
                now = self._after.get(now_id)
                same = now is not None and (now.region, now.group) == (before.region, before.group)
                if before_id in what and before_id not in self._after and same and self._as_before(now, before):
                    pairs[before_id] = now_id
        return pairs

    def _sleeps_as(self, now: Truth, before: Truth) -> bool:
        if now.mode == before.mode or now.id in self._world.dozed:
            return True
        if before.digest in self._world.treacherous:
            return True
        # What a fault took down or kept awake is the platform's doing.
        if now.region in self._world.hurt or self._beaten():
            return True
        return now.id in self._warned

    def _beaten(self) -> bool:
        return bool({"server-error", "rate-limited", "rate-limited-long", "lease-held"} & self._world.struck)

    def _new(self, now: Truth | None) -> bool:
        if now is None or now.digest != self._desired.image.digest:
            return False
        if now.config.get("env", {}).get("DEFINITION") != self._desired.definition or "BY_HAND" in now.config["env"]:
            return False
        before = self._before.get(now.id)
        if before is not None and before.cordoned != now.cordoned:
            return False
        return before is None or self._sleeps_as(now, before)

    def _named(self, machine_id: str) -> bool:
        if machine_id in self._outcome.what:
            return True
        now = self._after.get(machine_id)
        # One whose making nobody saw the end of has no id to be named by, but a place.
        place = (now.region, now.group, "") if now is not None and machine_id not in self._before else None
        odd = [row for row in self._outcome.rows if row.fate in ODD_FATES]
        return any(row.machine == machine_id or (row.region, row.group, row.machine) == place for row in odd)

    def _replaced(self, machine_id: str) -> bool:
        """Whether a rollout that replaces machines has done with this one, and says so."""
        # What an earlier surge has left behind, the next rollout of any kind removes.
        told = any(row.machine == machine_id and row.fate == "destroyed" for row in self._outcome.rows)
        return told and (self._outcome.exit in (Exit.OK, *NAMING) or machine_id in self._left_behind())

    def _left_behind(self) -> set[str]:
        """What an unfinished rollout had left and a way back does not bring back: each one is named, and was one."""
        named = {row.machine for row in self._outcome.rows if row.why == LEFT and row.machine in self._outcome.what}
        assert named <= {id for id, each in self._before.items() if each.managed}, self._outcome
        return named

    def _say(self, machine_id: str) -> str:
        now, before = self._after.get(machine_id), self._before.get(machine_id)
        return f"machine {machine_id}\n  before {before}\n  after  {now}\n  outcome {self._outcome}"

    # --- the promises

    def _every_machine_is_accounted_for(self) -> None:
        for machine_id in {*self._before, *self._after} - self._others:
            before, now = self._before.get(machine_id), self._after.get(machine_id)
            if not any(machine.managed for machine in (before or now,) if machine is not None):
                continue
            if now is None and (self._replaced(machine_id) or machine_id in self._reborn):
                continue
            if machine_id in self._reborn.values():
                continue
            if self._new(now) or (before is not None and self._as_before(now, before)):
                continue
            assert self._named(machine_id), f"lost: neither new nor as before nor named: {self._say(machine_id)}"
            assert self._outcome.exit in NAMING, f"status {self._outcome.exit!r}: {self._say(machine_id)}"

    def _the_status_tells_the_truth(self) -> None:
        if self._outcome.exit == Exit.OK:
            self._all_new()
        elif self._outcome.exit in AS_BEFORE:
            self._all_as_before()
        else:
            assert self._outcome.exit in NAMING, self._outcome
            known = [self._named(machine_id) for machine_id in {*self._before, *self._after}]
            gone = [row for row in self._outcome.rows if row.fate in ODD_FATES]
            # A lock that is lost after the last gate leaves no machine to name.
            fates = {row.fate for row in self._outcome.rows}
            settled = self._outcome.code == "lock.lost" and fates <= {"new", "destroyed", "unchanged"}
            assert any(known) or gone or settled or "a new machine" in self._outcome.what, (
                f"names nobody: {self._outcome}"
            )

    def _all_new(self) -> None:
        for machine_id, now in self._after.items():
            if now.managed and machine_id not in self._others and now.group in self._desired.groups:
                # A mark that could not be written costs the next deploy a second look, and is told.
                proved = now.verified or now.id in self._warned
                assert self._new(now) and proved, f"status 0, but not new: {self._say(machine_id)}"
        odd = [row for row in self._outcome.rows if row.fate in ODD_FATES and row.machine not in self._others]
        assert not odd, f"status 0, but {odd}"
        for (region, group), wanted in self._desired.counts.items():
            have = sum(
                1 for now in self._after.values() if (now.region, now.group, now.managed) == (region, group, True)
            )
            assert have + len(self._others) >= wanted, f"status 0, but {region} has {have} of {group}, wanted {wanted}"

    def _all_as_before(self) -> None:
        known = {*self._before, *self._after} - self._others - set(self._reborn) - set(self._reborn.values())
        known -= self._left_behind()
        for machine_id in known:
            before, now = self._before.get(machine_id), self._after.get(machine_id)
            assert before is not None, f"status {self._outcome.exit!r}, but new: {self._say(machine_id)}"
            assert self._as_before(now, before), f"status {self._outcome.exit!r}: {self._say(machine_id)}"

    def _the_rows_tell_the_truth(self) -> None:
        for row in self._outcome.rows:
            if not row.machine or row.machine in self._others:
                continue
            before, now = self._before.get(row.machine), self._after.get(row.machine)
            if row.machine in self._reborn.values():
                said = row.fate == "restored" and "in the place of" in row.why
                assert said or row.fate in ODD_FATES, f"another id: {row}"
            elif row.fate == "new":
                assert self._new(now), f"the report says new: {self._say(row.machine)}"
            elif row.fate in ("unchanged", "restored"):
                assert before is not None and self._as_before(now, before), f"{row.fate}: {self._say(row.machine)}"
            elif row.fate == "destroyed":
                assert now is None, f"the report says destroyed: {self._say(row.machine)}"

    def _strays_are_left_alone(self) -> None:
        for machine_id, before in self._before.items():
            if not before.managed:
                now = self._after.get(machine_id)
                assert now is not None and now.config == before.config, f"a stray: {self._say(machine_id)}"

    def _regions_serve_on(self) -> None:
        # An app that ends by itself after a while takes its regions down whatever anybody does.
        if self._has_treacherous():
            return
        for region in sorted({each.region for each in self._before.values() if each.serving} - self._world.hurt):
            here = [each for each in self._after.values() if each.region == region]
            if any(each.serving for each in here):
                continue
            gone = [each.id for each in self._before.values() if each.region == region]
            told = any(self._named(each) for each in (*gone, *(each.id for each in here)))
            assert told, f"region {region} served before and does not now: {self._outcome}\n{here}"

    def _a_surge_leaves_no_gap(self) -> None:
        # What somebody did by hand, or what came of an app that ends by itself, is nobody's gap.
        late = self._desired.image.digest in self._world.treacherous
        if self._world.meddled or self._world.dozed or late or self._has_treacherous():
            return
        gaps = self._world.gaps - self._world.hurt
        assert not gaps, f"no machine took requests for a moment in {gaps}: {self._outcome}"

    def _has_treacherous(self) -> bool:
        return any(each.digest in self._world.treacherous for each in (*self._before.values(), *self._after.values()))

    def _leases_are_given_back(self) -> None:
        now = self._world.simulation.clock.now()
        for machine in self._world.records():
            lease = machine.lease
            # A minute after the end of the troubles, nothing of ours may be held any more.
            assert lease is None or lease.expires_at <= now, f"a lease is left: {machine.id} {lease.description}"

    def _secrets_stay_secret(self) -> None:
        world = self._world
        told = [repr(event) for event in world.events] + [repr(self._outcome), *world.overheard]
        told += [path.read_text(errors="replace") for path in world.tmp_path.glob("*.jsonl")]
        for text in told:
            assert SECRET not in text, "the secret got out"
            assert TOKEN not in text, "the token got out"

    def _nothing_old_is_destroyed_on_the_way_back(self) -> None:
        old = set(self._world.destroyed_going_back) & set(self._before)
        assert not old, f"destroyed on the way back, and older than the rollout: {old}: {self._outcome}"

    def _the_sentence_is_true(self) -> None:
        what = self._outcome.what
        ours = [each for id, each in self._after.items() if each.managed and id not in self._others]
        if "every machine is new and verified" in what:
            old = [each.id for each in ours if not self._new(each) and each.id not in what]
            assert not old, f"not new: {old}: {self._outcome}"
        for said, fate in (("new and verified", "new"), ("unchanged", "unchanged"), ("destroyed", "destroyed")):
            found = re.search(rf"(\d+) (?:machines? (?:is|are) )?{said}", what)
            rows = sum(row.fate == fate for row in self._outcome.rows)
            assert not found or int(found[1]) == rows, f"{found} and not {rows}: {self._outcome}"
        whole = ("back as it was, verified", "nothing else was touched", "nothing was changed on the fleet")
        if any(said in what for said in whole):
            self._all_as_before()

    def _nobody_is_blamed_wrongly(self) -> None:
        world, said = self._world, f"{self._outcome.what} {[row.why for row in self._outcome.rows]}"
        if "another client has changed" in said:
            assert world.meddled or world.dozed, f"nobody else has changed anything: {self._outcome}"
        if self._outcome.code == "lock.lost" and "could not be renewed" not in said:
            assert world.rival_had_it, f"nobody else has taken the lock: {self._outcome}"
