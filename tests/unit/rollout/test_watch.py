"""The watch over a wave, on the simulated platform: what is noticed in it, what it waits for, and what it costs."""

from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.project.model import Probe, RolloutPolicy
from flyctl_orchestrator.rollout.state.metadata import VERIFIED
from tests.unit.rollout.rollout_world import APP, Looks, World, snapshot

MACHINES = f"/v1/apps/{APP}/machines"
WATCHED = RolloutPolicy(timeout=60.0)
OTHERS = {"iad": 1, "fra": 2, "nrt": 2}


def times(world: World, name: str) -> list[float]:
    return [event.ts for event in world.events if event.name == name]


def phases(world: World, phase: str) -> dict[str, float]:
    return {e.fields["machine"]: e.ts for e in world.events if e.fields.get("phase") == phase}


def once(world: World, name: str, act: Any, **fields: Any) -> None:
    """Do something the first time an event comes."""

    def hear(event: Any) -> None:
        if event.name == name and fields.items() <= event.fields.items():
            world.on_event = None
            act()

    world.on_event = hear


# --- what is noticed


@pytest.mark.parametrize("after", [1, 2, 3, 4, 5, 6, 7, 8, 9])
def test_an_app_that_ends_seconds_after_it_answered_is_taken_back(world: World, after: int) -> None:
    world.deploy(world.desired(world.push("one")))
    before = snapshot(world)
    world.events.clear()
    # Half a second until its check passes; that is when it first answers.
    ends = world.push("ends", Behaviour(exit_after_seconds=0.5 + after))
    outcome = world.deploy(world.desired(ends, policy=WATCHED))
    assert (outcome.kind, outcome.code) == ("rolled_back", "exited"), outcome.what
    assert len(times(world, "wave.started")) == 1
    assert snapshot(world) == before


@pytest.mark.parametrize("health", ["/up", "/"])
@pytest.mark.parametrize("watch", [0.0, 10.0])
def test_a_release_half_of_whose_answers_are_errors_is_taken_back(world: World, watch: float, health: str) -> None:
    world.deploy(world.desired(world.push("one")), Probe(path=health))
    before = snapshot(world)
    half = world.push("half")
    world.looks[half.ref or ""] = Looks(errors=0.5)
    outcome = world.deploy(world.desired(half, policy=RolloutPolicy(timeout=60.0, watch=watch)), Probe(path=health))
    assert outcome.kind == "rolled_back", outcome.what
    assert "x 500" in outcome.what or "500" in outcome.what
    assert snapshot(world) == before


def test_a_page_that_has_gone_is_an_error_and_one_that_was_never_there_is_not(world: World) -> None:
    one, two = world.push("one"), world.push("two")
    world.looks[one.ref or ""] = world.looks[two.ref or ""] = Looks(pages={"/old": 404})
    probe = Probe(path="/up", paths=("/", "/old"))
    assert world.deploy(world.desired(one), probe).kind == "done"
    assert world.deploy(world.desired(two), probe).kind == "done"
    three = world.push("three")
    world.looks[three.ref or ""] = Looks(pages={"/old": 404, "/": 404})
    outcome = world.deploy(world.desired(three), probe)
    assert outcome.kind == "rolled_back" and "(/: " in outcome.what and "/old" not in outcome.what


def test_a_release_that_is_slower_than_before_is_taken_back(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    slow = world.push("slow")
    world.looks[slow.ref or ""] = Looks(seconds=0.3)
    outcome = world.deploy(world.desired(slow, policy=WATCHED))
    assert (outcome.kind, outcome.code) == ("rolled_back", "latency"), outcome.what
    assert "took 300 ms in iad, 20 ms before" in outcome.what
    again = world.deploy(world.desired(slow, policy=WATCHED), Probe(path="/up", latency_factor=0.0))
    assert again.kind == "done", again.what


def test_without_a_watch_everything_is_asked_at_once_and_nobody_asks_how_long_it_took(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    slow = world.push("slow")
    world.looks[slow.ref or ""] = Looks(seconds=0.45)
    assert world.deploy(world.desired(slow)).kind == "done"


def test_a_release_of_which_some_answers_take_very_long_is_taken_back(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    slow = world.push("slow")
    world.looks[slow.ref or ""] = Looks(slow=0.3)
    outcome = world.deploy(world.desired(slow, policy=WATCHED))
    assert (outcome.kind, outcome.code) == ("rolled_back", "errors"), outcome.what
    assert "x over 500 ms" in outcome.what


def test_a_check_that_fails_after_the_first_pass_is_noticed(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    ill: list[float] = []
    late = Behaviour(healthy=lambda machine, region: not ill or world.clock.now() < ill[0])
    once(world, "machine.phase", lambda: ill.append(world.clock.now() + 1.0), phase="watching")
    outcome = world.deploy(world.desired(world.push("late", late), policy=RolloutPolicy(timeout=60.0, watch=20.0)))
    assert (outcome.kind, outcome.code) == ("rolled_back", "checks"), outcome.what


def test_a_machine_that_is_reverted_while_it_is_watched_is_no_success(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    old = world.in_region("iad")[0]
    once(world, "machine.phase", lambda: world.call("POST", f"{MACHINES}/{old.id}", {"config": dict(old.config)}),
         phase="watching")  # fmt: skip
    outcome = world.deploy(world.desired(world.push("two"), policy=WATCHED))
    assert outcome.exit == Exit.ROLLED_BACK and outcome.code in ("reverted", "errors"), outcome.what


def test_a_platform_that_falls_silent_while_machines_are_watched_gives_no_verdict(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    silent = {"now": False}
    world.on_event = lambda event: silent.update(now=silent["now"] or event.name == "watch.started")
    world.on_call = lambda method, url, body: world.pass_time(0.1)
    send = world.http.send

    def fall_silent(method: str, url: str, **more: Any) -> Any:
        if silent["now"] and "/v1/" in url:
            from flyctl_orchestrator.fleet.http import HttpError

            raise HttpError("refused")
        return send(method, url, **more)

    world.http.send = fall_silent  # type: ignore[method-assign]
    outcome = world.deploy(world.desired(world.push("two"), policy=WATCHED))
    assert outcome.exit == Exit.INCONCLUSIVE, outcome.what


def test_a_worker_that_ends_is_noticed_though_nobody_can_ask_it(world: World) -> None:
    world.groups = ("app", "worker")
    counts = {"iad": 1, "fra": 1}
    world.deploy(world.desired(world.push("one"), counts))
    outcome = world.deploy(world.desired(world.push("two", Behaviour(exit_after_seconds=9.0)), counts, policy=WATCHED))
    assert (outcome.kind, outcome.code) == ("rolled_back", "exited"), outcome.what


# --- what it waits for


def test_nobody_follows_a_canary_and_no_rollout_is_done_before_ten_seconds(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    world.events.clear()
    outcome = world.deploy(world.desired(world.push("two"), policy=RolloutPolicy()))
    assert outcome.kind == "done", outcome.what
    first, second = times(world, "wave.started")
    passed = phases(world, "watching")
    canary = world.in_region("iad")[0].id
    assert second >= passed[canary] + 10.0
    assert times(world, "wave.passed")[-1] >= max(passed.values()) + 10.0
    assert first < passed[canary] < second


def test_it_is_called_verified_only_when_it_was_watched(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    canary = world.in_region("iad")[0]
    marked: dict[str, list[bool]] = {}

    def look(event: Any) -> None:
        if event.name in ("evidence.gathered", "wave.passed"):
            body = world.machine(canary.id) or {}
            anew = body["config"]["metadata"].get(VERIFIED) != canary.metadata[VERIFIED]
            marked.setdefault(event.name, []).append(anew)

    world.on_event = look
    world.deploy(world.desired(world.push("two"), policy=WATCHED))
    assert marked["wave.passed"] == [True, True]
    canarys = marked["evidence.gathered"][: len(marked["evidence.gathered"]) // 2]
    assert len(canarys) > 5 and not any(canarys)


def test_machines_of_a_region_that_go_one_after_the_other_are_watched_together(world: World) -> None:
    counts = {"iad": 4}
    world.deploy(world.desired(world.push("one"), counts))
    world.events.clear()
    outcome = world.deploy(world.desired(world.push("two"), counts, policy=WATCHED))
    assert outcome.kind == "done", outcome.what
    passed = sorted(phases(world, "watching").values())
    assert passed[-1] - passed[0] < 10.0, "each would have waited for the other's watch"
    assert 10.0 <= times(world, "wave.passed")[0] - passed[-1] < 11.5
    assert len(times(world, "watch.started")) == 1


def test_sleepers_are_watched_awake_and_put_to_sleep_afterwards(world: World) -> None:
    world.deploy(world.desired(world.push("one"), OTHERS))
    sleepers = {world.in_region("fra")[1].id: "stopped", world.in_region("nrt")[0].id: "suspended"}
    for machine, state in sleepers.items():
        world.call("POST", f"{MACHINES}/{machine}/{'stop' if state == 'stopped' else 'suspend'}", {})
    world.pass_time(5)
    world.events.clear()
    outcome = world.deploy(world.desired(world.push("two"), OTHERS, policy=WATCHED))
    assert outcome.kind == "done", outcome.what
    passed, asleep = phases(world, "watching"), phases(world, "asleep")
    assert set(asleep) == set(sleepers)
    assert all(asleep[machine] >= passed[machine] + 10.0 for machine in sleepers)
    assert {m.id: m.state for m in world.machines() if m.id in sleepers} == sleepers


def test_sleepers_keep_no_place_while_they_are_watched(world: World) -> None:
    """Some would be changed only when others sleep again, if a machine under watch counted as under change."""
    counts = {"iad": 5}
    world.deploy(world.desired(world.push("one"), counts))
    for machine in world.in_region("iad")[1:]:
        world.call("POST", f"{MACHINES}/{machine.id}/stop", {})
    world.pass_time(5)
    outcome = world.deploy(world.desired(world.push("bad", Behaviour(healthy_seconds=None)), counts))
    assert outcome.kind == "rolled_back", outcome.what
    world.events.clear()
    outcome = world.deploy(world.desired(world.push("two"), counts, policy=WATCHED))
    assert outcome.kind == "done" and outcome.seconds < 25, outcome


@pytest.mark.parametrize("far", [False, True])
def test_a_machine_that_a_person_has_cordoned_is_judged_by_its_checks(world: World, far: bool) -> None:
    from flyctl_orchestrator.rollout.context.context import EDGES

    world.edge = EDGES["fly" if far else "local"]
    world.deploy(world.desired(world.push("one")))
    world.call("POST", f"{MACHINES}/{world.in_region('fra')[0].id}/cordon")
    for strategy in ("in-place", "surge"):
        policy = RolloutPolicy(timeout=60.0, strategy=strategy)
        outcome = world.deploy(world.desired(world.push(strategy), policy=policy))
        assert outcome.kind == "done", outcome.what
        assert world.in_region("fra")[0].cordoned


def test_a_machine_that_the_proxy_puts_to_sleep_is_woken_and_watched_on(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    canary = world.in_region("iad")[0].id
    once(world, "watch.started", lambda: world.call("POST", f"{MACHINES}/{canary}/suspend"))
    outcome = world.deploy(world.desired(world.push("two"), policy=WATCHED))
    assert outcome.kind == "done", outcome.what


def test_ctrl_c_while_machines_are_watched_goes_back(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    before = snapshot(world)
    once(world, "watch.started", world.stop.press)
    outcome = world.deploy(world.desired(world.push("two"), policy=WATCHED))
    assert outcome.exit == Exit.INTERRUPTED
    assert snapshot(world) == before


def test_a_first_deploy_is_watched_without_anything_to_compare_with(world: World) -> None:
    image = world.push("one")
    world.looks[image.ref or ""] = Looks(pages={"/": 404})
    outcome = world.deploy(world.desired(image, policy=WATCHED))
    assert outcome.kind == "done" and outcome.seconds > 20, outcome
    world.looks[image.ref or ""] = Looks(errors=0.2)
    other = world.push("two")
    world.looks[other.ref or ""] = Looks(errors=1.0)
    fresh = world.deploy(world.desired(other, {"iad": 1, "fra": 1, "nrt": 1, "syd": 1}, policy=WATCHED))
    assert fresh.kind == "rolled_back", fresh.what


# --- evidence


def test_evidence_is_told_as_it_comes_and_ends_in_a_sentence(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    world.events.clear()
    outcome = world.deploy(world.desired(world.push("two"), policy=WATCHED))
    told = [event.fields for event in world.events if event.name == "evidence.gathered"]
    canary = [row for row in told if [region["region"] for region in row["regions"]] == ["iad"]]
    asked = [row["asked"] for row in canary]
    assert asked == sorted(asked) and asked[0] <= 3 and asked[-1] == canary[-1]["wanted"] == 50
    assert len(asked) == 6, "spread over the watch"
    assert outcome.what == "every machine is new and verified; 100 of 100 good: error rate below 3 % (95 %)"


def test_without_evidence_one_good_answer_is_enough_and_machines_are_watched_all_the_same(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    world.events.clear()
    half = world.push("half")
    world.looks[half.ref or ""] = Looks(errors=0.5)
    outcome = world.deploy(world.desired(half, policy=WATCHED), Probe(path="/up", evidence="off"))
    assert outcome.kind == "done" and outcome.what == "every machine is new and verified"
    assert len(times(world, "probe.answered")) == 3 and len(times(world, "baseline.measured")) == 3
    assert outcome.seconds > 20
    ends = world.push("ends", Behaviour(exit_after_seconds=5.0))
    assert world.deploy(world.desired(ends, policy=WATCHED), Probe(path="/up", evidence="off")).code == "exited"


def test_an_app_that_is_asked_too_often_is_not_judged_by_that(world: World) -> None:
    one, two = world.push("one"), world.push("two")
    world.looks[one.ref or ""] = world.looks[two.ref or ""] = Looks(pages={"/": 429})
    world.deploy(world.desired(one), Probe(path="/up", paths=()))
    outcome = world.deploy(world.desired(two, policy=WATCHED))
    assert outcome.kind == "done", outcome.what
    limited = world.push("limited")
    world.looks[one.ref or ""] = world.looks[two.ref or ""] = Looks()
    world.looks[limited.ref or ""] = Looks(pages={"/": 429})
    outcome = world.deploy(world.desired(limited, policy=RolloutPolicy(timeout=20.0)))
    assert (outcome.kind, outcome.code) == ("inconclusive", "evidence"), outcome.what


def test_a_region_that_was_full_of_errors_before_may_be_so_again(world: World) -> None:
    one, two = world.push("one"), world.push("two")
    world.looks[one.ref or ""] = world.looks[two.ref or ""] = Looks(errors=0.5)
    world.deploy(world.desired(one), Probe(path="/up", evidence="off"))
    assert world.deploy(world.desired(two, policy=WATCHED)).kind == "done"


# --- the way back


def test_the_way_back_is_watched_for_a_shorter_time(world: World) -> None:
    world.deploy(world.desired(world.push("one")))
    world.watch_back = 3.0
    world.events.clear()
    world.deploy(world.desired(world.push("bad", Behaviour(exit_after_seconds=0.3)), policy=WATCHED))
    (began,), (ended,) = times(world, "rollback.started"), times(world, "rollback.finished")
    assert 3.0 < ended - began < 8.0
    assert max(phases(world, "restored").values()) >= max(phases(world, "watching").values()) + 3.0


def test_the_way_back_has_a_time_of_its_own(world: World) -> None:
    """What served before needs 20 s; that what is new was given one second says nothing of it."""
    world.deploy(world.desired(world.push("one", Behaviour(healthy_seconds=20.0)), policy=RolloutPolicy(timeout=60.0)))
    before = snapshot(world)
    world.timeout_back = 120.0
    outcome = world.deploy(world.desired(world.push("two"), policy=RolloutPolicy(timeout=1.0)))
    assert outcome.kind == "rolled_back", outcome.what
    assert snapshot(world) == before


def test_the_way_back_is_never_given_less_time_than_the_way_there(world: World) -> None:
    world.deploy(world.desired(world.push("one", Behaviour(healthy_seconds=20.0)), policy=RolloutPolicy(timeout=60.0)))
    world.timeout_back = 1.0
    bad = world.push("bad", Behaviour(exit_after_seconds=0.3))
    assert world.deploy(world.desired(bad, policy=RolloutPolicy(timeout=60.0))).kind == "rolled_back"


def test_a_machine_that_does_not_come_back_well_is_named(world: World) -> None:
    one = world.push("one")
    world.deploy(world.desired(one))
    bad = world.push("bad", Behaviour(exit_after_seconds=0.3))
    once(world, "rollback.started", lambda: world.looks.update({one.ref or "": Looks(errors=1.0)}))
    outcome = world.deploy(world.desired(bad))
    assert outcome.exit == Exit.LEFT_MIXED and "answers were errors" in outcome.what


# --- what it costs


@pytest.mark.parametrize(("counts", "share"), [({"iad": 1, "fra": 1, "nrt": 1}, 1.15)])
def test_the_answers_cost_no_time_of_their_own(world: World, counts: dict[str, int], share: float) -> None:
    world.deploy(world.desired(world.push("one"), counts))
    boot, check = 5.0, 0.5
    image = world.push("two", Behaviour(boot_seconds=boot, healthy_seconds=check))
    outcome = world.deploy(world.desired(image, counts, policy=RolloutPolicy(timeout=60.0)))
    assert outcome.kind == "done", outcome.what
    # A check is made every two seconds, so that a machine that is well may be seen to be so two seconds later.
    assert outcome.seconds <= share * 2 * (boot + 2.0 + 10.0)
