"""A fly.toml that names no region, as half of those that people deploy with flyctl."""

from __future__ import annotations

from tests.functional.rollout.rollout_project import FLY_TOML, FLYO_TOML, RolloutProject


def without_primary(project: RolloutProject) -> None:
    (project.project / "fly.toml").write_text(FLY_TOML.replace('primary_region = "iad"\n', ""))


def test_machines_go_to_the_nearest_region_and_stay_where_they_are(fresh: RolloutProject) -> None:
    without_primary(fresh)
    (fresh.project / "flyo.toml").unlink()
    planned = fresh.flyo("plan", "--local")
    assert planned.status == 0 and "note: fly.toml: no region is named: iad is the nearest" in planned.stderr
    first = fresh.deploy("--watch", "0s")
    assert first.status == 0 and sorted(fresh.machines()) == ["iad"], first.stderr
    scaled = fresh.flyo("scale", "fra=1", "--local", "--yes")
    assert scaled.status == 0, scaled.stderr
    again = fresh.flyo("plan", "--local", "--detailed-exit-code")
    assert "the app stays where it is (fra, iad)" in again.stderr
    fresh.behave("good, second")
    second = fresh.deploy("--watch", "0s")
    assert second.status == 0 and sorted(fresh.machines()) == ["fra", "iad"], second.stderr


def test_the_first_region_of_flyo_toml_is_where_flyctl_begins(fresh: RolloutProject) -> None:
    without_primary(fresh)
    (fresh.project / "flyo.toml").write_text(FLYO_TOML.replace("iad = 1\n", "").replace("canary", "# canary"))
    ran = fresh.deploy("--watch", "0s")
    assert ran.status == 0 and sorted(fresh.machines()) == ["fra", "nrt"], ran.stderr


def test_a_primary_region_that_is_closed_since_is_in_nobodys_way(deployed: RolloutProject) -> None:
    (deployed.project / "flyo.toml").unlink()
    (deployed.project / "fly.toml").write_text(FLY_TOML.replace('"iad"', '"den"'))
    deployed.behave("good, second")
    ran = deployed.deploy("--watch", "0s")
    assert ran.status == 0 and sorted(deployed.machines()) == ["fra", "iad", "nrt"], ran.stderr
    assert "Fly.io has closed its region 'den': the app stays where it is (fra, iad, nrt)" in ran.stderr


def test_a_first_deploy_to_a_closed_region_is_rehearsed_in_the_nearest_open_one(fresh: RolloutProject) -> None:
    (fresh.project / "flyo.toml").unlink()
    (fresh.project / "fly.toml").write_text(FLY_TOML.replace('"iad"', '"den"'))
    ran = fresh.deploy("--watch", "0s")
    assert ran.status == 0 and sorted(fresh.machines()) == ["dfw"], ran.stderr
    assert "closed its region 'den': rehearsed in dfw (Dallas), the nearest open one. Fly.io refuses it" in ran.stderr
    again = fresh.flyo("plan", "--local", "--detailed-exit-code")
    assert again.status == 0 and "the app stays where it is (dfw)" in again.stderr, again.stderr


def test_a_first_deploy_to_a_region_that_is_none_is_refused(fresh: RolloutProject) -> None:
    (fresh.project / "flyo.toml").unlink()
    (fresh.project / "fly.toml").write_text(FLY_TOML.replace('"iad"', '"the-nearest"'))
    ran = fresh.deploy()
    assert ran.status == 2 and "'the-nearest' is not a Fly.io region" in ran.last_line
    assert fresh.api.call("GET", "/v1/apps?org_slug=personal").body["total_apps"] == 0
