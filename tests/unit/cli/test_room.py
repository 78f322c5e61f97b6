"""What `flyo doctor` asks about room, and what it makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.cli.look.room import room_findings
from flyctl_orchestrator.doctor.finding import Finding
from flyctl_orchestrator.fleet import wire
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.decode import convert
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.project.flytoml import parse
from flyctl_orchestrator.project.model import Flyo, Project
from flyctl_orchestrator.project.tomlfile import Document, parse_toml
from tests.unit.fleet.fleet_doubles import Script, answer, machine
from tests.unit.fleet.test_regions_api import api_with

FLY = """
app = "shop"
primary_region = "iad"

[processes]
app = "serve"
worker = "work"

[[vm]]
size = "shared-cpu-2x"
processes = ["app"]

[[vm]]
size = "performance-1x"
processes = ["worker"]
"""
APP = answer(200, {"name": "shop", "organization": {"slug": "acme"}})


def offered(*codes: str, **more: Any) -> Script:
    return answer(200, {"Nearest": "iad", "Regions": [{"code": code} for code in codes] + list(more.values())})


def placed(**counts: int) -> Script:
    return answer(200, {"regions": [{"region": code, "count": count} for code, count in counts.items()]})


def project_of(text: str = FLY) -> Project:
    fly = parse(Document(Path("fly.toml"), "fly.toml", text, parse_toml(text, "fly.toml")))
    counts = {"iad": 1, "fra": 2}
    return Project(Path(), "shop", fly, Flyo(regions=counts, groups={"worker": {"iad": 1}}))


def found(*script: Script, text: str = FLY, there: list[Machine] | None = None) -> tuple[list[Finding], list[Any]]:
    api, http = api_with(*script)
    machines = there if there is not None else [Machine.of_wire("shop", convert(machine("a", "iad"), wire.Machine))]
    return room_findings(api, project_of(text), machines, load_regions()), [
        sent.json for sent in http.sent if sent.json
    ]


def test_each_size_is_asked_for_once_and_what_is_there_needs_no_room() -> None:
    findings, asked = found(offered("iad", "fra"), APP, placed(iad=1, fra=9), placed(iad=9, fra=9))
    assert findings == []
    assert sorted((each["compute"]["cpu_kind"], each["region"], each["org_slug"]) for each in asked) == [
        ("performance", "iad,fra", "acme"),
        ("shared", "iad,fra", "acme"),
    ]


def test_what_is_still_to_be_made_and_finds_no_room() -> None:
    findings, _ = found(offered("iad", "fra"), APP, placed(iad=0, fra=1), placed(iad=0, fra=1))
    assert [(each.severity, each.code, each.what) for each in findings] == [
        (
            "info",
            "doctor.no_room",
            "region iad has no room now for another machine of process group app (shared-cpu-2x with 512 MB)",
        ),
        (
            "warning",
            "doctor.no_room",
            "region fra has room for 1 of 2 machines of process group app (shared-cpu-2x with 512 MB) that are still "
            "to be made",
        ),
        (
            "warning",
            "doctor.no_room",
            "region iad has room for 0 of 1 machines of process group worker (performance-1x with 2048 MB) that are "
            "still to be made",
        ),
    ]


def test_a_region_that_is_not_offered_is_not_asked_for() -> None:
    findings, asked = found(offered("iad"), APP, placed(iad=9), placed(iad=9))
    assert [(each.severity, each.code) for each in findings] == [("error", "doctor.region_not_offered")]
    assert {each["region"] for each in asked} == {"iad"}
    closing = {"code": "fra", "deprecated": True}
    findings, asked = found(offered("iad", fra=closing), APP, placed(iad=9), placed(iad=9))
    assert [each.code for each in findings] == ["doctor.region_closing"]
    assert {each["region"] for each in asked} == {"iad"}


@pytest.mark.parametrize("status", [401, 403, 404, 501])
def test_a_platform_or_token_that_may_not_say_it_is_no_failure(status: int) -> None:
    refused = answer(status, {"error": "no"})
    findings, _ = found(offered("iad", "fra"), APP, refused)
    assert [(each.severity, each.code) for each in findings] == [("info", "doctor.room_unknown")]
    assert f"(status {status})" in findings[0].what


def test_any_other_failure_is_one() -> None:
    with pytest.raises(ApiError):
        found(offered("iad", "fra"), APP, *[answer(422, {"error": "no"})] * 9)


def test_a_size_that_is_not_known_is_said() -> None:
    text = FLY.replace("performance-1x", "performance-3x")
    findings, asked = found(offered("iad", "fra"), APP, placed(iad=9, fra=9), text=text)
    assert [each.code for each in findings] == ["doctor.room_unknown"] and len(asked) == 1
    assert "the size of process group worker in iad is not known" in findings[0].what
