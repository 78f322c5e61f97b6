"""Going back says what does not come back: secrets that have changed since, and what a release command did."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.fleet.flyctl.flyctl import DeployOptions
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.report.github.text import summary
from flyctl_orchestrator.report.history_text import history_lines
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.rollout.context.events import Event
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.journal.history import history_of
from flyctl_orchestrator.rollout.plan.plan import PlannedImage
from flyctl_orchestrator.rollout.recovery.going_back import Return, decide_return, roll_back
from flyctl_orchestrator.rollout.recovery.unfinished import find_unfinished
from tests.unit.rollout.recovery.killed_world import FLY_TOML, KilledFlyctl, KilledWorld
from tests.unit.rollout.rollout_world import APP
from tests.unit.rollout.world_flyctl import WorldDeploy

EXITS = Behaviour(exit_after_seconds=0.3, exit_code=3)
GOOD, BAD = "the-former-value-5c1d", "the-value-that-is-wrong-77e0"
AS_IT_WAS = "every touched machine is back as it was, verified"
ITS_OWN = "every touched machine has its image and configuration back, verified"


class ReleasingFlyctl(KilledFlyctl):
    """Runs a release command before it changes anything: to its good end, or to none."""

    succeeds = True

    def start_deploy(self, *args: Any, options: DeployOptions, on_line: Any = None, **named: Any) -> WorldDeploy:
        if options.skip_release_command:
            return super().start_deploy(*args, options=options, on_line=on_line, **named)
        on_line("Running shop release_command: ./migrate")
        self.broken = "" if self.succeeds else "release command failed"
        if self.succeeds:
            on_line("release_command 148e00aa completed successfully")
        return super().start_deploy(*args, options=options, on_line=on_line, **named)


@pytest.fixture
def killed(tmp_path: Path) -> KilledWorld:
    world = KilledWorld(tmp_path / "here")
    stage(world, K=GOOD)
    return world


def stage(killed: KilledWorld, **values: str | None) -> None:
    killed.world.call("POST", f"/v1/apps/{APP}/secrets", {"values": values})


def needs_k(killed: KilledWorld) -> PlannedImage:
    """A release that is ill when it has booted with another value of K."""
    runtime = killed.world.simulation.runtime
    return killed.world.push("needs-k", Behaviour(healthy=lambda id, region: runtime.launched(id).env.get("K") == GOOD))


def with_release_command(killed: KilledWorld, *, succeeds: bool = True) -> None:
    (killed.directory / "fly.toml").write_text(FLY_TOML + '\n[deploy]\nrelease_command = "./migrate"\n')
    flyctl = ReleasingFlyctl(killed)
    flyctl.succeeds = succeeds
    killed.world.flyctl = flyctl


def deployed(killed: KilledWorld) -> None:
    assert killed.deploy(killed.world.push("one")).kind == "done"


def rollback(killed: KilledWorld) -> Outcome:
    work = killed.work()
    return roll_back(work, decide_return(work, None))


def changes(outcome: Outcome) -> dict[str, str]:
    """Name -> change, as a program reads it."""
    told = outcome.as_fields()["not_taken_back"]
    return {each["name"]: each["change"] for each in told["secrets"]}


# --- a wave that failed


def test_where_no_secret_has_changed_it_is_as_it_was(killed: KilledWorld) -> None:
    deployed(killed)
    outcome = killed.deploy(killed.world.push("bad", EXITS))
    assert outcome.kind == "rolled_back" and outcome.what.endswith(AS_IT_WAS)
    assert outcome.as_fields()["not_taken_back"] == {
        "secrets": [],
        "secrets_unnamed": False,
        "secrets_compared": True,
        "release_command": None,
    }
    assert "secret" not in outcome.next


def test_secrets_that_have_changed_are_named_and_how_to_set_them_back(killed: KilledWorld) -> None:
    stage(killed, OLD=GOOD)
    deployed(killed)
    stage(killed, K=BAD, FRESH=BAD, OLD=None)
    outcome = killed.deploy(killed.world.push("bad", EXITS))
    assert outcome.kind == "rolled_back"
    said = "not taken back: secrets FRESH (new), K (changed), OLD (removed)"
    assert outcome.what.endswith(f"; {ITS_OWN}; {said}") and "as it was" not in outcome.what
    assert changes(outcome) == {"FRESH": "new", "K": "changed", "OLD": "removed"}
    assert outcome.next.startswith("See what it wrote: ")
    assert "'flyo secrets set K OLD' with their former value, 'flyo secrets unset FRESH', then" in outcome.next
    assert "'flyo deploy' again" in outcome.next
    for told in (outcome.what, outcome.next, killed.journals(), str([event.as_dict() for event in killed.events])):
        assert GOOD not in told and BAD not in told


def test_a_secret_that_changes_while_it_rolls_out_is_named(killed: KilledWorld) -> None:
    deployed(killed)

    def change(event: Event) -> None:
        if event.name == "wave.started":
            stage(killed, K=BAD)

    killed.world.on_event = change
    assert changes(killed.deploy(killed.world.push("bad", EXITS))) == {"K": "changed"}


def test_a_failure_that_no_secret_explains_gets_no_advice_about_one(killed: KilledWorld) -> None:
    deployed(killed)
    stage(killed, K=BAD)
    killed.world.flyctl.broken = "no such builder"
    outcome = killed.deploy(killed.world.push("two"))
    assert (outcome.kind, outcome.code) == ("untouched", "flyctl"), outcome.what
    assert "secret" not in outcome.next


def test_what_cannot_be_read_is_no_as_it_was(killed: KilledWorld) -> None:
    deployed(killed)
    told = killed.world.on_call
    assert told is not None

    def refuse(event: Event) -> None:
        if event.name == "rollback.finished":
            killed.world.on_call = lambda method, url, body: _no_secrets(killed, url)

    killed.world.on_event = refuse
    outcome = killed.deploy(killed.world.push("bad", EXITS))
    assert outcome.what.endswith(f"{ITS_OWN}; whether secrets have changed is not known")
    assert outcome.as_fields()["not_taken_back"]["secrets_compared"] is False


def _no_secrets(killed: KilledWorld, url: str) -> None:
    from flyctl_orchestrator.fleet.http import HttpError

    if url.endswith("/secrets"):
        killed.world.pass_time(30.0)
        raise HttpError("refused")


# --- where the way back itself fails because of a secret


def test_a_way_back_that_a_secret_has_broken_works_once_it_is_set_back(killed: KilledWorld) -> None:
    image = needs_k(killed)
    assert killed.deploy(image).kind == "done"
    stage(killed, K=BAD)
    outcome = killed.deploy(killed.world.push("bad", EXITS))
    assert outcome.kind == "mixed"
    assert "'flyo secrets set K' with its former value, then 'flyo rollback' goes on" in outcome.next
    again = rollback(killed)
    assert again.kind == "mixed"
    assert "'flyo secrets set K' with its former value, then 'flyo deploy --resume' goes on" in again.next
    stage(killed, K=GOOD)
    past = find_unfinished(killed.work())
    assert past is not None
    done = killed.recovery().resume(past)
    assert done.kind == "done" and "back as before, verified" in done.what, done.what
    assert all(machine.healthy and machine.digest == image.digest for machine in killed.world.machines())


# --- whoever else goes back


def test_ctrl_c(killed: KilledWorld) -> None:
    deployed(killed)
    stage(killed, K=BAD)
    work = killed.work()

    def press(event: Event) -> None:
        if event.name == "wave.passed":
            work.stop.press()

    killed.world.on_event = press
    fleet = work.observe()
    outcome = work.run(work.plan(fleet, killed.world.push("two")), fleet)
    assert outcome.kind == "interrupted"
    assert outcome.what == f"interrupted; {ITS_OWN}; not taken back: secret K (changed)"
    assert "secret" not in outcome.next


def test_another_computer_knows_that_secrets_have_changed_and_not_which(killed: KilledWorld, tmp_path: Path) -> None:
    deployed(killed)
    stage(killed, K=BAD)
    assert killed.killed(14, partial(killed.deploy, killed.world.push("two")))
    here, killed.directory = killed.directory, tmp_path / "there"
    killed.directory.mkdir()
    for name in ("fly.toml", "flyo.toml"):
        (killed.directory / name).write_text((here / name).read_text())
    past = find_unfinished(killed.work())
    assert past is not None
    outcome = killed.recovery().abort(past)
    assert "not taken back: secrets (some have changed, which ones is not known here)" in outcome.what
    assert "as it was" not in outcome.what and "as before" not in outcome.what


def test_abort(killed: KilledWorld) -> None:
    image = needs_k(killed)
    assert killed.deploy(image).kind == "done"
    stage(killed, K=BAD)
    assert killed.killed(14, partial(killed.deploy, killed.world.push("two")))
    past = find_unfinished(killed.work())
    assert past is not None
    outcome = killed.recovery().abort(past)
    assert outcome.kind == "mixed" and "not taken back: secret K (changed)" in outcome.what
    assert "'flyo secrets set K' with its former value, then 'flyo deploy --abort' goes on" in outcome.next
    stage(killed, K=GOOD)
    again = find_unfinished(killed.work())
    assert again is not None
    done = killed.recovery().abort(again)
    assert done.kind == "done" and "not taken back" not in done.what, done.what


def test_resume_that_fails(killed: KilledWorld) -> None:
    deployed(killed)
    stage(killed, K=BAD)
    bad = killed.world.push("bad", Behaviour(healthy=lambda id, region: region == "iad"))
    assert killed.killed(16, partial(killed.deploy, bad))
    past = find_unfinished(killed.work())
    assert past is not None and not past.going_back
    outcome = killed.recovery().resume(past)
    assert outcome.kind == "rolled_back" and "not taken back: secret K (changed)" in outcome.what


def test_rollback_names_them_before_and_afterwards(killed: KilledWorld) -> None:
    deployed(killed)
    with_release_command(killed)
    stage(killed, K=BAD)
    assert killed.deploy(killed.world.push("two")).kind == "done"
    work = killed.work()
    decided = decide_return(work, None)
    assert isinstance(decided, Return)
    ran, changed = decided.state.notes
    assert ran.endswith("ran a release command since; what it did stays done")
    assert changed.startswith("secrets have changed since: K (changed); Fly keeps no old values")
    outcome = roll_back(work, decided)
    assert outcome.kind == "done"
    assert outcome.what.startswith("every machine has its image and configuration back, verified; not taken back: ")
    assert outcome.what.endswith("secret K (changed), the release command (it ran)")


def test_a_scale_that_fails(killed: KilledWorld) -> None:
    assert killed.deploy(needs_k(killed)).kind == "done"
    stage(killed, K=BAD)
    outcome = killed.scale(nrt=2)
    assert outcome.kind == "rolled_back"
    assert outcome.what.endswith("nothing else was touched; not taken back: secret K (changed)")
    assert "'flyo secrets set K' with its former value, then 'flyo scale' again" in outcome.next


# --- the release command


def test_a_release_command_that_ran_is_told(killed: KilledWorld) -> None:
    deployed(killed)
    with_release_command(killed)
    outcome = killed.deploy(killed.world.push("bad", EXITS))
    assert outcome.what.endswith(f"{AS_IT_WAS}; not taken back: the release command (it ran)")
    assert outcome.as_fields()["not_taken_back"]["release_command"] == "succeeded"
    (past,) = [each for each in killed.work().journals.all() if each.outcome == "rolled_back"]
    assert past.command_ran == "succeeded"


def test_one_that_did_not_end_well_is_told_and_what_secret_may_be_why(killed: KilledWorld) -> None:
    deployed(killed)
    with_release_command(killed, succeeds=False)
    stage(killed, K=BAD)
    outcome = killed.deploy(killed.world.push("two"))
    assert (outcome.kind, outcome.code) == ("untouched", "flyctl")
    ended = "not taken back: the release command (it was begun and did not end well)"
    assert outcome.what.endswith(f"nothing was changed on the fleet; {ended}")
    assert "'flyo secrets set K' with its former value" in outcome.next


# --- the plan, the summary and the history


def test_the_plan_says_it_beforehand(killed: KilledWorld) -> None:
    deployed(killed)
    with_release_command(killed)
    stage(killed, K=BAD)
    work = killed.work()
    plan = work.plan(work.observe(), killed.world.push("two"))
    assert any(note.startswith("secrets have changed since: K (changed)") for note in plan.notes)
    assert any(note.startswith("a release command is run first") for note in plan.notes)


def test_the_summary_and_the_history_tell_it(killed: KilledWorld) -> None:
    deployed(killed)
    stage(killed, K=BAD)
    outcome = killed.deploy(killed.world.push("bad", EXITS))
    told = summary(APP, outcome.as_fields())
    assert "not taken back: secret K (changed)" in told and "flyo secrets set K" in told
    rows = history_of(killed.work().journals.all(), killed.world.machines(), [])
    assert [row.as_dict()["not_taken_back"] for row in rows] == ["not taken back: secret K (changed)", ""]
    shown = [str(line) for line in history_lines(rows, Style(), None)]
    assert shown[-1] == f"{rows[0].id}: not taken back: secret K (changed)"
