"""`flyo scale` with real machines on the real local platform."""

from __future__ import annotations

import http.client
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
    shown = ran.json
    assert (shown["schema"], shown["changed"]) == ("flyo.scale/1", True)
    assert shown["counts"] == [{"region": "nrt", "group": "app", "before": 0, "count": 2}]
    created = {machine["id"] for machine in fleet.machines()} - before
    assert {each["id"] for each in shown["created"]} == created
    assert all(each["latency_ms"] > 0 for each in shown["created"])

    again = fleet.ok("scale", "--local", "nrt=2")
    assert again.stdout == "Nothing to do: nrt 2.\n"
    assert fleet.ok("scale", "--local", "nrt=2", "--json").json["changed"] is False

    back = fleet.ok("scale", "--local")
    assert back.stdout == "Done: iad 1, fra 1, nrt 0.\n"
    assert {machine["id"] for machine in fleet.machines()} == before
    assert fleet.ok("scale", "--local").stdout == "Nothing to do: iad 1, fra 1.\n"


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
    assert ran.json["code"] == "scale.rolled_back"
    assert "in nrt: " in ran.stderr
    assert "the new machines were removed again, nothing else was touched" in ran.stderr
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
