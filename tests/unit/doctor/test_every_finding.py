"""Every finding of `flyo doctor` as a person reads it: the whole lines stand in findings.txt, to be read aloud."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.catalog.error_pages import load_pages
from flyctl_orchestrator.doctor.access import check_leases, check_lock, check_token, refused_token
from flyctl_orchestrator.doctor.certificates import check_certificates
from flyctl_orchestrator.doctor.computer import LITTLE, TOO_LITTLE, Facts, check_computer
from flyctl_orchestrator.doctor.cost import check_cost
from flyctl_orchestrator.doctor.files import check_env_files, check_files
from flyctl_orchestrator.doctor.finding import Finding
from flyctl_orchestrator.doctor.fleet import STUCK, check_secrets
from flyctl_orchestrator.doctor.outside import check_addresses, check_volumes
from flyctl_orchestrator.fleet.flyctl.printed import Address
from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.fleet.token import Lifetime, TokenScope
from flyctl_orchestrator.project import flytoml
from flyctl_orchestrator.project.model import Flyo, Project
from flyctl_orchestrator.project.tomlfile import Document, parse_toml
from flyctl_orchestrator.rollout.plan.bill.bill import Bill, Item
from flyctl_orchestrator.rollout.plan.bill.change import compare
from tests.unit.doctor.test_access import BY_HAND, DAY, NOW, ROLLOUT, lease
from tests.unit.doctor.test_certificates import UNISSUED
from tests.unit.doctor.test_certificates import WELL as CERTIFICATE
from tests.unit.doctor.test_files import BOOK, CASES, WELL, findings
from tests.unit.doctor.test_fleet import CONFIG, one, since
from tests.unit.doctor.test_fleet import findings as of_fleet
from tests.unit.doctor.test_outside import SERVING, WORKING
from tests.unit.doctor.test_outside import WELL as VOLUME
from tests.unit.doctor.test_room import of_room

LINES = Path(__file__).with_name("findings.txt")
# Told of a whole fleet (test_whole_findings.py), by flyctl, or where something could not be looked at.
ELSEWHERE = {"doctor.drift", "doctor.secrets_staged", "doctor.unfinished", "doctor.flyctl_warns", "doctor.ignored_key"}
ELSEWHERE |= {"doctor.not_checked"}


def of_files(root: Path) -> Iterator[Finding]:
    for code, _, old, new in CASES:
        text = WELL.replace(old, new)
        if "[processes]" in new:
            text = WELL.replace(old, "").replace("[[vm]]", f"{new}\n[[vm]]")
        yield from (each for each in findings(text) if each.code == code)
    yield from findings(WELL, {"iad": 1})
    (root / "Dockerfile").write_text("FROM scratch\nCOPY . .\n")
    (root / ".env").write_text("A=1\n")
    yield from findings(WELL, root=root)
    fly = flytoml.parse(Document(root / "fly.toml", "fly.toml", WELL, parse_toml(WELL, "fly.toml")))
    yield from list(check_env_files(Project(root, "shop", fly, Flyo(), root), most=1))[:1]
    (root / ".env").unlink()
    closing = replace(BOOK, regions=tuple(replace(each, deprecated=each.code == "fra") for each in BOOK))
    fly = flytoml.parse(Document(root / "fly.toml", "fly.toml", WELL, parse_toml(WELL, "fly.toml")))
    project = Project(Path("/nowhere"), "shop", fly, Flyo(regions={"iad": 1, "fra": 1}), root)
    yield from check_files(project, closing)


def of_machines() -> Iterator[Finding]:
    changed: list[dict[str, Any]] = [
        {"cordoned": True},
        {"host_status": "unreachable"},
        {"checks": [{"name": "up", "status": "critical", "output": "500\n no"}]},
        {"config": CONFIG | {"restart": {"policy": "no"}}},
        {"state": "failed"},
        {"state": "stopping", "events": since(STUCK + 1)},
    ]
    for changes in changed:
        yield from of_fleet(one("a"), one("b", **changes))
    bad = Answer(False, status=500, error="http://shop/up: answered 500")
    yield from of_fleet(one("a"), one("b"), answers={"a": Answer(True, status=200), "b": bad})
    metadata = {**CONFIG["metadata"], "fly_release_version": "2"}  # type: ignore[dict-item]
    old = {"image_ref": {"digest": "sha256:old"}, "config": CONFIG | {"metadata": metadata}}
    yield from of_fleet(one("a"), one("b", state="suspended", **old))
    yield from of_fleet(one("a"), one("b", **old))
    yield from of_fleet(one("a"))
    yield from of_fleet()
    yield from check_secrets("shop", ["PRIMARY_REGION", "FLY_REGION"])
    nothing = Bill((), 0.0, "2026-10-02")
    yield from check_cost("shop", compare(nothing, Bill((Item("machines of app", "iad", "1 x", 4.0),), 0.0, "")))


def of_computer() -> Iterator[Finding]:
    well = Facts((3, 12), flyctl="x")
    for facts in (
        replace(well, python=(3, 10)),
        replace(well, has_pip=False),
        replace(well, missing=("aiohttp",)),
        replace(well, flyctl=""),
        replace(well, flyctl_trouble="flyctl 0.9.9 is newer than what this flyo was tested with"),
        replace(well, logged_in=False),
        replace(well, port=4280, port_taken=True),
        replace(well, port=4280, port_asked=True, port_taken=True),
        replace(well, free=LITTLE - 1),
        replace(well, free=TOO_LITTLE - 1),
        replace(well, unwritable=("/state",)),
        replace(well, engine_trouble="no container engine answers"),
        replace(well, engine_trouble="no container engine answers", engine_needed=True),
    ):
        yield from check_computer(facts)


def of_outside() -> Iterator[Finding]:
    for changes in ({"machine": ""}, {"host_status": "unreachable"}, {"snapshots": False}, {"snapshot_days": 4}):
        yield from check_volumes([replace(VOLUME, **changes)])
    for kinds, machines in (([], SERVING), (["v6"], WORKING), (["v6", "v4"], SERVING)):
        yield from check_addresses("shop", [Address(address=f"address-{kind}", kind=kind) for kind in kinds], machines)


def of_access() -> Iterator[Finding]:
    yield from check_leases([(one("a"), lease(3700))], [], NOW)
    yield from check_leases([(one("a"), lease(13))], [], NOW)
    yield from check_leases([(one("a"), lease(13))], [ROLLOUT], NOW)
    yield from check_lock("shop", [ROLLOUT, BY_HAND], NOW)
    for days in (-1.0, 3.0, 7300.0):
        yield from check_token("shop", "FLY_API_TOKEN", Lifetime(NOW - DAY, NOW + days * DAY), (), NOW)
    for apps in (("*",), ("shop", "bank")):
        yield from check_token("shop", "FLY_API_TOKEN", None, [TokenScope("acme", apps)], NOW)
    yield refused_token("shop", "FLY_API_TOKEN", "unauthorized")


def of_certificates() -> Iterator[Finding]:
    elsewhere = replace(UNISSUED, leads_here=False)
    yield from check_certificates(
        "shop",
        [
            replace(CERTIFICATE, hostname=elsewhere, expires=None, records=("A 192.0.2.1", "AAAA ::1")),
            replace(CERTIFICATE, hostname=UNISSUED, expires=None, troubles=("CAA\nno",)),
            replace(CERTIFICATE, expires=NOW + 14 * DAY),
            replace(CERTIFICATE, expires=NOW + DAY, custom=True),
            replace(CERTIFICATE, expires=NOW),
        ],
        NOW,
    )


@pytest.fixture
def told(tmp_path: Path) -> list[Finding]:
    """Every finding there is, provoked one after the other."""
    parts = (of_files(tmp_path), of_machines(), of_computer(), of_outside(), of_access(), of_certificates(), of_room())
    return [each for part in parts for each in part]


def test_they_are_told_in_these_words(told: list[Finding]) -> None:
    lines = [f"{each.severity} {each.where}: {each.what}. {each.fix} [{each.code}]" for each in told]
    assert lines == LINES.read_text("utf-8").splitlines()


def test_none_is_missing(told: list[Finding]) -> None:
    codes = {code for code, page in load_pages().items() if page.topic == "doctor"}
    assert codes - {each.code for each in told} - ELSEWHERE == set()
