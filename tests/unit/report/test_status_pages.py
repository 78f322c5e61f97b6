from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from flyctl_orchestrator.fleet.machine import Check, Machine
from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.report.status_json import status_as_dict
from flyctl_orchestrator.report.status_text import status_lines
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.rollout.survey import Finding, Seen, Survey, SurveyedPlace
from tests.unit.report.report_doubles import ASCII, COLOUR, PLAIN

URL = "https://web.fly.dev"
DIGEST = "sha256:" + "ab" * 32


def machine(id: str, region: str, state: str = "started", **changes: Any) -> Machine:
    checks = (Check("servicecheck-00", "passing"),)
    base = Machine(id, f"n-{id}", "web", region, state, f"01{id}", "i", DIGEST, release=7, checks=checks)
    return replace(base, **changes)


def good(id: str, region: str, **changes: Any) -> Seen:
    answer = Answer(True, 200, 0.0123, region, id, "v7")
    return Seen(machine(id, region, **changes), answer)


def survey(*places: SurveyedPlace, findings: tuple[Finding, ...] = (), images: tuple[str, ...] = (DIGEST,)) -> Survey:
    return Survey("web", places, findings, images)


def page(found: Survey, style: Style = PLAIN, width: int | None = None, **options: bool) -> list[str]:
    return [style.characters(line) for line in status_lines(found, style, width, url=URL, **options)]


HEALTHY = survey(
    SurveyedPlace("iad", "app", 2, (good("m1", "iad"), good("m2", "iad"))),
    SurveyedPlace("nrt", "app", 1, (Seen(machine("m3", "nrt", "suspended"), None, "suspended"),)),
)


def test_a_healthy_fleet_is_one_table_of_80_columns() -> None:
    lines = page(HEALTHY, width=80)
    assert lines == [
        "web · https://web.fly.dev · 3 machines in 2 regions",
        "",
        "region  machines  state      release  image         checks  health     latency",
        "iad     2/2       started    v7       abababababab  2/2     ✓ 200 2/2    12 ms",
        "nrt     1/1       suspended  v7       abababababab  -       suspended        -",
    ]
    assert all(len(line) <= 80 for line in lines)


def test_what_is_wrong_is_said_below_the_table() -> None:
    bad = Answer(False, 500, 0.2, error="https://web.fly.dev/up: answered 500")
    sick = replace(machine("m4", "fra"), checks=(Check("servicecheck-00", "critical", "connection\nrefused"),))
    found = survey(
        SurveyedPlace("iad", "app", 1, (Seen(machine("m1", "iad"), bad),)),
        SurveyedPlace("fra", "app", 1, (Seen(sick, None, "not probed"), Seen(machine("m5", "fra", "starting")))),
        SurveyedPlace("nrt", "app", 1, ()),
        findings=(Finding("missing", "nrt", "app", "", "nrt has 0 of process group app, flyo.toml wants 1"),),
    )
    assert page(found)[2:] == [
        "region  machines  state                  release  image         checks  health        latency",
        "iad     1/1       started                v7       abababababab  1/1     ✗ 500          200 ms",
        "fra     2/1       1 started, 1 starting  v7       abababababab  1/2     not probed,-        -",
        "nrt     0/1       -                      -        -             -       -                   -",
        "",
        "✗ iad m1: https://web.fly.dev/up: answered 500",
        "✗ fra m4: check servicecheck-00 is critical (connection refused)",
        "✗ fra m5: is starting",
        "! nrt has 0 of process group app, flyo.toml wants 1",
    ]


def test_a_mixed_region_shows_both_releases_and_images() -> None:
    other = good("m2", "iad", digest="sha256:" + "cd" * 32, release=8)
    (_, _, _, row) = page(survey(SurveyedPlace("iad", "app", None, (good("m1", "iad"), other))))
    assert "v7,v8" in row
    assert "abababababab,cdcdcdcdcdcd" in row
    assert row.split()[1] == "2"


def test_process_groups_get_a_column_when_there_are_several() -> None:
    found = survey(
        SurveyedPlace("iad", "app", 1, (good("m1", "iad"),)),
        SurveyedPlace("iad", "worker", 1, (Seen(machine("m2", "iad", checks=()), None, "no service"),)),
    )
    lines = page(found)
    assert lines[2].startswith("region  group   machines")
    assert lines[4].startswith("iad     worker  1/1       started  v7       abababababab  -       no service")


def test_a_row_per_machine() -> None:
    lines = page(HEALTHY, by_machine=True)
    assert [line.split()[:2] for line in lines[2:]] == [
        ["region", "machine"],
        ["iad", "m1"],
        ["iad", "m2"],
        ["nrt", "m3"],
    ]


def test_no_machines() -> None:
    assert page(survey()) == ["web · https://web.fly.dev · 0 machines in 0 regions", "", "No machines."]


def test_ascii_only_where_nothing_else_can_be_shown() -> None:
    assert all(line.isascii() for line in page(HEALTHY, ASCII))
    assert "ok 200 2/2" in page(HEALTHY, ASCII)[3]


def test_colours_only_where_they_are_wanted() -> None:
    assert "\x1b[32m✓ 200 2/2\x1b[0m" in page(HEALTHY, COLOUR)[3]


def test_json_says_the_same_in_full() -> None:
    shown = status_as_dict(HEALTHY, target="fly", url=URL, now=1_795_416_492.0)
    assert json.loads(json.dumps(shown)) == shown
    head = {key: shown[key] for key in ("schema", "app", "target", "url", "observed_at", "healthy", "mixed", "drifted")}
    assert head == {
        "schema": "flyo.status/1",
        "app": "web",
        "target": "fly",
        "url": URL,
        "observed_at": "2026-11-23T06:48:12Z",
        "healthy": True,
        "mixed": False,
        "drifted": False,
    }
    iad, nrt = shown["regions"]
    assert (iad["region"], iad["wanted"], iad["count"], iad["states"]) == ("iad", 2, 2, {"started": 2})
    assert iad["machines"][0] == {
        "id": "m1",
        "name": "n-m1",
        "state": "started",
        "instance_id": "01m1",
        "release": 7,
        "image": "i",
        "digest": DIGEST,
        "cordoned": False,
        "host_status": "ok",
        "updated_at": None,
        "healthy": True,
        "checks": [{"name": "servicecheck-00", "status": "passing"}],
        "probe": {
            "ok": True,
            "status": 200,
            "latency_ms": 12.3,
            "region": "iad",
            "machine": "m1",
            "release": "v7",
            "error": None,
        },
    }
    assert (nrt["machines"][0]["healthy"], nrt["machines"][0]["probe"]) == (None, None)


def test_json_names_what_is_not_as_it_should_be() -> None:
    finding = Finding("cordoned", "iad", "app", "m1", "machine m1 in iad is cordoned")
    shown = status_as_dict(survey(findings=(finding,), images=("a", "b")), target="local", url=URL, now=0)
    assert (shown["mixed"], shown["drifted"]) == (True, True)
    assert shown["findings"] == [
        {"kind": "cordoned", "region": "iad", "group": "app", "machine": "m1", "what": "machine m1 in iad is cordoned"}
    ]
