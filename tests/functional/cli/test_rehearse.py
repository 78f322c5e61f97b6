"""`flyo rehearse`, from a person's side: real platforms, real processes, and a fleet that must not notice."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import planted
from tests.flyo_process import PATIENCE
from tests.functional.cli.local_fleet import APP, LocalFleet

SECRET = "planted-secret-value"


@pytest.fixture
def theatre(fleet: LocalFleet, tmp_path: Path) -> Iterator[LocalFleet]:
    """The deployed app; afterwards nothing of a rehearsal is left, and the fleet is as it was."""
    stages = tmp_path / "tmp"
    stages.mkdir()
    fleet.extra["TMPDIR"] = str(stages)
    before = seen(fleet)
    server = fleet.project / "server.py"
    text = server.read_text()
    yield fleet
    server.write_text(text)
    assert list(stages.iterdir()) == [], "the rehearsal's directory is gone"
    assert not daemons_in(stages), "the rehearsal's platform is gone"
    assert seen(fleet) == before


def seen(fleet: LocalFleet) -> list[tuple[Any, ...]]:
    """What a rollout would have changed on the real machines."""
    return [(one["id"], one["instance_id"], one["state"], one["config"]) for one in fleet.machines()]


def daemons_in(directory: Path) -> list[str]:
    """Processes whose command line names a directory."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().decode(errors="replace")
        except OSError:
            continue
        found += [command] if str(directory) in command else []
    return found


def test_a_healthy_release_is_said_to_go_well(theatre: LocalFleet) -> None:
    ran = theatre.ok("rehearse", "--local")
    ids = {machine["region"]: machine["id"] for machine in theatre.machines()}
    for region in ("iad", "fra"):
        assert f"{region}     {ids[region]}  v2" in ran.stdout, "the machines have the ids of the real ones"
    assert ran.stdout.endswith(
        "What would have happened: every machine is new and verified; 100 of 100 good: error rate below 3 % (95 %); "
        "exit status 0.\n"
        f"This was a copy: app {APP} on the local platform was not touched.\n"
    )
    assert "rehearsing on a copy of the fleet on the local platform: 2 machines" in ran.stderr
    assert "nothing has changed since the last deploy" in ran.stderr


def test_a_broken_release_is_said_to_go_back(theatre: LocalFleet) -> None:
    server = theatre.project / "server.py"
    server.write_text(server.read_text().replace("500 if sick else 200", "500"))
    ran = theatre.flyo("rehearse", "--local", "--timeout", "5s")
    assert ran.status == 3, ran.stderr
    assert ran.stdout.splitlines()[-2].endswith("exit status 3.")
    assert "restored" in ran.stdout
    assert "canary failed" in ran.stderr


def test_a_fault_begins_with_the_rollout_and_decides_it(theatre: LocalFleet) -> None:
    report = theatre.root / "report.html"
    ran = theatre.flyo("rehearse", "--local", "--fault", "crash-loop:fra:image=new:after=0", "--html", str(report))
    planted.hear(report.read_text())
    assert "fault crash-loop in fra is set" in report.read_text()
    assert ran.status == 3, ran.stderr
    assert "crash-loop in fra, until cleared" in ran.stderr
    assert ran.stderr.index("plan: 2 machines") < ran.stderr.index("crash-loop in fra") < ran.stderr.index("canary")
    fates = {line.split()[0]: line for line in ran.stdout.splitlines() if line[:3] in ("iad", "fra")}
    assert "restored" in fates["iad"] and "restored" in fates["fra"]


def test_json_is_events_alone_and_ends_with_the_verdict(theatre: LocalFleet) -> None:
    ran = theatre.flyo("rehearse", "--local", "--json", "--fault", "lost-create", "--fault", "slow-answers:seconds=0.1")
    assert ran.status == 0, ran.stderr
    events = [json.loads(line) for line in ran.stdout.splitlines()]
    names = [event["event"] for event in events]
    assert names[0] == "rehearsal.started" and names[-1] == "rehearsal.finished"
    assert events[0] | {"ts": ""} == {
        "schema": "flyo.event/1",
        "event": "rehearsal.started",
        "ts": "",
        "app": APP,
        "source": "local",
        "machines": 2,
        "with_own_image": 2,
        "placeholders": [planted.NAME],
    }
    assert [event["name"] for event in events if event["event"] == "fault.set"] == ["lost-create", "slow-answers"]
    assert events[-1]["exit"] == 0 and events[-1]["what"].startswith("every machine is new and verified; ")
    assert "rollout.finished" in names


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--local", "--fault", "region-dwon:fra"), "no fault is called 'region-dwon'; did you mean 'region-down'"),
        (("--local", "--fault", "region-down:frankfurt"), "'frankfurt' is no region and no duration"),
        (("--local", "--from-live"), "--from-live and --local cannot be used together"),
        (("--local", "--secrets", "missing.env"), "missing.env"),
    ],
)
def test_what_cannot_be_rehearsed_is_said_in_one_line(
    theatre: LocalFleet, arguments: tuple[str, ...], said: str
) -> None:
    ran = theatre.flyo("rehearse", *arguments)
    assert (ran.status, ran.stdout) == (2, "")
    assert said in ran.stderr.splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_goes_back_on_the_copy_and_clears_up(theatre: LocalFleet, number: signal.Signals) -> None:
    arguments = ["rehearse", "--local", "--fault", "slow-boot:iad:seconds=600:times=1", "--timeout", "900s"]
    child = theatre.start(*arguments)
    assert child.stderr is not None
    for line in child.stderr:
        if "canary: iad" in line:
            break
    child.send_signal(number)
    out, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 130, err
    assert out.splitlines()[-2].endswith("exit status 130.")


def test_interrupted_before_it_began_it_clears_up(theatre: LocalFleet) -> None:
    child = theatre.start("rehearse", "--local")
    assert child.stderr is not None
    for line in child.stderr:
        if "rehearsing on a copy" in line:
            break
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 130, err
    assert "interrupted" in err


def live_variables(fleet: LocalFleet, elsewhere: Path) -> dict[str, str]:
    """An environment in which the fleet's platform is Fly.io, and the local platform is somewhere else."""
    base = f"http://127.0.0.1:{fleet.running.port}"
    apis = dict.fromkeys(("FLY_API_BASE_URL", "FLY_FLAPS_BASE_URL", "FLY_UIEX_BASE_URL"), base)
    return {**apis, "FLY_API_TOKEN": fleet.running.token, "FLYO_LOCAL_DIR": str(elsewhere)}


def test_a_live_fleet_is_copied_with_its_sleepers_and_without_its_secrets(theatre: LocalFleet, tmp_path: Path) -> None:
    sleeper = theatre.machine_in("fra")
    theatre.act(sleeper, "suspend", "suspended")
    try:
        variables = live_variables(theatre, tmp_path / "elsewhere")
        ran = theatre.ok("rehearse", "--from-live", "--json", env=variables, FLYO_TARGET="local")
    finally:
        theatre.act(sleeper, "start", "started")
    events: list[dict[str, Any]] = [json.loads(line) for line in ran.stdout.splitlines()]
    started = events[0]
    assert (started["source"], started["machines"], started["with_own_image"]) == ("fly", 2, 0)
    assert started["placeholders"] == [planted.NAME]
    rows = {row["region"]: row for row in next(e for e in events if e["event"] == "rollout.finished")["machines"]}
    assert (rows["fra"]["machine"], rows["fra"]["state"], rows["fra"]["health"]) == (
        sleeper["id"],
        "suspended",
        "asleep",
    )
    assert rows["iad"]["fate"] == rows["fra"]["fate"] == "new"
    assert not (tmp_path / "elsewhere").exists(), "the user's own platform was not started"


@pytest.fixture
def demanding(tmp_path: Path) -> Iterator[LocalFleet]:
    """A deployed app that does not start without a good secret."""
    there = LocalFleet(tmp_path / "demanding").write()
    server = there.project / "server.py"
    check = 'import os, sys\nos.environ["KEY"].startswith("good") or sys.exit("KEY is bad")\n'
    server.write_text(check + server.read_text())
    try:
        there.ok("local", "up")
        there.manage("POST", "/v1/apps", {"name": APP, "org_slug": "personal"})
        there.manage("POST", f"/v1/apps/{APP}/secrets", {"values": {"KEY": f"good-{SECRET}"}})
        there.ok("deploy", "--local")
        yield there
    finally:
        there.flyo("local", "down")


def test_a_copy_that_cannot_live_is_no_rehearsal_until_it_gets_its_secrets(demanding: LocalFleet) -> None:
    ran = demanding.flyo("rehearse", "--local", "--timeout", "80s")
    assert ran.status == 1, ran.stderr
    last = ran.stderr.splitlines()[-1]
    assert re.sub(r"\b[0-9a-f]{14}\b", "ID", last) == (
        f"flyo: rehearsal of app {APP}: the copy of machine ID in iad ended with exit code 1, the real one is healthy. "
        "Give it the secrets it needs with --secrets FILE, or the code that runs there with --before DIR "
        "[rehearse.copy]"
    )
    assert "KEY is bad" in ran.stderr, "what the machine said last is shown"
    (demanding.project / "rehearsal.env").write_text(f"KEY=good-for-{SECRET}\n")
    went_well = demanding.ok("rehearse", "--local", "--secrets", "rehearsal.env", "--verbose")
    assert "exit status 0." in went_well.stdout
    assert SECRET not in ran.stdout + ran.stderr + went_well.stdout + went_well.stderr


def test_a_first_deploy_can_be_rehearsed(bare: LocalFleet) -> None:
    ran = bare.ok("rehearse", "--local")
    assert "0 machines" in ran.stderr
    assert "exit status 0." in ran.stdout
    assert bare.ok("local", "status", "--json").json["apps"] == []


DAYS = ("failing-check@fra:before", "region-down@iad:at", "rate-limited@fra:after")


def test_bad_days_are_rehearsed_on_a_simulated_fly(theatre: LocalFleet) -> None:
    only = [word for day in DAYS for word in ("--only", day)]
    # An outage of 30 s is longer than the 20 s that this project's machines are given.
    ran = theatre.ok("rehearse", "--local", "--all", "--json", "--timeout", "2m", "--html", "days.html", *only)
    said = ran.json
    report = (theatre.project / "days.html").read_text()
    planted.hear(report)
    assert all(f'"day":"{day}"' in report for day in DAYS)
    assert (said["schema"], said["app"], said["machines"]) == ("flyo.rehearse-all/1", APP, len(theatre.machines()))
    assert (said["uniform"], said["mixed"], said["wrong"]) == (3, 0, 0)
    ends = {day["day"]: (day["fleet"], day["exit"], day["wrong"]) for day in said["days"]}
    assert ends == {DAYS[0]: ("old", 3, None), DAYS[1]: ("new", 0, None), DAYS[2]: ("new", 0, None)}


def test_one_bad_day_is_shown_as_it_happens(theatre: LocalFleet) -> None:
    ran = theatre.ok("rehearse", "--local", "--all", "--only", DAYS[0], "--seed", "3")
    assert "fault failing-check in fra, until cleared" in ran.stderr
    assert "rollout rolled back" in ran.stderr
    assert f"{DAYS[0]}  exit 3, all as before: " in ran.stdout
    assert ran.stdout.endswith("Of 1 bad day, 1 end uniform (0 new, 1 as before) and 0 mixed; all is well.\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--all", "--only", "rain"), "there is no bad day 'rain'"),
        (("--only", DAYS[0]), "--only goes with --all, and changes nothing without"),
        (("--all", "--fault", "lost-create"), "--all and --fault cannot be used together"),
    ],
)
def test_what_does_not_go_together_is_refused(theatre: LocalFleet, words: tuple[str, ...], said: str) -> None:
    ran = theatre.flyo("rehearse", "--local", *words)
    assert (ran.status, said in ran.stderr) == (2, True), ran.stderr
