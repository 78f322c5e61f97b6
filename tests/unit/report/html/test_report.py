"""Reports: what is put together from events, where it stands on the map, how much it weighs, what it asks for."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.report.html.days import TimelinesOfDays
from flyctl_orchestrator.report.html.page import days_page, rollout_page, write_page
from flyctl_orchestrator.report.html.picture import HEIGHT, LABEL, WIDTH, spots
from flyctl_orchestrator.report.html.timeline import MOST_ANSWERS, MOST_LINES, Timeline, timeline_of
from tests.unit.report.html.told import PER_REGION, REGIONS, asks_for_nothing, day_of, event, large_rollout, told
from tests.unit.rollout.rehearsal.simulated_project import SimulatedProject

BOOK = load_regions({})
BAD_DAY = "error-share@nrt:before"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> SimulatedProject:
    """Two machines in each of three regions."""
    return SimulatedProject.deployed(tmp_path_factory.mktemp("project"), count=2)


@pytest.fixture(scope="module")
def bad_day(project: SimulatedProject) -> list[dict[str, Any]]:
    """A release whose answers are errors in Tokyo."""
    return day_of(project.every_day(), BAD_DAY)[1]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """144 machines."""
    return large_rollout(tmp_path_factory.mktemp("large"))


def test_a_time_line_counts_what_the_events_tell(bad_day: list[dict[str, Any]]) -> None:
    made = timeline_of(bad_day).as_dict()
    answers = [one for one in bad_day if one["event"] == "probe.answered"]
    lanes = {lane["number"]: lane for lane in made["lanes"]}
    for number, lane in lanes.items():
        mine = [one for one in answers if one["lane"] == lane["name"]]
        last = [one for one in made["answers"] if one[1] == number][-1]
        assert last[2:4] == (sum(one["ok"] for one in mine), len(mine)), lane
    phases = [one for one in bad_day if one["event"] in ("machine.phase", "step.failed", "watch.failed")]
    assert len(made["marks"]) == len(phases)
    assert [wave["state"] for wave in made["waves"]] == ["passed", "failed"]
    assert {lane["region"] for lane in lanes.values()} == {"iad", "fra", "nrt"}
    assert made["rehearsal"] and made["result"]["exit"] == 3 and len(made["result"]["machines"]) == 6
    assert any("error-share in nrt is set" in text for _, text, _ in made["lines"])
    assert made["marks"] == sorted(made["marks"], key=lambda mark: mark[0])
    assert all(0 <= at <= made["lasted"] for at, *_ in [*made["marks"], *made["answers"], *made["lines"]])


def test_a_report_on_144_machines_is_small_and_thinned_answers_keep_their_sums(large: list[dict[str, Any]]) -> None:
    page = rollout_page(timeline_of(large), BOOK)
    assert len(page.encode()) <= 1_000_000
    (run,) = told(page)["runs"]
    assert len(run["lanes"]) == len(run["result"]["machines"]) == PER_REGION * len(REGIONS)
    assert set(told(page)["places"]) == set(REGIONS)
    for lane in run["lanes"]:
        mine = [one for one in run["answers"] if one[1] == lane["number"]]
        probes = [one for one in large if one["event"] == "probe.answered" and one["lane"] == lane["name"]]
        assert len(mine) <= MOST_ANSWERS and mine[-1][3] == len(probes)


def test_however_often_something_repeats_itself_it_stays_small() -> None:
    timeline = Timeline()
    lanes = [{"lane": f"iad/app/{number}", "region": "iad", "group": "app", "machine": ""} for number in range(3)]
    timeline.see(event("wave.started", 0, wave="canary", number=1, of=1, regions=["iad"], lanes=lanes))
    for second in range(3000):
        probe = {"lane": "iad/app/0", "region": "iad", "machine": "m", "ok": second % 2 == 0, "latency_s": 0.1}
        timeline.see(event("probe.answered", second, **probe))
        timeline.see(event("warning", second, code="c", what="again"))
        timeline.see(event("evidence.gathered", second, during="watch", good=second, asked=second, wanted=9, below=1))
    made = timeline.as_dict()
    assert len(made["answers"]) == MOST_ANSWERS and made["answers"][-1][2:4] == (1500, 3000)
    assert len(made["lines"]) == MOST_LINES
    assert made["evidence"][-1][2] == 2999


def test_a_rollout_that_was_resumed_has_its_later_waves_after_the_earlier_ones() -> None:
    def plan(second: int, *names: str) -> dict[str, Any]:
        waves = [{"name": name, "lanes": [{"name": f"{name}/app/1", "region": name}]} for name in names]
        return event("plan.ready", second, kind="deploy", waves=waves)

    def wave(kind: str, second: int, name: str) -> dict[str, Any]:
        lanes = [{"lane": f"{name}/app/1", "region": name, "group": "app", "machine": "m"}]
        return event(f"wave.{kind}", second, wave=name, number=1, of=2, regions=[name], lanes=lanes)

    events = [plan(0, "iad", "fra"), wave("started", 1, "iad"), wave("passed", 2, "iad"), plan(9, "fra")]
    made = timeline_of([*events, wave("started", 10, "fra"), wave("passed", 12, "fra")]).as_dict()
    assert [(one["name"], one["at"], one["ended"], one["state"]) for one in made["waves"]] == [
        ("iad", 1000, 2000, "passed"),
        ("fra", 10000, 12000, "passed"),
    ]


def test_what_is_watched_has_a_beginning_a_length_and_an_end() -> None:
    def watch(name: str, second: int, seconds: float, **fields: Any) -> dict[str, Any]:
        return event(name, second, seconds=seconds, machines=1, **fields)

    events = [event("note", 0, line="here we go"), watch("watch.started", 1, 10)]
    assert timeline_of(events).as_dict()["watches"] == [[1000, None, "watch", 10]]
    events += [watch("watch.finished", 11, 10, good=1, asked=1, what=""), watch("bake.started", 11, 60)]
    back = event("rollback.started", 20, reason="too slow", code="gate.latency", machines=1)
    made = timeline_of([*events, back]).as_dict()
    assert made["watches"] == [[1000, 11000, "watch", 10], [11000, 20000, "bake", 60]]
    assert made["state"] == "going back"
    baked = timeline_of([*events, watch("bake.finished", 71, 60, good=1, asked=1, what="")]).as_dict()
    assert baked["watches"][-1] == [11000, 71000, "bake", 60]


def test_however_long_it_lasts_the_memory_of_it_is_bounded() -> None:
    timeline = Timeline()
    for number in range(60 * MOST_ANSWERS):
        probe = {"lane": "iad/app/0", "region": "iad", "machine": "m", "ok": True, "latency_s": 0.1}
        timeline.see(event("probe.answered", number % 60, **probe))
    made = timeline.as_dict()["answers"]
    assert len(made) == MOST_ANSWERS and made[-1][2:4] == (60 * MOST_ANSWERS,) * 2
    assert [one[3] for one in made] == sorted(one[3] for one in made)
    assert max(map(len, timeline._answers.values())) <= 40 * MOST_ANSWERS


def test_an_unknown_event_and_one_without_a_beginning_change_nothing() -> None:
    timeline = timeline_of([event("something.new", 0, x=1), event("wave.passed", 1, wave="w", number=4, regions=[])])
    assert timeline.as_dict()["waves"] == []


def test_no_label_covers_another_or_a_place() -> None:
    found = spots([region.code for region in BOOK], BOOK)
    assert len(found) >= len(REGIONS)
    for one, other in combinations(found.values(), 2):
        assert abs(one.label_x - other.label_x) >= LABEL[0] - 0.2 or abs(one.label_y - other.label_y) >= LABEL[1] - 0.2
    for spot in found.values():
        assert LABEL[0] / 2 - 0.1 <= spot.label_x <= WIDTH - LABEL[0] / 2 + 0.1
        assert LABEL[1] / 2 - 0.1 <= spot.label_y <= HEIGHT - LABEL[1] / 2 + 0.1
    assert spots(["xyz"], BOOK) == {}


def test_hostile_texts_stay_texts() -> None:
    hostile = "</script><script>alert(1)</script>\u2028<!--"
    page = rollout_page(timeline_of([event("note", 0, line=hostile) | {"app": hostile}]), BOOK)
    assert told(page)["runs"][0]["lines"] == [[0, hostile, ""]]
    assert "<script>alert" not in page and page.count("</script>") == 2


def test_a_report_asks_for_nothing_and_runs_only_its_own_script(bad_day: list[dict[str, Any]]) -> None:
    asks_for_nothing(rollout_page(timeline_of(bad_day), BOOK))


def test_bad_days_that_end_badly_are_kept_first_and_the_others_as_far_as_there_is_room(
    bad_day: list[dict[str, Any]],
) -> None:
    timeline = timeline_of(bad_day)
    size = len(json.dumps(timeline.as_dict(), separators=(",", ":")))
    told_days = TimelinesOfDays(most=2 * size + 10)
    for name, good in (("one", True), ("two", True), ("three", True), ("four", False)):
        told_days.add(name, timeline, good)
    told_days.add("nothing", Timeline(), False)
    assert list(told_days.kept()) == ["one", "four"]
    page = days_page("shop", [{"day": "one"}, {"day": "two"}], told_days.kept(), BOOK)
    assert [run["day"] for run in told(page)["runs"]] == ["one", "four"]
    assert len(told(page)["days"]) == 2


def test_a_report_replaces_no_file_of_another_kind(tmp_path: Path) -> None:
    """As `flyo cost --html fly.toml` would."""
    other, link, page = tmp_path / "fly.toml", tmp_path / "link.html", tmp_path / "page.html"
    other.write_text('app = "shop"')
    link.symlink_to(page)
    for path in (other, Path("/dev/null")):
        with pytest.raises(FlyoError, match="something else than a page of flyo") as refused:
            write_page("new", path)
        assert refused.value.code == "report.unwritable"
    assert other.read_text() == 'app = "shop"' and Path("/dev/null").is_char_device()
    write_page("new", link)
    assert link.is_symlink() and page.read_text() == "new"


def test_a_report_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("<!DOCTYPE html>old")
    write_page("<!doctype html>new", path)
    assert path.read_text() == "<!doctype html>new" and list(tmp_path.iterdir()) == [path]
    write_page("<!doctype html>half a \udc80 letter", path)
    assert path.read_text() == "<!doctype html>half a ? letter" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(FlyoError) as failed:
        write_page("new", tmp_path / "missing" / "report.html")
    assert failed.value.code == "report.unwritable"
    with pytest.raises(FlyoError):
        write_page("new", tmp_path)
    assert list(tmp_path.iterdir()) == [path]
