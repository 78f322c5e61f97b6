"""Hooks: real commands for what a command sees and how it ends, scripted ones for what a rollout makes of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.environment import SystemClock
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.flyctl.child_process import Ended, OnLine
from flyctl_orchestrator.rollout.context.concurrency import Stop
from flyctl_orchestrator.rollout.context.events import Emitter, Event
from flyctl_orchestrator.rollout.context.hooks import HookName, HookRunner
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.run.hooks_around import AroundRollout
from tests.unit.rollout.rollout_world import World

TOKEN = "fo1_s3cr3t-token"


class Ear:
    """Hears events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def lines(self) -> list[str]:
        return [event.fields["line"] for event in self.events if event.name == "hook.line"]

    def names(self) -> list[str]:
        return [event.name for event in self.events]


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def hooks(tmp_path: Path, ear: Ear) -> Callable[..., HookRunner]:
    """Hooks that are real processes in `tmp_path`."""

    def make(timeout: float = 20.0, inherited: Mapping[str, str] | None = None, **commands: str) -> HookRunner:
        clock = SystemClock()
        return HookRunner(
            commands={name.replace("_", "-"): command for name, command in commands.items()},
            timeout=timeout,
            root=tmp_path,
            inherited={"PATH": os.environ["PATH"], **(inherited or {})},
            facts={"app": "shop"},
            private=(TOKEN,),
            clock=clock,
            emit=Emitter("shop", clock, ear),
        )

    return make


# --- one hook


def test_a_hook_runs_in_the_project_with_the_facts(hooks: Callable[..., HookRunner], ear: Ear, tmp_path: Path) -> None:
    runner = hooks(post_wave='pwd; echo "$FLYO_APP|$FLYO_HOOK|$FLYO_REGIONS|$FLYO_WAVE_NUMBER|${FLYO_DIGEST-unset}"')
    ran = runner.run("post-wave", regions=("fra", "nrt"), wave_number=2, digest=None)
    assert (ran.end, ran.status) == ("ok", 0)
    assert ear.lines() == [str(tmp_path.resolve()), "shop|post-wave|fra nrt|2|unset"]
    assert ear.names() == ["hook.started", "hook.line", "hook.line", "hook.finished"]
    finished = ear.events[-1].fields
    assert finished == {"hook": "post-wave", "ok": True, "end": "ok", "status": 0, "seconds": finished["seconds"]}


def test_no_token_reaches_a_hook_and_none_gets_out(hooks: Callable[..., HookRunner], ear: Ear, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    inherited = {"FLY_API_TOKEN": TOKEN, "FLY_ACCESS_TOKEN": TOKEN, "FLYO_WAVE": "of another rollout", "MINE": "kept"}
    runner = hooks(inherited=inherited, pre_deploy="env | grep -E 'FLY|MINE'; cat token >&2")
    assert runner.run("pre-deploy").end == "ok"
    assert set(ear.lines()) == {"FLYO_APP=shop", "FLYO_HOOK=pre-deploy", "MINE=kept", "[hidden]"}
    assert TOKEN not in repr(ear.events) and TOKEN not in repr(runner)


def test_what_is_not_there_is_not_run(hooks: Callable[..., HookRunner], ear: Ear) -> None:
    assert hooks().run("pre-deploy").end == "none"
    assert HookRunner().require("post-wave", until=lambda: True)
    assert ear.events == []


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [("echo no; exit 3", 3, "failed with exit status 3"), ("kill -9 $$", -9, "failed with exit status -9")],
)
def test_a_hook_that_fails_says_how(
    hooks: Callable[..., HookRunner], ear: Ear, command: str, status: int, said: str
) -> None:
    runner = hooks(pre_deploy=command)
    with pytest.raises(FlyoError) as failure:
        runner.require("pre-deploy", until=lambda: False)
    assert (failure.value.what, failure.value.code) == (f"hook pre-deploy {said}", "hook.failed")
    assert ear.events[-1].fields["status"] == status and not ear.events[-1].fields["ok"]


def test_a_hook_that_takes_too_long_is_ended_with_all_it_started(
    hooks: Callable[..., HookRunner], tmp_path: Path
) -> None:
    runner = hooks(timeout=0.5, post_wave="trap '' INT; sleep 600 & echo $! > child; wait; sleep 600")
    with pytest.raises(FlyoError, match="hook post-wave took too long and was ended"):
        runner.require("post-wave", until=lambda: False)
    pid = int((tmp_path / "child").read_text())
    with pytest.raises(ProcessLookupError):
        _signal_or_reap(pid)


def _signal_or_reap(pid: int) -> None:
    """Ask after a process; a zombie that nobody has collected yet is as dead as one that is gone."""
    os.kill(pid, 0)
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] == "Z":
        raise ProcessLookupError


def test_a_hook_is_ended_when_there_is_no_more_time_for_it(hooks: Callable[..., HookRunner], ear: Ear) -> None:
    """Ctrl-C while it runs."""
    runner = hooks(post_wave="echo begun; sleep 600")
    assert runner.require("post-wave", until=lambda: "begun" in ear.lines()) is False
    assert ear.events[-1].fields["end"] == "stopped"


def test_a_directory_that_is_gone_is_a_failure_and_no_traceback(hooks: Callable[..., HookRunner], ear: Ear) -> None:
    runner = replace(hooks(pre_deploy="true"), root=Path("/nowhere/at/all"))
    assert runner.run("pre-deploy").said == "could not be run"
    assert ear.lines() == ["cannot be run: No such file or directory"]


def test_a_fact_is_text_or_a_list_of_it(hooks: Callable[..., HookRunner]) -> None:
    with pytest.raises(TypeError):
        hooks(pre_deploy="true").run("pre-deploy", wave={"a": "dictionary"})


# --- what a rollout makes of it


@dataclass
class Script:
    """Stands in for processes: says how each hook ends, and remembers what it was told."""

    fail: Callable[[Mapping[str, str]], bool]
    told: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, on_line: OnLine) -> Any:
        self.told.append({key: value for key, value in env.items() if key.startswith("FLYO_")})
        status = 1 if self.fail(env) else 0

        class Over:
            running = False

            def wait(self, timeout: float) -> Ended:
                return Ended(status, "", "")

        return Over()

    def named(self) -> list[str]:
        return [told["FLYO_HOOK"] for told in self.told]


def script(world: World, *names: HookName, fail: Callable[[Mapping[str, str]], bool] = lambda env: False) -> Script:
    made = Script(fail)
    emit = Emitter("shop", world.clock, world.events.append)
    world.hooks = HookRunner(commands=dict.fromkeys(names, "x"), clock=world.clock, emit=emit, start=made)
    return made


def test_a_hook_after_every_wave_knows_the_wave(world: World) -> None:
    hook = script(world, "post-wave")
    image = world.push("one")
    assert world.deploy(world.desired(image)).kind == "done"
    assert [told["FLYO_REGIONS"] for told in hook.told] == ["iad", "fra nrt"]
    assert [told["FLYO_WAVE_NUMBER"] for told in hook.told] == ["1", "2"]
    assert {told["FLYO_VERDICT"] for told in hook.told} == {"passed"}
    assert {(told["FLYO_IMAGE"], told["FLYO_DIGEST"]) for told in hook.told} == {(image.ref, image.digest)}


def test_a_hook_that_does_not_like_a_wave_takes_everything_back(world: World) -> None:
    assert world.deploy(world.desired(world.push("one"))).kind == "done"
    before = {machine.id: machine.image for machine in world.machines()}
    script(world, "post-wave", fail=lambda env: env["FLYO_REGIONS"] == "fra nrt")
    outcome = world.deploy(world.desired(world.push("two")))
    assert (outcome.kind, outcome.exit, outcome.code) == ("rolled_back", Exit.ROLLED_BACK, "hook.failed")
    assert outcome.what.startswith("hook post-wave failed with exit status 1; every touched machine is back")
    assert {id: image.split("@")[0] for id, image in before.items()} == {
        machine.id: machine.image.split("@")[0] for machine in world.machines()
    }
    failed = [event for event in world.events if event.name == "wave.failed"]
    assert [event.fields["code"] for event in failed] == ["hook.failed"]


def test_ctrl_c_during_a_hook_goes_back(world: World) -> None:
    assert world.deploy(world.desired(world.push("one"))).kind == "done"
    hook = script(world, "post-wave")

    def press(event: Event) -> None:
        if event.name == "wave.passed":
            return
        if event.name == "machine.phase" and event.fields["phase"] == "healthy":
            world.stop.press()

    world.on_event = press
    outcome = world.deploy(world.desired(world.push("two")))
    assert outcome.kind == "interrupted"
    assert hook.told == []


def test_the_last_word_on_every_machine_is_the_users_own_command(world: World) -> None:
    hook = script(world, "probe")
    assert world.deploy(world.desired(world.push("one"))).kind == "done"
    asked = {(told["FLYO_MACHINE"], told["FLYO_REGION"]) for told in hook.told}
    assert asked == {(machine.id, machine.region) for machine in world.machines()}


def test_of_a_standby_that_rests_the_users_own_command_is_not_asked(world: World) -> None:
    world.groups = ("worker",)
    assert world.deploy(world.desired(world.push("one"))).kind == "done"
    (main,) = world.in_region("iad")
    config = {**main.config, "standbys": [main.id]}
    body = {"config": config, "region": "iad", "skip_launch": True}
    standby = world.call("POST", "/v1/apps/shop/machines", body)["id"]
    world.pass_time(1)
    hook = script(world, "probe")
    assert world.deploy(world.desired(world.push("two"))).kind == "done"
    asked = {told["FLYO_MACHINE"] for told in hook.told}
    assert asked == {machine.id for machine in world.machines()} - {standby}


def test_a_machine_the_users_own_command_refuses_three_times_has_failed(world: World) -> None:
    hook = script(world, "probe", fail=lambda env: env["FLYO_REGION"] == "nrt")
    outcome = world.deploy(world.desired(world.push("one")))
    assert (outcome.kind, outcome.code) == ("rolled_back", "command")
    assert "[probe] command failed with exit status 1" in outcome.what
    assert [told["FLYO_REGION"] for told in hook.told].count("nrt") == 3


def test_a_machine_the_users_own_command_takes_in_the_end_is_good(world: World) -> None:
    refused: list[str] = []

    def at_first(env: Mapping[str, str]) -> bool:
        refused.append(env["FLYO_MACHINE"])
        return refused.count(env["FLYO_MACHINE"]) < 3

    script(world, "probe", fail=at_first)
    assert world.deploy(world.desired(world.push("one"))).kind == "done"


def test_nobody_asks_on_the_way_back(world: World) -> None:
    assert world.deploy(world.desired(world.push("one"))).kind == "done"
    hook = script(world, "probe", fail=lambda env: True)
    assert world.deploy(world.desired(world.push("two"))).kind == "rolled_back"
    assert len(hook.told) == 3


# --- before and after


def around(world: World, emit: Emitter) -> AroundRollout:
    plan = world.plan(world.desired(world.push("one")))
    return AroundRollout(world.hooks, plan, "r-1", world.stop, emit)


def test_before_a_rollout_a_hook_may_say_no(world: World) -> None:
    hook = script(world, "pre-deploy", fail=lambda env: True)
    outcome = around(world, Emitter("shop", world.clock)).before()
    assert outcome is not None
    assert (outcome.kind, outcome.exit, outcome.code) == ("untouched", Exit.ERROR, "hook.failed")
    assert outcome.what == "hook pre-deploy failed with exit status 1; nothing was changed on the fleet"
    assert hook.told[0]["FLYO_REGIONS"] == "iad fra nrt"
    assert (hook.told[0]["FLYO_ROLLOUT"], hook.told[0]["FLYO_WAVES"]) == ("r-1", "2")


def test_before_a_rollout_ctrl_c_ends_it(world: World) -> None:
    script(world, "pre-deploy")
    world.stop.press()
    outcome = around(world, Emitter("shop", world.clock)).before()
    assert outcome is not None and (outcome.kind, outcome.exit) == ("interrupted", Exit.INTERRUPTED)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("done", "post-deploy"), ("rolled_back", "on-failure"), ("mixed", "on-failure"), ("interrupted", "on-failure")],
)
def test_afterwards_the_right_hook_is_told_how_it_went(world: World, kind: Any, name: str) -> None:
    hook = script(world, "post-deploy", "on-failure")
    around(world, Emitter("shop", world.clock)).after(Outcome(kind, "it went so", exit=Exit.ROLLED_BACK))
    (told,) = hook.told
    assert (told["FLYO_HOOK"], told["FLYO_VERDICT"], told["FLYO_EXIT"], told["FLYO_WHAT"]) == (
        name,
        kind,
        "3",
        "it went so",
    )


def test_a_last_hook_that_fails_is_a_warning(world: World) -> None:
    heard: list[Event] = []
    script(world, "post-deploy", fail=lambda env: True)
    around(world, Emitter("shop", world.clock, heard.append)).after(Outcome("done", "well"))
    (warning,) = heard
    assert warning.fields == {
        "code": "hook.failed",
        "what": "hook post-deploy failed with exit status 1; the rollout is done all the same",
    }


def test_one_press_of_ctrl_c_does_not_keep_the_last_hook_from_running(world: World) -> None:
    hook = script(world, "on-failure")
    world.stop.press()
    after = around(world, Emitter("shop", world.clock))
    after.after(Outcome("interrupted", "interrupted"))
    assert hook.named() == ["on-failure"]
    world.stop = Stop()
