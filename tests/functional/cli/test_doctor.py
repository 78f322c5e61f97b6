"""`flyo doctor` in a real project, against machines on the real local platform."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.catalog.error_pages import load_pages
from tests.flyo_process import Ran
from tests.functional.cli.local_fleet import APP, LocalFleet
from tests.functional.cli.test_status import as_fly

PAGES = load_pages()


@pytest.fixture
def flytoml(fleet: LocalFleet) -> Iterator[Path]:
    """The project's fly.toml, as it was afterwards."""
    path = fleet.project / "fly.toml"
    before = path.read_bytes()
    yield path
    path.write_bytes(before)


def found(ran: Ran) -> dict[str, dict[str, Any]]:
    """The findings of --json, by code; each has what is promised."""
    assert ran.json["schema"] == "flyo.doctor/1"
    for each in ran.json["findings"]:
        assert list(each) == ["code", "severity", "where", "what", "why", "fix", "fixable"]
        assert each["why"] == PAGES[each["code"]].why and each["what"] and each["fix"]
    return {each["code"]: each for each in ran.json["findings"]}


def test_a_healthy_fleet_has_no_error(fleet: LocalFleet) -> None:
    ran = fleet.ok("doctor", "--local", "--json")
    assert ran.json["checked"] == ["computer", "files", "fleet", "flyctl"]
    assert {each["severity"] for each in found(ran).values()} <= {"warning", "info"}
    shown = fleet.ok("doctor", "--local").stdout
    assert "  why: " in shown and "  fix: " in shown
    assert shown.splitlines()[-1].startswith("looked at computer, files, fleet, flyctl: ")
    assert fleet.flyo("doctor", "--local", "--strict").status == 1


def test_what_is_wrong_at_the_machines(fleet: LocalFleet) -> None:
    machine = fleet.machine_in("fra")
    path = f"/v1/apps/{APP}/machines/{machine['id']}"
    fleet.manage("POST", f"{path}/cordon")
    (fleet.switches / "sick-iad").touch()
    try:
        ran = fleet.flyo("doctor", "--local", "--json")
        told = found(ran)
        assert (ran.status, told["doctor.cordoned"]["where"]) == (1, f"fra {machine['id']}")
        assert "answered 500" in told["doctor.bad_answer"]["what"]
    finally:
        fleet.manage("POST", f"{path}/uncordon")


def test_what_belongs_to_the_app_besides_machines(fleet: LocalFleet) -> None:
    wanted = {"name": "data", "region": "nrt", "size_gb": 1, "auto_backup_enabled": False}
    volume = fleet.manage("POST", f"/v1/apps/{APP}/volumes", wanted)["id"]
    before = found(fleet.flyo("doctor", "--local", "--json"))
    assert not {"doctor.no_address", "doctor.public_address"} & set(before)
    assert {code for code, each in before.items() if each["where"] == f"nrt {volume}"} <= {
        "doctor.volume_unused",
        "doctor.no_snapshots",
    }
    assert {"doctor.volume_unused", "doctor.no_snapshots"} <= set(before)
    fleet.manage("DELETE", f"/v1/apps/{APP}/volumes/{volume}")
    assert "doctor.volume_unused" not in found(fleet.flyo("doctor", "--local", "--json"))


def test_who_may_change_the_app_and_who_keeps_others_from_it(fleet: LocalFleet) -> None:
    machine, path = fleet.machine_in("fra")["id"], f"/v1/apps/{APP}/machines"
    fleet.manage("POST", f"{path}/{machine}/lease", {"ttl": 600, "description": "by hand"})
    fleet.ok("lock", "take", "--local", "--why", "an incident")
    try:
        told = found(fleet.flyo("doctor", "--local", "--json"))
        assert told["doctor.lease_left"]["where"] == f"fra {machine}"
        assert "is leased by local@flyo.localhost (by hand) for another " in told["doctor.lease_left"]["what"]
        assert told["doctor.lock_by_hand"]["what"].endswith("so that no rollout starts: an incident")
        assert told["doctor.lock_by_hand"]["fix"] == "Release it with 'flyo lock release --local'"
        cleared = told["doctor.lease_left"]["fix"].split("'")[1].removeprefix("flyo ")
        fleet.ok(*cleared.split(), FLYO_FLYCTL="stand-in")
        fleet.ok("lock", "release", "--local")
        assert not {"doctor.lease_left", "doctor.lock_by_hand"} & set(found(fleet.flyo("doctor", "--local", "--json")))
    finally:
        fleet.flyo("lock", "release", "--local", "--force")
        fleet.flyo("local", "exec", "--", "flyctl", "machine", "leases", "clear", machine, "-a", APP)


def test_room_is_asked_for_where_machines_are_still_to_be_made(fleet: LocalFleet) -> None:
    flyo_toml = fleet.project / "flyo.toml"
    before = flyo_toml.read_text()
    about = {"doctor.no_room", "doctor.room_unknown", "doctor.region_not_offered", "doctor.region_paid"}
    assert not about & set(found(fleet.flyo("doctor", "--local", "--json")))
    fleet.ok("local", "fault", "add", "no-capacity", "--region", "nrt")
    try:
        flyo_toml.write_text(before.replace("[regions]", "[regions]\nnrt = 2"))
        told = found(fleet.flyo("doctor", "--local", "--json"))["doctor.no_room"]
        assert (told["severity"], told["what"].partition(" (")[0]) == (
            "warning",
            "region nrt has room for 0 of 2 machines of process group app",
        )
        # Of the regions that need no machine nothing is said.
        fleet.ok("local", "fault", "clear", "--all")
        assert "doctor.no_room" not in found(fleet.flyo("doctor", "--local", "--json"))
        fleet.ok("local", "fault", "add", "no-capacity", "--region", "fra")
        told = found(fleet.flyo("doctor", "--local", "--json"))["doctor.no_room"]
        assert told["severity"] == "info" and told["what"].startswith("region fra has no room now for another machine")
    finally:
        flyo_toml.write_text(before)
        fleet.ok("local", "fault", "clear", "--all")


def test_certificates_of_the_apps_own_hostnames(fleet: LocalFleet) -> None:
    path = f"/v1/apps/{APP}/certificates"
    for hostname in ("www.example.com", "shop.localhost"):
        fleet.manage("POST", f"{path}/acme", {"hostname": hostname})
    try:
        told = {each["where"]: each for each in fleet.flyo("doctor", "--local", "--json").json["findings"]}
        assert told["www.example.com"]["code"] == "doctor.certificate_dns"
        assert (
            f"and CNAME {APP}.localhost, then look with 'flyo local exec -- flyctl certs check"
            in told["www.example.com"]["fix"]
        )
        assert "shop.localhost" not in told
    finally:
        for hostname in ("www.example.com", "shop.localhost"):
            fleet.manage("DELETE", f"{path}/{hostname}")


def test_a_token_of_the_environment_is_judged(fleet: LocalFleet) -> None:
    wide = found(fleet.flyo("doctor", "--json", env=as_fly(fleet, fleet.running.token)))
    assert wide["doctor.token_wide"]["where"] == "FLY_API_TOKEN"
    narrow = fleet.flyo("doctor", "--json", env=as_fly(fleet, token_for(fleet, APP)))
    assert "fleet" in narrow.json["checked"] and "doctor.token_wide" not in found(narrow)
    refused = fleet.flyo("doctor", "--json", env=as_fly(fleet, "fo1_revoked-since"))
    told = found(refused)
    assert (refused.status, told["doctor.token_refused"]["severity"]) == (1, "error")
    assert "fo1_revoked-since" not in refused.stdout + refused.stderr


def token_for(fleet: LocalFleet, app: str) -> str:
    """A token that is good for one app."""
    query = """mutation($input: CreateLimitedAccessTokenInput!) {
        createLimitedAccessToken(input: $input) { limitedAccessToken { tokenHeader } } }"""
    wanted = {"name": "ci", "organizationId": "", "profile": "deploy", "profileParams": {"app_id": app}}
    said = fleet.manage("POST", "/graphql", {"query": query, "variables": {"input": wanted}})
    return str(said["data"]["createLimitedAccessToken"]["limitedAccessToken"]["tokenHeader"])


def test_fix_changes_what_has_no_risk_and_says_it(fleet: LocalFleet, flytoml: Path) -> None:
    wrong = flytoml.read_text().replace('auto_stop_machines = "off"', "auto_stop_machines = false # stays awake")
    flytoml.write_text(wrong)
    assert found(fleet.flyo("doctor", "--files", "--json"))["doctor.autostop_boolean"]["fixable"] is True
    ran = fleet.ok("doctor", "--files", "--fix")
    assert ran.last_line == 'fixed fly.toml [http_service]: http_service.auto_stop_machines = "off"'
    assert flytoml.read_text() == wrong.replace("= false #", '= "off" #')
    assert "doctor.autostop_boolean" not in ran.stdout
    assert fleet.ok("doctor", "--files", "--fix").last_line == "nothing to fix that has no risk"


LONG = "fly.toml: kill_timeout is 360 s, and Fly.io waits 300 s at most. Set kill_timeout to 300 or less"
UNUSED = "fly.toml [http_service]: min_machines_running = 2 has no effect, because autostop is off. "
UNUSED += 'Set auto_stop_machines = "suspend" or "stop", or remove min_machines_running'


def too_patient(flytoml: Path) -> str:
    """The file with a time that Fly.io does not wait."""
    changed, number = re.subn("kill_timeout = .*", "kill_timeout = 360", flytoml.read_text())
    assert number == 1
    return changed


@pytest.mark.parametrize("words", [("plan",), ("deploy", "--yes"), ("deploy", "--yes", "--image", "x")])
def test_errors_of_the_files_stop_a_plan_and_a_deploy(words: tuple[str, ...], fleet: LocalFleet, flytoml: Path) -> None:
    before = fleet.machines()
    flytoml.write_text(too_patient(flytoml))
    ran = fleet.flyo(*words, "--local")
    assert (ran.status, ran.stdout) == (2, "")
    assert ran.last_line == f"flyo: {LONG}. If it is meant, add --accept doctor.kill_timeout [doctor.kill_timeout]"
    assert fleet.machines() == before


def test_each_error_that_stops_is_said_and_can_be_accepted(fleet: LocalFleet, flytoml: Path) -> None:
    own = too_patient(flytoml)
    flytoml.write_text(own.replace("[env]\n", '[env]\nFLY_X = "1"\n'))
    ran = fleet.flyo("plan", "--local")
    reserved = "fly.toml: [env] sets FLY_X; names that begin with FLY_ are Fly.io's own. Choose another name"
    assert (ran.status, ran.stdout) == (2, "")
    assert f"error: {reserved} [doctor.env_reserved]" in ran.stderr.splitlines()
    both = "--accept doctor.kill_timeout --accept doctor.env_reserved"
    assert ran.last_line == f"flyo: {LONG}. If it is meant, add {both} [doctor.kill_timeout]"
    half = fleet.flyo("plan", "--local", "--accept", "doctor.kill_timeout")
    assert half.last_line.endswith("add --accept doctor.env_reserved [doctor.env_reserved]")
    kept = fleet.ok("plan", "--local", *both.split(), "--out", "kept.json")
    assert f"warning: {LONG} [doctor.kill_timeout]" in kept.stderr.splitlines()
    assert f"warning: {reserved} [doctor.env_reserved]" in kept.stderr.splitlines()


def test_what_changes_no_rollout_is_a_warning_everywhere(fleet: LocalFleet, flytoml: Path) -> None:
    flytoml.write_text(flytoml.read_text().replace('= "off"', '= "off"\nmin_machines_running = 2'))
    ran = fleet.ok("plan", "--local")
    assert f"warning: {UNUSED} [doctor.min_running_unused]" in ran.stderr.splitlines()
    told = found(fleet.ok("doctor", "--files", "--json"))
    assert told["doctor.min_running_unused"]["severity"] == "warning"


def test_warnings_of_the_files_are_listed_by_a_plan(fleet: LocalFleet) -> None:
    ran = fleet.ok("plan", "--local")
    said = fleet.ok("doctor", "--files", "--json").json["findings"]
    warnings = [each for each in said if each["severity"] == "warning"]
    assert warnings
    # With --local, too, these are the files' findings and not this computer's.
    same = fleet.ok("doctor", "--local", "--files", "--json").json
    assert (same["checked"], same["findings"]) == (["files"], said)
    lines = [f"warning: {each['where']}: {each['what']}. {each['fix']} [{each['code']}]" for each in warnings]
    assert [line for line in ran.stderr.splitlines() if line.startswith("warning: fly.toml")] == lines


@pytest.mark.parametrize("code", ["doctor.nothing", "config.refused"])
def test_only_a_finding_can_be_accepted(code: str, fleet: LocalFleet) -> None:
    ran = fleet.flyo("plan", "--local", "--accept", code)
    assert (ran.status, ran.last_line) == (
        2,
        f"flyo: --accept: '{code}' is no code of a finding about files. Give the one in brackets behind an error; "
        "'flyo doctor --local --files' shows them [usage]",
    )


def test_flyctls_own_verdict_is_a_finding(fleet: LocalFleet, flytoml: Path) -> None:
    flytoml.write_text(flytoml.read_text() + "\n[nonsense]\nkey = 1\n")
    assert "nonsense" in found(fleet.flyo("doctor", "--local", "--json"))["doctor.ignored_key"]["what"]
    flytoml.write_text(flytoml.read_text().replace("internal_port = 8080", 'internal_port = 8080\nprocesses = ["no"]'))
    ran = fleet.flyo("doctor", "--local", "--json")
    assert (ran.status, found(ran)["config.refused"]["severity"]) == (1, "error")


def test_what_could_not_be_looked_at_is_said_and_has_its_status(fleet: LocalFleet) -> None:
    unreached = {name: "http://127.0.0.1:9" if "BASE" in name else value for name, value in as_fly(fleet, "x").items()}
    ran = fleet.flyo("doctor", "--json", env=unreached, FLYO_FLYCTL="/no/flyctl")
    assert (ran.status, ran.json["checked"]) == (8, ["files"])
    assert "no connection to 127.0.0.1:9" in found(ran)["doctor.not_checked"]["what"]
    assert fleet.flyo("doctor", "--files", env=unreached).status == 0


def test_a_platform_that_does_not_run_is_not_started(bare: LocalFleet) -> None:
    ran = bare.ok("doctor", "--local", "--json")
    assert ran.json["checked"] == ["computer", "files"]
    assert "the local platform does not run" in ran.stderr
    assert bare.flyo("local", "status").status == 8


def test_without_a_project_it_says_what_is_missing(fleet: LocalFleet, tmp_path: Path) -> None:
    ran = fleet.flyo("doctor", "--files", cwd=tmp_path)
    assert (ran.status, ran.last_line.endswith("[config.missing]")) == (2, True)


def test_machines_alone_from_anywhere_with_only_a_name(fleet: LocalFleet, tmp_path: Path) -> None:
    ran = fleet.ok("doctor", "--local", "--app", APP, "--json", cwd=tmp_path)
    assert ran.json["checked"] == ["computer", "fleet"]
    assert not any(code.startswith("config.") for code in found(ran))
    unknown = fleet.flyo("doctor", "--local", "--app", "nobody", "--json", cwd=tmp_path)
    assert (unknown.status, "app.not_found" in found(unknown)["doctor.not_checked"]["what"]) == (8, True)


def test_after_a_first_deploy_that_failed_there_is_no_machine_and_nothing_else_is_blamed(bare: LocalFleet) -> None:
    (bare.switches / "sick-iad").touch()
    failed = bare.flyo("deploy", "--local", "--yes", "--timeout", "4s")
    assert failed.status == 3, failed.stderr
    codes = set(found(bare.ok("doctor", "--local", "--json")))
    assert "doctor.no_machine" in codes
    assert codes & {"doctor.drift", "doctor.public_address", "doctor.few_machines"} == set()
