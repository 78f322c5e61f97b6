"""`flyo scale` with real machines on the real local platform."""

from __future__ import annotations

import http.client
import json
import re
import signal
import threading

import pexpect
import pytest

from tests.flyo_process import PATIENCE
from tests.functional.cli.local_fleet import APP, LocalFleet
from tests.waiting import eventually


def test_up_down_and_again(fleet: LocalFleet) -> None:
    before = {machine["id"] for machine in fleet.machines()}
    ran = fleet.ok("scale", "--local", "nrt=2", "--json")
    assert sorted(fleet.regions()) == ["fra", "iad", "nrt", "nrt"]
    ready = next(line for line in ran.lines if line["event"] == "plan.ready")
    assert ready["kind"] == "scale"
    assert ready["counts"] == [{"region": "nrt", "group": "app", "before": 0, "count": 2}]
    last = ran.lines[-1]
    assert (last["event"], last["result"]) == ("rollout.finished", "done")
    assert last["what"].startswith("2 machines are new and verified, 2 unchanged; ")
    new = [each for each in last["machines"] if each["fate"] == "new"]
    assert {each["machine"] for each in new} == {machine["id"] for machine in fleet.machines()} - before
    assert all(each["latency_s"] > 0 for each in new)

    again = fleet.ok("scale", "--local", "nrt=2")
    assert "Nothing to change: 3 regions, every count is as asked." in again.stdout
    # The files still say otherwise, and how to change that is said for each of them.
    assert "flyo.toml says otherwise: set [regions] nrt = 2, or add --save" in again.stderr

    back = fleet.ok("scale", "--local", "--yes")
    assert "2 regions, 2 machines are destroyed, 2 unchanged." in back.stdout
    assert {machine["id"] for machine in fleet.machines()} == before
    assert "Nothing to change" in fleet.ok("scale", "--local").stdout
    rows = json.loads(fleet.ok("history", "--local", "--json").stdout)
    nothing = "every count is as asked"
    assert [row["about"] for row in rows[:4]] == [nothing, "nrt 2 → 0", nothing, "nrt 0 → 2"]
    assert {row["kind"] for row in rows[:4]} == {"scale"}


def test_saved_counts_stand_in_flyo_toml(fleet: LocalFleet) -> None:
    file = fleet.project / "flyo.toml"
    text = file.read_text()
    try:
        file.write_text(text.replace("fra = 1", "fra = 1 # the old continent"))
        ran = fleet.ok("scale", "--local", "fra=2", "nrt=1", "--save")
        assert "[regions] fra = 2, nrt = 1" in ran.last_line
        assert "fra = 2 # the old continent\nnrt = 1\n" in file.read_text()
        assert "Nothing to change" in fleet.ok("scale", "--local").stdout
    finally:
        file.write_text(text)


def test_a_new_machine_is_as_good_as_a_deployed_one(fleet: LocalFleet) -> None:
    fleet.ok("scale", "--local", "nrt=1")
    machine, source = fleet.machine_in("nrt"), fleet.machine_in("iad")
    assert machine["image_ref"]["digest"] == source["image_ref"]["digest"]
    assert machine["config"]["env"] == source["config"]["env"]
    kept = {key: value for key, value in source["config"]["metadata"].items() if key.startswith("fly_")}
    assert kept.items() <= machine["config"]["metadata"].items()
    assert machine["config"]["metadata"]["flyo_verified"] == source["config"]["metadata"]["flyo_verified"]
    assert [check["status"] for check in machine["checks"]] == ["passing"]


def test_a_region_whose_machines_do_not_get_healthy_goes_back_alone(fleet: LocalFleet) -> None:
    before = fleet.machines()
    (fleet.switches / "sick-nrt").touch()
    ran = fleet.flyo("scale", "--local", "nrt=1", "fra=0", "--json")
    assert ran.status == 3
    assert ran.lines[-1]["result"] == "rolled_back"
    assert "app fleet-test: nrt " in ran.last_line
    assert "what was created is destroyed again, nothing else was touched" in ran.last_line
    assert [(each["id"], each["instance_id"]) for each in fleet.machines()] == [
        (each["id"], each["instance_id"]) for each in before
    ]


def test_a_request_under_way_is_answered_before_its_machine_goes(fleet: LocalFleet) -> None:
    fleet.ok("scale", "--local", "nrt=1")
    machine = fleet.machine_in("nrt")
    answers: list[int] = []

    def ask() -> None:
        link = http.client.HTTPConnection("127.0.0.1", fleet.running.port, timeout=PATIENCE)
        headers = {"Host": f"{APP}.localhost:{fleet.running.port}", "fly-force-instance-id": machine["id"]}
        link.request("GET", "/slow", headers=headers)
        answers.append(link.getresponse().status)
        link.close()

    client = threading.Thread(target=ask)
    client.start()
    eventually((fleet.switches / "slow-began").exists)
    fleet.ok("scale", "--local", "nrt=0")
    client.join(PATIENCE)
    assert answers == [200]
    assert sorted(fleet.regions()) == ["fra", "iad"]


def test_a_sleeping_machine_goes_first(fleet: LocalFleet) -> None:
    awake = fleet.machine_in("fra")["id"]
    fleet.ok("scale", "--local", "fra=2")
    asleep = next(each for each in fleet.machines() if each["region"] == "fra" and each["id"] != awake)
    fleet.act(asleep, "suspend", "suspended")
    fleet.ok("scale", "--local", "fra=1")
    assert fleet.machine_in("fra")["id"] == awake


def test_ctrl_c_while_adding_leaves_nothing_behind(fleet: LocalFleet) -> None:
    (fleet.switches / "sick-nrt").touch()
    before = [machine["id"] for machine in fleet.machines()]
    child = fleet.start("scale", "--local", "nrt=2")
    eventually(lambda: "nrt" in fleet.regions())
    child.send_signal(signal.SIGINT)
    _, stderr = child.communicate(timeout=PATIENCE)
    assert child.returncode == 130, stderr
    assert "interrupted" in stderr
    assert [machine["id"] for machine in fleet.machines()] == before


@pytest.mark.parametrize("way", ["--resume", "--abort"])
def test_a_scale_that_was_killed_is_said_to_be_unfinished_until_it_is_ended(fleet: LocalFleet, way: str) -> None:
    child = fleet.start("scale", "--local", "iad=3", "--yes")
    eventually(lambda: fleet.regions().count("iad"), lambda machines: machines == 3, PATIENCE)
    child.kill()
    child.wait()
    called = r"scale \d{4}-\d{8}-\d{6}-[0-9a-f]{6} \(iad 1 → 3\)"
    shown = fleet.flyo("status", "--local", "--detailed-exit-code")
    assert shown.status in (1, 7)
    assert re.search(f"{called} was stopped half-way: 'flyo deploy --local --resume' finishes it", shown.stdout)
    for command in ("deploy", "scale"):
        refused = fleet.flyo(command, "--local")
        assert refused.status == 5 and re.search(f"{called} was stopped half-way", refused.last_line)
    rows = json.loads(fleet.ok("history", "--local", "--json").stdout)
    assert (rows[0]["kind"], rows[0]["outcome"]) == ("scale", "unfinished")
    ended = fleet.ok("deploy", "--local", way)
    assert re.search(f"{'finishing' if way == '--resume' else 'undoing'} {called}", ended.stderr)
    assert sorted(fleet.regions()) == (["fra", *["iad"] * 3] if way == "--resume" else ["fra", "iad"])
    assert "unfinished" not in fleet.ok("status", "--local").stdout
    assert len({each["config"]["metadata"]["flyo_verified"] for each in fleet.machines()}) == 1


# --- what else is done to an app


def test_secrets_and_locks_stand_in_the_history_by_name_alone(fleet: LocalFleet) -> None:
    fleet.ok("secrets", "set", "--local", "COLOUR", "--stdin", stdin="mauve-and-secret")
    fleet.ok("secrets", "unset", "--local", "COLOUR")
    fleet.ok("lock", "take", "--local", "--why", "moving house")
    fleet.ok("lock", "release", "--local")
    ran = fleet.ok("history", "--local", "--json")
    told = [(row["kind"], row["outcome"], row["about"]) for row in json.loads(ran.stdout)[:4]]
    assert told[1:] == [
        ("lock", "taken", "moving house"),
        ("secrets", "unset", "COLOUR"),
        ("secrets", "set", "COLOUR"),
    ]
    assert told[0][:2] == ("lock", "released")
    assert all(row["who"] for row in json.loads(ran.stdout)[:4])
    text = fleet.ok("history", "--local").stdout
    assert "secrets set" in text and "lock taken" in text and "mauve" not in ran.stdout + text


# --- questions


@pytest.mark.parametrize(("answer", "left"), [("n", ["fra", "iad"]), ("y", ["iad"])])
def test_a_person_is_asked_before_machines_are_destroyed(fleet: LocalFleet, answer: str, left: list[str]) -> None:
    child = fleet.at_terminal("scale", "--local", "fra=0")
    child.expect(r"Destroy 1 machine in fra\?")
    child.send(answer)
    child.send("\r")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == (0 if answer == "y" else 130)
    assert sorted(fleet.regions()) == left


def test_the_last_machines_are_only_destroyed_with_yes(fleet: LocalFleet) -> None:
    ran = fleet.flyo("scale", "--local", "iad=0", "fra=0")
    assert ran.status == 2
    assert "destroys 2 machines in iad, fra, the last that can serve. Add --yes" in ran.stderr
    assert sorted(fleet.regions()) == ["fra", "iad"]


# --- refusals


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["tokyo=1"], 2, "'tokyo' is not a Fly.io region. Did you mean nrt (Tokyo)?"),
        (["iad"], 2, "'iad' is not REGION=COUNT"),
        (["web:iad=1"], 2, "there is no process group 'web'. There is: app"),
        (["nrt=1", "--like", "m-nobody"], 2, "machine m-nobody is no machine of process group app"),
        (["iad=1", "--app", "nobody"], 1, "app nobody: there is no such app yet"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    fleet: LocalFleet, arguments: list[str], status: int, said: str
) -> None:
    before = fleet.regions()
    ran = fleet.flyo("scale", "--local", *arguments)
    assert ran.status == status
    assert said in ran.stderr.splitlines()[-1]
    assert fleet.regions() == before


def test_without_flyo_toml_there_is_nothing_to_match(fleet: LocalFleet) -> None:
    file = fleet.project / "flyo.toml"
    text = file.read_text()
    file.unlink()
    try:
        ran = fleet.flyo("scale", "--local")
    finally:
        file.write_text(text)
    assert (ran.status, "there is no flyo.toml to match" in ran.stderr) == (2, True)


def test_with_litefs_the_primary_region_gets_no_second_machine(fleet: LocalFleet) -> None:
    settings = fleet.project / "litefs.yml"
    text = (fleet.project / "fly.toml").read_text()
    primary = re.findall(r'^primary_region = "(\w+)"', text, re.MULTILINE)[0]
    before = sorted(fleet.regions())
    try:
        settings.write_text('lease:\n  type: "static"\n')
        ran = fleet.flyo("scale", "--local", f"{primary}=2", "--yes")
        assert ran.status == 2
        assert "[config.litefs_primaries]" in ran.stderr
        assert sorted(fleet.regions()) == before
    finally:
        settings.unlink()


def test_what_a_change_costs_is_said_beforehand_and_the_plan_says_the_same(fleet: LocalFleet) -> None:
    same = fleet.ok("cost", "--diff", "--local", "--json").json
    assert same["change_usd_per_month"] == 0
    assert [each["region"] for each in same["items"]] == ["iad", "fra"]
    file = fleet.project / "flyo.toml"
    text = file.read_text()
    file.write_text(text.replace("fra = 1", "fra = 1\nnrt = 2"))
    try:
        found = fleet.ok("cost", "--diff", "--local", "--json").json
        planned = fleet.ok("plan", "--local", "--json").json["cost"]
        shown = fleet.ok("plan", "--local").stdout.splitlines()[-1]
        page = fleet.ok("cost", "--diff", "--local").stdout.splitlines()
        doctor = {each["code"]: each for each in fleet.ok("doctor", "--local", "--json").json["findings"]}
    finally:
        file.write_text(text)
    (new,) = (each for each in found["items"] if each["before"] is None)
    assert (new["region"], new["after"]["amount"]) == ("nrt", "2 × shared-cpu-1x 256 MB")
    change = found["change_usd_per_month"]
    assert change == new["change_usd_per_month"] == planned["usd_per_month"] > 0
    assert f"Cost: +${change:.2f} a month" in shown
    assert page[-2].split()[0] == "all" and page[-2].endswith(f"+{change:.2f}")
    assert doctor["doctor.cost_differs"]["what"].startswith(
        f"would cost {change:.2f} USD a month more as the files have"
    )
    assert_counted(fleet)
    gone = fleet.ok("cost", "--diff", "--local", "--app", "nobody-has-it")
    assert "note: app nobody-has-it does not exist yet: all of it is new" in gone.stderr.splitlines()


def assert_counted(fleet: LocalFleet) -> None:
    """Addresses and certificates that the app has are in the bill, unless they are given."""
    body = {"type": "v4", "region": "", "org_slug": "personal", "network": "", "service_name": ""}
    bought = fleet.manage("POST", f"/v1/apps/{APP}/ip_assignments", body)["ip"]
    fleet.manage("POST", f"/v1/apps/{APP}/certificates/acme", {"hostname": "www.example.com"})
    try:
        counted = fleet.ok("cost", "--diff", "--local", "--json").json["items"]
        given = fleet.ok("cost", "--diff", "--local", "--json", "--ipv4", "0", "--certificates", "0").json["items"]
    finally:
        fleet.manage("DELETE", f"/v1/apps/{APP}/ip_assignments/{bought}")
        fleet.manage("DELETE", f"/v1/apps/{APP}/certificates/www.example.com")
    assert [(each["what"], each["after"]["amount"]) for each in counted[-2:]] == [
        ("dedicated IPv4", "1"),
        ("certificates", "1"),
    ]
    assert [each["what"] for each in given] == [each["what"] for each in counted[:-2]]
