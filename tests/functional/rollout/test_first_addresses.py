"""An app's first deploy gives it the addresses that flyctl leaves out where flyo's lock machine was there before."""

from __future__ import annotations

from typing import Any

from tests.functional.rollout.rollout_project import APP, FLY_TOML, RolloutProject


def addresses(project: RolloutProject) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = project.manage("GET", f"/v1/apps/{APP}/ip_assignments")["ips"]
    return found


def test_the_first_deploy_allocates_what_flyctl_would(fresh: RolloutProject) -> None:
    ran = fresh.deploy("--watch", "0s")
    assert ran.status == 0, ran.stderr
    given = addresses(fresh)
    assert [each["shared"] for each in given] == [False, True]
    assert f"allocated addresses: {', '.join(each['ip'] for each in given)}" in ran.stderr
    fresh.behave("good, second")
    assert fresh.deploy("--watch", "0s").status == 0
    assert addresses(fresh) == given


def test_an_app_with_an_address_keeps_what_it_has(fresh: RolloutProject) -> None:
    fresh.manage("POST", "/v1/apps", {"name": APP, "org_slug": "personal"})
    fresh.manage("POST", f"/v1/apps/{APP}/ip_assignments", {"type": "private_v6"})
    given = addresses(fresh)
    assert fresh.deploy("--watch", "0s").status == 0
    assert addresses(fresh) == given


def test_services_that_need_an_address_of_their_own_are_left_to_a_person(fresh: RolloutProject) -> None:
    more = '\n[[services]]\ninternal_port = 9000\nprotocol = "tcp"\n[[services.ports]]\nport = 9000\n'
    (fresh.project / "fly.toml").write_text(FLY_TOML + more)
    ran = fresh.deploy("--watch", "0s")
    assert f"app {APP} has no address, and its services need an IPv4 of their own" in ran.stderr
    assert addresses(fresh) == []
