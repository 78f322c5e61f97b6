"""A wave's answers and what follows: which machine is to be asked what, and the verdict on all of them."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.project.model import EVIDENCE, Probe
from flyctl_orchestrator.rollout.gate.comparison import Baseline, Comparison, Place
from flyctl_orchestrator.rollout.gate.wave_evidence import STRICTNESS, WaveEvidence

FRA, NRT = Place("fra", "app"), Place("nrt", "app")
ALONE, PAIR = ("/",), ("/up", "/")


def answer(status: int = 200, seconds: float = 0.05) -> Answer:
    return Answer(ok=status == 200, status=status, latency_s=seconds, error=None if status == 200 else str(status))


def evidence(
    pages: tuple[str, ...] = ALONE,
    machines: dict[str, Place] | None = None,
    *,
    before: list[Answer] | None = None,
    factor: float = 3.0,
) -> WaveEvidence:
    """Evidence on machines of which nothing is known yet; `before` is what each page answered everywhere."""
    baseline = Baseline()
    for place in (FRA, NRT):
        for page in pages:
            for each in [answer()] * 20 if before is None else before:
                baseline.add(place, page, each)
    probe = Probe(path=pages[0], paths=pages[1:], latency_factor=factor)
    gathered = WaveEvidence(STRICTNESS["usual"], Comparison(baseline, probe), pages)
    for machine, place in (machines or {"m": FRA}).items():
        gathered.expect(machine, place)
    return gathered


def hear(gathered: WaveEvidence, machine: str, page: str, *statuses: int, seconds: float = 0.05) -> list[str]:
    return [gathered.hear(machine, page, answer(status, seconds), warm=True) for status in statuses]


def ask_all(gathered: WaveEvidence, machines: int, statuses: dict[str, int] | None = None) -> Counter[str]:
    """Ask for everything that is due until nothing more is; statuses are by page."""
    asked: Counter[str] = Counter()
    while due := {id: gathered.due(id, machines) for id in gathered.heard}:
        if not any(due.values()):
            return asked
        for machine, pages in due.items():
            for page in pages:
                asked[page] += 1
                hear(gathered, machine, page, (statuses or {}).get(page, 200))
    return asked


# --- what is asked


def test_there_is_a_strictness_for_each_setting_but_off() -> None:
    assert {*STRICTNESS, "off"} == set(EVIDENCE)


def test_one_machine_is_asked_as_often_as_a_page_needs() -> None:
    gathered = evidence()
    assert gathered.due("m", 1) == ["/"] * 40
    hear(gathered, "m", "/", *[200] * 39)
    assert gathered.due("m", 1) == ["/"] and gathered.judge(1)[0].kind == "wait"
    hear(gathered, "m", "/", 200)
    assert gathered.due("m", 1) == [] and gathered.judge(1)[0].kind == "pass"


def test_the_health_page_takes_a_fifth_when_there_is_another() -> None:
    gathered = evidence(PAIR)
    due = gathered.due("m", 1)
    assert Counter(due) == {"/": 40, "/up": 10} and due[:5] == ["/", "/", "/", "/", "/up"]


def test_several_machines_share_what_is_needed_and_each_is_asked_six_times_at_least() -> None:
    few = evidence(machines={"a": FRA, "b": NRT, "c": NRT})
    assert [len(few.due(id, 3)) for id in "abc"] == [14, 14, 14]
    many = evidence(PAIR, {f"m{n}": FRA for n in range(20)})
    assert [Counter(many.due(id, 20)) for id in many.heard] == [Counter({"/": 5, "/up": 1})] * 20
    assert sum(ask_all(many, 20).values()) == 20 * 6


def test_those_that_have_not_passed_yet_will_take_their_share() -> None:
    gathered = evidence(machines={"first": FRA})
    assert len(gathered.due("first", 8)) == 6
    hear(gathered, "first", "/", *[200] * 6)
    assert gathered.due("first", 8) == []
    assert gathered.judge(8)[0].kind == "wait"


def test_an_error_makes_its_machine_be_asked_more_and_the_others_for_that_page() -> None:
    gathered = evidence(PAIR, {f"m{n}": FRA for n in range(20)})
    for machine in gathered.heard:
        for page in gathered.due(machine, 20):
            hear(gathered, machine, page, 500 if (machine, page) == ("m3", "/up") else 200)
    assert len(gathered.due("m3", 20)) > 12
    assert "/" not in gathered.due("m4", 20), "only the page with the error is in doubt"
    assert gathered.judge(20)[0].kind == "wait"
    ask_all(gathered, 20)
    assert gathered.judge(20)[0].kind == "pass"


def test_too_many_requests_are_counted_as_sent_and_as_nothing_else() -> None:
    gathered = evidence()
    assert hear(gathered, "m", "/", 429, 429) == ["", ""]
    assert (gathered.heard["m"].sent, gathered.asked, gathered.errors) == (2, 0, 0)
    assert len(gathered.due("m", 1)) == 40


def test_what_is_missing_of_a_page_is_asked_for_before_the_rest() -> None:
    gathered = evidence(PAIR, {f"m{n}": FRA for n in range(20)})
    # A twentieth of 40 and of 10, and then whatever is furthest behind.
    assert gathered.due("m0", 20) == ["/", "/", "/up", "/", "/", "/"]
    other = evidence(("/up", "/", "/cart"), {"m": FRA})
    hear(other, "m", "/", *[200] * 38)
    hear(other, "m", "/up", *[200] * 10)
    assert Counter(other.due("m", 1)) == {"/": 2, "/cart": 40}
    assert other.due("m", 1)[:38] == ["/cart"] * 38


# --- verdicts


def test_nobody_to_ask_is_no_reason_to_wait() -> None:
    assert WaveEvidence(STRICTNESS["usual"], Comparison(Baseline(), Probe()), ALONE).judge(1)[0].kind == "pass"


def test_half_of_all_answers_being_errors_is_refused_soon_and_with_its_numbers() -> None:
    gathered = evidence()
    said = hear(gathered, "m", "/", 500, 200, 500, 200, 500)
    assert said == ["500", "", "500", "", "500"]
    verdict, machine = gathered.judge(1)
    assert (verdict.kind, verdict.code, machine) == ("fail", "errors", "m")
    assert verdict.reason == (
        "3 of 5 answers were errors (/: 3 x 500), before the change 0 of 40: error rate above 18 % (95 %)"
    )


def test_errors_that_were_there_before_are_no_reason_to_refuse() -> None:
    was = [answer()] * 10 + [answer(500)] * 10
    gathered = evidence(before=was)
    hear(gathered, "m", "/", *[200, 500] * 40)
    assert gathered.judge(1)[0].kind != "fail"
    assert evidence(before=[answer(404)] * 20).hear("m", "/", answer(404), warm=True) == ""


def test_a_machine_and_a_page_are_compared_with_their_own_region() -> None:
    """Errors that are usual in one region are not usual in another."""
    baseline = Baseline()
    for place, page in ((FRA, "/"), (NRT, "/")):
        for number in range(20):
            baseline.add(place, page, answer(500 if place == NRT and number % 3 == 0 else 200))
    gathered = WaveEvidence(STRICTNESS["usual"], Comparison(baseline, Probe(path="/")), ALONE)
    for machine, place in (("fra", FRA), ("nrt", NRT)):
        gathered.expect(machine, place)
        hear(gathered, machine, "/", *[500, 500, 200] * 4)
    verdict, machine = gathered.judge(2)
    assert (verdict.kind, machine) == ("fail", "fra") and "before the change 7 of 40" in verdict.reason
    gathered.forget("fra")
    assert gathered.judge(1)[0].kind == "wait"


def test_an_answer_is_compared_with_its_own_page_and_region() -> None:
    baseline = Baseline()
    baseline.add(FRA, "/", answer(200))
    baseline.add(NRT, "/", answer(404))
    baseline.add(FRA, "/gone", answer(404))
    gathered = WaveEvidence(STRICTNESS["usual"], Comparison(baseline, Probe()), ("/", "/gone"))
    gathered.expect("f", FRA)
    gathered.expect("n", NRT)
    assert hear(gathered, "f", "/", 404) == ["404"] and hear(gathered, "n", "/", 404) == [""]
    assert hear(gathered, "f", "/gone", 404) == [""]


def test_waiting_has_a_name_and_a_reason() -> None:
    verdict, machine = evidence().judge(1)
    assert (verdict.kind, verdict.code, verdict.reason, machine) == (
        "wait",
        "evidence",
        "too few answers to judge by",
        "",
    )
    passed = evidence()
    hear(passed, "m", "/", *[200] * 40)
    assert passed.judge(1)[1] == "" and evidence(factor=0.0).judge(1)[1] == ""


def test_the_more_machines_the_more_certain_one_has_to_be_of_a_single_one() -> None:
    for machines, refused in ((1, True), (2, False), (144, False)):
        gathered = evidence(machines={f"m{n}": FRA for n in range(machines)})
        for machine in gathered.heard:
            hear(gathered, machine, "/", *([500, 500] if machine == "m0" else [200] * 80), *[200] * 3)
        assert (gathered.judge(machines)[0].kind == "fail") == refused, machines


def test_one_bad_machine_among_many_is_named() -> None:
    gathered = evidence(machines={f"m{n}": FRA for n in range(18)})
    for machine in gathered.heard:
        hear(gathered, machine, "/", *([500, 200] * 4 if machine == "m7" else [200] * 6))
    assert gathered.judge(18)[1] == "m7"


def test_two_errors_of_one_machine_are_not_enough_among_many() -> None:
    gathered = evidence(machines={f"m{n}": FRA for n in range(144)})
    for machine in gathered.heard:
        hear(gathered, machine, "/", *([500, 500] if machine == "m7" else []), *[200] * 6)
    assert gathered.judge(144)[0].kind == "wait"
    assert evidence().judge(1)[0].kind == "wait"
    alone = evidence()
    hear(alone, "m", "/", 500, 500)
    assert alone.judge(1)[0].kind == "fail", "of a single machine they are"


def test_a_page_that_is_bad_a_little_everywhere_is_refused_and_the_worst_machine_named() -> None:
    machines = {f"m{n}": FRA for n in range(40)}
    gathered = evidence(PAIR, machines)
    for number, machine in enumerate(machines):
        hear(gathered, machine, "/up", *[200] * 5)
        hear(gathered, machine, "/", *[500] * (1 + (number == 11)), *[200] * 9)
    verdict, machine = gathered.judge(40)
    assert (verdict.kind, machine) == ("fail", "m11")
    assert verdict.reason.startswith("41 of 401 answers were errors (/: 41 x 500), before the change 0 of 40")


def test_what_is_forgotten_counts_no_longer() -> None:
    gathered = evidence(machines={"good": FRA, "bad": NRT})
    hear(gathered, "bad", "/", *[500] * 5)
    hear(gathered, "good", "/", *[200] * 40)
    assert gathered.judge(2)[1] == "bad"
    gathered.forget("bad")
    gathered.forget("never there")
    assert gathered.judge(1)[0].kind == "pass" and (gathered.asked, gathered.errors) == (40, 0)


def test_news_is_told_once() -> None:
    gathered = evidence()
    assert not gathered.news
    hear(gathered, "m", "/", 200)
    assert gathered.news and not gathered.news


# --- times


@pytest.mark.parametrize("factor", [3.0, 0.0])
def test_a_release_that_has_become_slower_is_refused_unless_nobody_wants_to_know(factor: float) -> None:
    gathered = evidence(before=[answer(200, 0.1 + 0.001 * n) for n in range(20)], factor=factor)
    for number in range(40):
        gathered.hear("m", "/", answer(200, 0.3 + 0.001 * number), warm=True)
    verdict, machine = gathered.judge(1)
    if factor:
        assert (verdict.kind, verdict.code, machine) == ("fail", "latency", "m")
        assert verdict.reason == "/ took 320 ms in fra, 110 ms before the change (medians of 40 and 20 answers)"
    else:
        assert verdict.kind == "pass"


def test_answers_of_a_machine_that_warms_up_are_not_compared() -> None:
    gathered = evidence(before=[answer(200, 0.1 + 0.001 * n) for n in range(20)])
    for number in range(40):
        gathered.hear("m", "/", answer(200, 0.3 + 0.001 * number), warm=False)
    assert gathered.judge(1)[0].kind == "pass"


def test_the_first_answers_of_a_machine_may_take_their_time() -> None:
    gathered = evidence(before=[answer(200, 0.1)] * 20)
    assert gathered.hear("m", "/", answer(200, 2.0), warm=False) == ""
    assert gathered.hear("m", "/", answer(200, 2.0), warm=True) == "over 500 ms"
    assert gathered.hear("m", "/", answer(500, 2.0), warm=False) == "500"


def test_it_is_the_region_that_became_slower_that_is_named() -> None:
    before = [answer(200, 0.1 + 0.001 * n) for n in range(20)]
    gathered = evidence(machines={"good": FRA, "slow": NRT}, before=before)
    for number in range(20):
        gathered.hear("good", "/", answer(200, 0.1 + 0.001 * number), warm=True)
        gathered.hear("slow", "/", answer(200, 0.4 + 0.001 * number), warm=True)
    verdict, machine = gathered.judge(2)
    assert (verdict.code, machine) == ("latency", "slow") and "in nrt" in verdict.reason


def test_a_good_release_is_not_judged_by_its_times_before_enough_is_known() -> None:
    gathered = evidence(before=[answer(200, 0.1)] * 20)
    hear(gathered, "m", "/", *[200] * 39, seconds=0.4)
    assert gathered.judge(1)[0].kind == "wait"


# --- whatever comes


@settings(deadline=None)
@given(
    st.integers(1, 12), st.sampled_from((ALONE, PAIR, ("/up", "/", "/login"))), st.floats(0, 1), st.integers(0, 2**32)
)
def test_it_always_comes_to_an_end_and_says_why(number: int, pages: tuple[str, ...], errors: float, seed: int) -> None:
    """Asking for what is due leads to a verdict, after no more requests than the tests allow."""
    luck = random.Random(seed)
    gathered = evidence(pages, {f"m{n}": FRA for n in range(number)})
    most = len(pages) * (STRICTNESS["usual"].page.most + 7 * number) + number * STRICTNESS["usual"].machine.most
    while (verdict := gathered.judge(number)[0]).kind == "wait":
        due = {id: gathered.due(id, number) for id in gathered.heard}
        assert any(due.values()), "it waits, and asks for nothing"
        for machine, wanted in due.items():
            for page in wanted[:3]:
                hear(gathered, machine, page, 500 if luck.random() < errors else 200)
        assert gathered.asked <= most
    assert verdict.kind in ("pass", "fail") and (verdict.kind == "pass" or verdict.reason)
    assert errors > 0 or verdict.kind == "pass"
