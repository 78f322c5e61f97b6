"""`flyo probe` and `flyo watch` on a real local platform."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pexpect
import pytest

from tests import planted
from tests.functional.cli.local_fleet import APP, LocalFleet
from tests.functional.cli.test_status import as_fly
from tests.unit.report.html.told import asks_for_nothing, told

SCHEMAS = Path(__file__).resolve().parents[3] / "docs" / "reference" / "schemas"


def checked(page: Any, schema: str, directory: Path) -> Any:
    """The page, which is what its schema describes."""
    file = directory / "page.json"
    file.write_text(json.dumps(page))
    checker = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(SCHEMAS / schema), str(file)]
    ran = subprocess.run(checker, capture_output=True, text=True, timeout=90, check=False)
    assert ran.returncode == 0, ran.stdout
    return page


def test_a_token_in_a_page_s_query_is_in_nothing_that_is_shown_or_kept(fleet: LocalFleet) -> None:
    asked = ("probe", "--local", "--count", "2", "--path", f"/up?page=1&token={planted.SECRET}", "--path", "/up")
    (fleet.switches / "sick-fra").touch()
    # What is said and written is searched for the secret after the test.
    kept = fleet.flyo(*asked, "--html", "page.html", "--svg", "probe.svg")
    assert "/up?page=1&token=[hidden]" in kept.stdout
    assert "/up?page=1&token=[hidden]" in (fleet.project / "page.html").read_text("utf-8")
    assert "answered 500" in kept.stdout + kept.stderr
    assert fleet.flyo(*asked, "--json").json["paths"] == ["/up?page=1&token=[hidden]", "/up"]


def test_a_token_in_the_health_page_s_query_is_in_no_event_and_no_report(bare: LocalFleet) -> None:
    plan, server = bare.project / "flyo.toml", bare.project / "server.py"
    plan.write_text(plan.read_text().replace('path = "/up"', 'path = "/up?token=hunter22-hunter22"'))
    first = bare.ok("deploy", "--local", "--json")
    assert "/up?token=[hidden]" in first.stdout
    # Not to the platform's own check, so that it is the page from outside that is told of.
    server.write_text(server.read_text().replace("500 if sick", '500 if "?" in self.path'))
    back = bare.flyo("deploy", "--local", "--timeout", "8s")
    assert back.status == 3 and "answered 500" in back.stdout + back.stderr
    told = [bare.ok("history", "show", "last", "--local", *how) for how in ((), ("--json",), ("--html", "kept.html"))]
    for ran in (first, back, *told):
        assert "hunter22" not in ran.stdout + ran.stderr
    assert "hunter22" not in (bare.project / "kept.html").read_text("utf-8")
    for path in bare.local.glob("daemon.log"):
        assert "hunter22" not in path.read_text()


def states(fleet: LocalFleet) -> dict[str, str]:
    """What each region's machine does."""
    return {machine["region"]: machine["state"] for machine in fleet.machines()}


# --- probe


def test_each_region_is_asked_from_here(fleet: LocalFleet, tmp_path: Path) -> None:
    page = checked(fleet.ok("probe", "--local", "--json", "--count", "5").json, "probe-1.json", tmp_path)
    assert [(row["from"], row["region"], row["answered_by"]) for row in page["rows"]] == [
        (None, "fra", {"fra": 5}),
        (None, "iad", {"iad": 5}),
    ]
    for row in page["rows"]:
        assert (row["requests"], row["errors"], row["cold"]) == (5, 0, None)
        assert 0 < row["ms"]["p50"] <= row["ms"]["p95"] <= row["ms"]["p99"]
    assert (page["app"], page["paths"], page["target"]) == (APP, ["/up"], "local")


def test_what_was_measured_is_kept_as_a_page(fleet: LocalFleet) -> None:
    ran = fleet.ok("probe", "--local", "--count", "2", "--from", "lhr", "--html", "page.html")
    assert "The page is in page.html" in ran.stderr
    page = (fleet.project / "page.html").read_text("utf-8")
    asks_for_nothing(page)
    (row,) = told(page)["probe"]["rows"]
    assert (row["place"], row["answered_by"], row["requests"]) == ("from lhr", {"fra": 2}, 2)
    assert set(told(page)["places"]) == {"fra", "lhr"}


def test_a_client_anywhere_is_served_by_the_nearest_region(fleet: LocalFleet) -> None:
    rows = fleet.ok("probe", "--local", "--json", "--count", "2", "--from", "lhr", "--from", "ord").json["rows"]
    assert [(row["from"], row["region"], row["answered_by"]) for row in rows] == [
        ("lhr", None, {"fra": 2}),
        ("ord", None, {"iad": 2}),
    ]
    everywhere = fleet.ok("probe", "--local", "--json", "--count", "1", "--from", "all").json["rows"]
    assert {"nrt", "syd", "gru", "fra"} < {row["from"] for row in everywhere} and len(everywhere) == 17
    forced = fleet.ok("probe", "--local", "--json", "--count", "2", "--from", "lhr", "--region", "iad").json["rows"]
    assert [(row["from"], row["region"], row["answered_by"]) for row in forced] == [("lhr", "iad", {"iad": 2})]


def test_distances_are_in_the_figures_when_the_platform_has_them(fleet: LocalFleet) -> None:
    without = fleet.ok("probe", "--local", "--count", "1")
    assert "note: distances are not in these figures; 'flyo local up --delays' puts them in" in without.stderr
    fleet.manage("PUT", "/_local/settings", {"delays": True})
    try:
        ran = fleet.ok("probe", "--local", "--json", "--count", "3", "--from", "syd", "--region", "fra")
    finally:
        fleet.manage("PUT", "/_local/settings", {"delays": False})
    assert "note: distances" not in ran.stderr
    # Light alone needs 110 ms for this round trip.
    assert ran.json["rows"][0]["ms"]["p50"] > 110


def test_pages_are_asked_in_turn(fleet: LocalFleet) -> None:
    fleet.ok("probe", "--local", "--region", "fra", "--count", "4", "--path", "/one", "--path", "/two")
    lines = fleet.ok("logs", "--local", "--region", "fra").stdout.splitlines()
    pages = [line.rsplit(" ", 1)[1] for line in lines]
    # The first one is not counted.
    assert [page for page in pages if page in ("/one", "/two")] == ["/one", "/one", "/two", "/one", "/two"]


def test_errors_are_slower_than_every_answer(fleet: LocalFleet) -> None:
    (fleet.switches / "sick-fra").touch()
    ran = fleet.flyo("probe", "--local", "--count", "3", "--slo", "p95=10s", "--slo", "errors=10%")
    assert ran.status == 1
    fra = next(line for line in ran.stdout.splitlines() if line.startswith("fra"))
    assert fra.split() == ["fra", "3", "3", "failed", "failed", "failed"]
    said = ran.stderr.splitlines()
    logs = "'flyo logs --local' shows what the app writes"
    assert f"flyo: fra: p95 is that of a request that failed, more than 10s. {logs} [probe.slo]" in said
    assert f"flyo: fra: errors is 100 %, more than 10 %. {logs} [probe.slo]" in said
    assert said[-1].startswith("flyo: fra: no good answer: http://") and said[-1].endswith("[probe.no_answer]")
    assert not any("iad" in line for line in said)
    alone = fleet.flyo("probe", "--local", "--count", "1", "--region", "fra")
    assert (alone.status, alone.last_line.endswith("[probe.no_answer]")) == (1, True)


def test_limits_decide_the_exit_status(fleet: LocalFleet) -> None:
    kept = fleet.ok("probe", "--local", "--json", "--count", "2", "--slo", "p95=60s", "--slo", "errors=0%").json
    assert {each["verdict"] for row in kept["rows"] for each in row["slo"]} == {"met"}
    missed = fleet.flyo("probe", "--local", "--json", "--count", "2", "--slo", "p50=0s")
    assert missed.status == 1
    assert {row["slo"][0]["verdict"] for row in missed.json["rows"]} == {"missed"}


def test_a_sleeping_region_is_not_woken_and_not_judged(fleet: LocalFleet) -> None:
    machine = fleet.machine_in("fra")
    fleet.act(machine, "suspend", "suspended")
    try:
        ran = fleet.flyo("probe", "--local", "--count", "2", "--slo", "p95=60s")
        assert ran.status == 5
        assert ran.last_line == ("flyo: fra: p95=1m cannot be judged: no machine of it is started [probe.unmeasured]")
        assert "! fra: not measured, no machine of it is started; --cold wakes one" in ran.stdout
        assert states(fleet) == {"fra": "suspended", "iad": "started"}
    finally:
        fleet.act(machine, "start", "started")


def test_cold_starts_need_consent_and_leave_machines_as_they_were(fleet: LocalFleet, tmp_path: Path) -> None:
    refused = fleet.flyo("probe", "--local", "--cold")
    fra, iad = fleet.machine_in("fra")["id"], fleet.machine_in("iad")["id"]
    assert refused.status == 2
    assert refused.last_line == (
        f"flyo: flyo probe: --cold suspends machines that serve: {fra} (fra), {iad} (iad). Add --yes"
        " [probe.cold_consent]"
    )
    fleet.act(fleet.machine_in("fra"), "suspend", "suspended")
    try:
        ran = fleet.ok("probe", "--local", "--cold", "--yes", "--count", "1", "--json", "--slo", "cold=60s")
        rows = {row["region"]: row for row in checked(ran.json, "probe-1.json", tmp_path)["rows"]}
        assert {region: row["cold"]["machine"] for region, row in rows.items()} == {"fra": fra, "iad": iad}
        assert all(row["cold"]["ms"] > 0 and row["cold"]["checks"] == "passing" for row in rows.values())
        assert states(fleet) == {"fra": "suspended", "iad": "started"}
        # What sleeps is woken without a question: it serves nobody.
        assert fleet.ok("probe", "--local", "--cold", "--region", "fra", "--count", "1").status == 0
    finally:
        fleet.act(fleet.machine_in("fra"), "start", "started")


def test_a_person_is_asked_before_machines_are_suspended(fleet: LocalFleet) -> None:
    child = fleet.at_terminal("probe", "--local", "--cold", "--count", "1")
    child.expect("for a moment")
    child.send("n\r")
    child.expect_exact("flyo: not confirmed; nothing was changed [declined]\r\n")
    child.expect(pexpect.EOF)
    child.close()
    assert (child.exitstatus, states(fleet)) == (130, {"fra": "started", "iad": "started"})


def test_the_picture(fleet: LocalFleet, tmp_path: Path) -> None:
    ran = fleet.ok("probe", "--local", "--count", "2", "--plot", "--svg", "probe.svg", COLUMNS="60", LANG="C.UTF-8")
    assert all(len(line) <= 60 for line in ran.stdout.splitlines()[1:])
    assert "█ p50  ▒ p95  ░ p99" in ran.stdout
    try:
        picture = ElementTree.fromstring((fleet.project / "probe.svg").read_text())
        texts = [each.text for each in picture.iter("{http://www.w3.org/2000/svg}text")]
        assert {"fra", "iad"} <= set(texts)
    finally:
        (fleet.project / "probe.svg").unlink()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--region", "zzz"), "--region: 'zzz' is not a Fly.io region. Known on "),
        (("--region", "syd"), "--region: the app has no machine in syd that takes requests. It has some in fra, iad ["),
        (("--from", "zzz"), "--from: 'zzz' is not a Fly.io region. Known on "),
        (("--slo", "p90=1s"), "--slo: 'p90=1s' is no limit. Write e.g. p50=80ms, p95=200ms, p99=1s, errors=1% or c"),
        (("--slo", "cold=1s"), "flyo probe: --slo cold=… goes with --cold. Add --cold [probe.cold]"),
        (("--from", "nrt", "--cold"), "flyo probe: --cold with --from needs --region. Add --region CODE [probe.cold]"),
        *(
            (
                ("--path", path),
                f"flyo probe: {path!r} is not a request path. Write e.g. --path /up: one / in front, and no spaces "
                "[usage.path]",
            )
            for path in ("up", "//up", "/a page", "/ü")
        ),
    ],
)
def test_what_makes_no_sense_is_said(fleet: LocalFleet, arguments: tuple[str, ...], line: str) -> None:
    ran = fleet.flyo("probe", "--local", *arguments, LANG="C.UTF-8")
    assert (ran.status, ran.stdout) == (2, "")
    assert ran.last_line.startswith(f"flyo: {line}")


def test_probing_as_if_it_were_fly(fleet: LocalFleet) -> None:
    env = as_fly(fleet, fleet.running.token)
    ran = fleet.ok("probe", "--json", "--count", "2", env=env, FLYO_FLYCTL="/no/flyctl")
    assert {row["region"]: row["errors"] for row in ran.json["rows"]} == {"fra": 0, "iad": 0}
    elsewhere = fleet.flyo("probe", "--from", "nrt", env=env, FLYO_FLYCTL="/no/flyctl")
    assert elsewhere.status == 2
    assert elsewhere.last_line == (
        "flyo: --from: requests to Fly.io start where flyo runs, and nowhere else."
        " Run 'flyo probe' there, or rehearse it with --local [probe.from]"
    )


# --- watch


def test_sleepers_are_woken_timed_and_put_back(fleet: LocalFleet, tmp_path: Path) -> None:
    fra, iad = fleet.machine_in("fra"), fleet.machine_in("iad")
    fleet.act(fra, "suspend", "suspended")
    fleet.act(iad, "stop", "stopped")
    try:
        page = checked(fleet.ok("watch", "--local", "--json").json, "watch-1.json", tmp_path)
        rows = {row["region"]: row for row in page["machines"]}
        assert (rows["fra"]["was"], rows["iad"]["was"], page["well"]) == ("suspended", "stopped", True)
        assert all(row["cold_ms"] > 0 and row["checks"] == "passing" for row in rows.values())
        assert states(fleet) == {"fra": "suspended", "iad": "stopped"}
        slow = fleet.flyo("watch", "--local", "--max-cold", "0s", "--region", "iad")
        assert slow.status == 1
        assert slow.last_line.startswith(f"flyo: app {APP}: machine {iad['id']} in iad: its cold start took ")
        assert ", more than 0s. 'flyo logs --local --machine " in slow.last_line
    finally:
        for machine in (fra, iad):
            fleet.act(machine, "start", "started")


def test_a_sleeper_that_wakes_up_sick_is_found_and_put_back(fleet: LocalFleet) -> None:
    machine = fleet.machine_in("fra")
    fleet.act(machine, "suspend", "suspended")
    (fleet.switches / "sick-fra").touch()
    text = (fleet.project / "flyo.toml").read_text()
    (fleet.project / "flyo.toml").write_text(text.replace('timeout = "20s"', 'timeout = "1s"'))
    try:
        ran = fleet.flyo("watch", "--local")
        assert ran.status == 1
        assert f"machine {machine['id']} in fra: did not serve within 1 s: http://" in ran.last_line
        assert ran.last_line.endswith("[watch.unwell]")
        assert states(fleet) == {"fra": "suspended", "iad": "started"}
    finally:
        (fleet.project / "flyo.toml").write_text(text)
        (fleet.switches / "sick-fra").unlink()
        fleet.act(machine, "start", "started")


def test_a_machine_that_runs_and_is_sick_is_found_too(fleet: LocalFleet) -> None:
    (fleet.switches / "sick-fra").touch()
    ran = fleet.flyo("watch", "--local", "--json")
    assert ran.status == 1
    assert [row["region"] for row in ran.json["machines"] if row["trouble"]] == ["fra"]


def test_no_sleeper_is_woken_while_the_app_is_locked(fleet: LocalFleet) -> None:
    machine = fleet.machine_in("fra")
    fleet.act(machine, "suspend", "suspended")
    fleet.ok("lock", "take", "--local", "--why", "a look")
    try:
        ran = fleet.flyo("watch", "--local")
        assert (ran.status, ran.last_line.endswith("[lock.by_hand]")) == (6, True)
        assert states(fleet)["fra"] == "suspended"
    finally:
        fleet.ok("lock", "release", "--local")
        fleet.act(machine, "start", "started")
