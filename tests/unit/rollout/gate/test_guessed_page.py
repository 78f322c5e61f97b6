"""A first release of an app whose health page nobody has named: "/" is asked, and an app need not have it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flyctl_orchestrator.fleet.probe import Answer, Prober
from flyctl_orchestrator.project.model import Flyo, Probe, RolloutPolicy
from flyctl_orchestrator.rollout.gate.comparison import BROKEN, REFUSED, Baseline, Comparison, Place, grade
from flyctl_orchestrator.rollout.gate.gate import clearly_bad, fine
from flyctl_orchestrator.rollout.gate.sentences import accepted, guessed, name_a_page
from flyctl_orchestrator.rollout.survey import ProbePlan, look, survey
from tests.unit.rollout.gate.test_gate import EXPECTED
from tests.unit.rollout.rollout_world import Looks, World

GUESS = Probe(named=False)
WATCHED = RolloutPolicy(timeout=60.0, watch=10.0)
FRA = Place("fra", "app")


def test_only_what_a_person_has_written_is_a_named_health_page() -> None:
    assert not Flyo().probe.named
    assert Probe(path="/").named


@pytest.mark.parametrize("evidence", ["usual", "off"])
@pytest.mark.parametrize("status", [302, 401, 404, 426])
def test_an_app_without_such_a_page_is_deployed_and_the_verdict_says_what_was_seen(
    world: World, status: int, evidence: str
) -> None:
    one = world.push("one")
    world.looks[one.ref or ""] = Looks(status=status, pages={"/": status})
    outcome = world.deploy(world.desired(one, policy=WATCHED), replace(GUESS, evidence=evidence))
    assert outcome.kind == "done", outcome.what
    assert f"; no health page is named ([probe] path), and / answered {status}" in outcome.what
    assert " good" not in outcome.what
    assert ("not broken: error rate below" in outcome.what) == (evidence == "usual")
    assert {row.health for row in outcome.rows} == {"healthy"}


def test_a_page_that_somebody_has_named_has_to_be_good(world: World) -> None:
    one = world.push("one")
    world.looks[one.ref or ""] = Looks(status=404, pages={"/": 404})
    outcome = world.deploy(world.desired(one), Probe(path="/"))
    assert (outcome.kind, outcome.code) == ("rolled_back", "probe")


@pytest.mark.parametrize("status", [500, 503])
def test_a_broken_page_fails_named_or_not_and_the_way_out_is_said(world: World, status: int) -> None:
    one = world.push("one")
    world.looks[one.ref or ""] = Looks(status=status, pages={"/": status})
    outcome = world.deploy(world.desired(one), GUESS)
    assert (outcome.kind, outcome.code) == ("rolled_back", "probe")
    page = "If /up, which fly.toml's check asks for, tells that the app is well"
    assert f"{page}, name it: [probe] path in flyo.toml; paths = [] there leaves / alone" in outcome.next
    named = world.deploy(world.desired(world.push("two")), Probe(path="/up", paths=()))
    assert named.kind == "done", named.what


def test_a_page_that_was_good_and_is_gone_fails_though_nobody_has_named_it(world: World) -> None:
    assert world.deploy(world.desired(world.push("one")), GUESS).kind == "done"
    gone = world.push("gone")
    world.looks[gone.ref or ""] = Looks(status=404, pages={"/": 404})
    outcome = world.deploy(world.desired(gone), GUESS)
    assert (outcome.kind, outcome.code) == ("rolled_back", "probe")
    assert "it answered 404, and better before the change" in outcome.what


def test_where_every_page_is_good_nothing_is_said_of_names(world: World) -> None:
    outcome = world.deploy(world.desired(world.push("one"), policy=WATCHED), GUESS)
    assert " good: error rate below" in outcome.what and "named" not in outcome.what


def test_status_calls_such_a_machine_healthy_unless_it_is_broken(world: World) -> None:
    one = world.push("one")
    world.looks[one.ref or ""] = Looks(status=404, pages={"/": 404})
    assert world.deploy(world.desired(one), GUESS).kind == "done"
    for status, guess, healthy in ((404, True, True), (404, False, False), (500, True, False)):
        world.looks[one.ref or ""] = Looks(status=status, pages={"/": status})
        fleet = world.observe()
        plan = ProbePlan("http://{app}.test", "/", 5.0, guessed=guess)
        found = survey(fleet, look(fleet, Prober(world.http), plan), None)
        assert {each.healthy for each in found.seen} == {healthy}


@pytest.mark.parametrize("status", [408, 425, 429])
def test_not_ready_yet_is_neither_good_nor_bad(status: int) -> None:
    expected = replace(EXPECTED, probe=GUESS, usual=REFUSED)
    answer = Answer(ok=False, status=status, latency_s=0.05, error=f"answered {status}")
    assert not fine(expected, answer) and not clearly_bad(expected, answer)


def test_an_answer_of_another_machine_is_as_bad_as_none_whatever_its_status() -> None:
    stray = Answer(ok=False, status=404, latency_s=0.05, error="answered from region ams, not fra", stray=True)
    assert grade(stray) == BROKEN
    assert not fine(replace(EXPECTED, probe=GUESS, usual=REFUSED), stray)
    assert Comparison(Baseline(), GUESS).error(FRA, "/", stray) == "404"


def test_the_sentence_of_a_pass() -> None:
    assert guessed("/", set()) == ""
    assert guessed("/", {404, 302}) == "/ answered 302 and 404"
    assert accepted(100, 100, "/ answered 404") == (
        "no health page is named ([probe] path), and / answered 404: 100 of 100 not broken: error rate below 3 % (95 %)"
    )
    assert accepted(0, 0, "/ answered 404") == "no health page is named ([probe] path), and / answered 404"
    assert accepted(0, 0) == ""


def test_without_a_check_that_asks_for_a_page_another_one_is_to_be_named() -> None:
    assert name_a_page([None]).startswith("If another page tells that the app is well, name it: [probe] path")
