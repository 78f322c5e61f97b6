"""The main job: the habit app in three regions, each one proved, and a write in Tokyo that Virginia makes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.laptop import Laptop, Page

REGIONS = ("iad", "fra", "nrt")


@pytest.fixture
def deployed(laptop: Laptop, habits: Path) -> Laptop:
    """The habit app, rolled out."""
    laptop.ok("deploy", "--local", cwd=habits)
    return laptop


def states(laptop: Laptop, app: str = "habit-tracker") -> dict[str, str]:
    """State of each region's one machine."""
    return {machine["region"]: machine["state"] for machine in laptop.machines(app)}


def versions(laptop: Laptop) -> dict[str, tuple[str, str, str]]:
    """Machine id, instance and image digest by region."""
    return {
        machine["region"]: (machine["id"], machine["instance_id"], machine["image_ref"]["digest"])
        for machine in laptop.machines("habit-tracker")
    }


def sign_up(laptop: Laptop, region: str) -> str:
    """Make an account from `region` and return its cookies."""
    page = laptop.browse(
        "habit-tracker",
        "/signup",
        region,
        method="POST",
        body="name=kenji&password=correct-horse-battery&zone=Asia%2FTokyo",
        Content_Type="application/x-www-form-urlencoded",
        Sec_Fetch_Site="same-origin",
    )
    assert page.status == 303, page.body
    return cookies(page)


def cookies(page: Page) -> str:
    """What a browser would send back."""
    return "; ".join(each.split(";")[0] for each in page.headers.get_all("Set-Cookie") or [])


def test_a_first_deploy_shows_every_region_and_a_second_one_changes_nothing(laptop: Laptop, habits: Path) -> None:
    first = laptop.ok("deploy", "--local", cwd=habits)
    for region in REGIONS:
        assert re.search(rf"^\W*{region}\b.*\b[0-9a-f]{{14}}\b.*\bms\b", first.stdout, re.M), first.stdout
    before = versions(laptop)
    assert sorted(before) == sorted(REGIONS)
    second = laptop.ok("deploy", "--local", cwd=habits)
    assert "nothing to do" in (second.stdout + second.stderr).lower()
    assert versions(laptop) == before


def test_each_region_answers_for_itself(deployed: Laptop) -> None:
    by_region = {machine["region"]: machine["id"] for machine in deployed.machines("habit-tracker")}
    for region in REGIONS:
        page = deployed.browse("habit-tracker", "/api/health", region)
        assert page.status == 200
        assert (page.json["region"], page.json["machine"]) == (region, by_region[region])


def test_a_write_in_tokyo_is_made_in_virginia_and_read_back_in_tokyo(deployed: Laptop) -> None:
    session = sign_up(deployed, "nrt")
    made = deployed.browse(
        "habit-tracker",
        "/habits",
        "nrt",
        method="POST",
        body="name=Sencha+at+ten&kind=daily",
        Content_Type="application/x-www-form-urlencoded",
        Sec_Fetch_Site="same-origin",
        Cookie=session,
    )
    assert made.status == 303, "the client must never see the 409 that asks for the replay"
    assert made.headers["X-Served-By"].startswith("iad/")
    assert made.headers["fly-replay"] is None
    after = deployed.browse("habit-tracker", "/dashboard", "nrt", Cookie=f"{session}; {cookies(made)}")
    assert after.status == 200
    assert after.headers["X-Served-By"].startswith("nrt/")
    assert "Sencha at ten" in after.body


def test_a_broken_release_fails_in_the_first_wave_and_is_put_back(deployed: Laptop, habits: Path) -> None:
    before = versions(deployed)
    health = habits / "habit_app" / "edge" / "health.py"
    health.write_text(health.read_text().replace("503 if draining else 200", "500"))
    failed = deployed.flyo("deploy", "--local", "--timeout", "12s", cwd=habits)
    assert failed.status == 3, failed.stdout + failed.stderr
    after = versions(deployed)
    assert {region: after[region] for region in ("fra", "nrt")} == {region: before[region] for region in ("fra", "nrt")}
    # The machine is the same one, with the image it had; its version is a new one, since it was changed back.
    assert (after["iad"][0], after["iad"][2]) == (before["iad"][0], before["iad"][2])
    for region in REGIONS:
        assert deployed.browse("habit-tracker", "/api/health", region).status == 200
    [last] = [line for line in failed.stderr.splitlines() if line.startswith("flyo: ")]
    assert "500 from GET /api/health" in last or "500 Internal" in last, last


def test_an_idle_app_sleeps_wakes_and_is_verified_asleep(deployed: Laptop, habits: Path) -> None:
    for _ in range(3):
        deployed.manage("POST", "/_local/tick")
    # The primary region keeps its one machine awake: min_machines_running counts there and nowhere else.
    assert states(deployed) == {"iad": "started", "fra": "suspended", "nrt": "suspended"}
    shown = deployed.ok("status", "--local", "--json", cwd=habits).json
    seen = {row["region"]: row for row in shown["regions"]}
    assert [machine["state"] for machine in seen["nrt"]["machines"]] == ["suspended"]

    page = deployed.browse("habit-tracker", "/api/health", "nrt")
    assert (page.status, page.json["region"]) == (200, "nrt")
    assert states(deployed)["nrt"] == "started"

    for _ in range(3):
        deployed.manage("POST", "/_local/tick")
    before = versions(deployed)
    (habits / "habit_app" / "note.txt").write_text("a change that makes a new image\n")
    released = deployed.ok("deploy", "--local", "--json", cwd=habits)
    after = versions(deployed)
    for region in REGIONS:
        assert after[region][2] != before[region][2], "every region runs the new image"
    assert states(deployed) == {"iad": "started", "fra": "suspended", "nrt": "suspended"}
    probed = {line["region"] for line in released.lines if line["event"] == "probe.answered" and line.get("ok")}
    assert probed == set(REGIONS), "the sleepers were woken and asked"
