"""Deploys that the page starts: what is run and where, what is refused, and what becomes of them at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.functional.cli.local_fleet import APP, LocalFleet
from tests.platform_client import Answer
from tests.waiting import eventually


@dataclass(frozen=True)
class Clicker:
    """A browser that is signed in, but for the drawing."""

    fleet: LocalFleet
    headers: dict[str, str]

    def deploy(self, body: Any, method: str = "POST", **headers: str) -> Answer:
        """Ask for a deploy."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.fleet.api.send(method, "/_page/deploy", body, {**self.headers, **named})

    def under_way(self) -> list[str]:
        """The apps that are being deployed by a click."""
        apps: list[str] = self.fleet.manage("GET", "/_local/status")["deploying"]
        return apps

    def over(self) -> None:
        """Wait until none is."""
        eventually(self.under_way, lambda apps: apps == [], 60.0)


def signed_in(fleet: LocalFleet) -> Clicker:
    """Open the link that `flyo local open` would."""
    origin = f"http://127.0.0.1:{fleet.running.port}"
    headers = {"Origin": origin, "Content-Type": "application/json"}
    key = fleet.manage("POST", "/_local/page")["url"].partition("#")[2]
    opened = fleet.api.send("POST", "/_page/session", {"key": key}, headers)
    assert opened.status == 200
    return Clicker(fleet, {**headers, "Cookie": opened.headers["set-cookie"].partition(";")[0]})


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalFleet]:
    """The app, deployed to iad and fra."""
    fleet = LocalFleet(tmp_path_factory.mktemp("clicks")).write()
    try:
        fleet.ok("local", "up")
        fleet.plant(APP)
        fleet.ok("deploy", "--local")
        fleet.manage("PUT", "/_local/settings", {"rate_limits": False})
        yield fleet
    finally:
        fleet.flyo("local", "down")


@pytest.fixture
def click(there: LocalFleet) -> Clicker:
    """A browser."""
    return signed_in(there)


def digests(fleet: LocalFleet) -> dict[str, str]:
    """Which image each machine runs."""
    return {one["id"]: one["image_ref"]["digest"] for one in fleet.machines()}


def log_of(fleet: LocalFleet) -> Path:
    """What the deploy wrote."""
    return fleet.local / "deploys" / f"{APP}.log"


def test_a_click_makes_a_new_release_and_what_it_wrote_is_for_its_owner_alone(
    click: Clicker, there: LocalFleet
) -> None:
    before = digests(there)
    assert click.deploy({"app": APP}).status == 202
    click.over()
    after = digests(there)
    assert set(after) == set(before) and not set(after.values()) & set(before.values())
    log = log_of(there)
    assert "wave 2" in log.read_text()
    assert (log.stat().st_mode & 0o777, log.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_one_at_a_time(click: Clicker, there: LocalFleet) -> None:
    began = [click.deploy({"app": APP}) for _ in range(2)]
    assert [answer.status for answer in began] == [202, 409]
    assert "is under way" in began[1].body["error"]
    click.over()
    assert click.deploy({"app": APP}).status == 202
    click.over()


def test_a_release_that_crashes_in_one_region_goes_back_everywhere(click: Clicker, there: LocalFleet) -> None:
    before = digests(there)
    assert click.deploy({"app": APP, "crashes_in": "fra"}).status == 202
    click.over()
    assert digests(there) == before
    (fault,) = there.manage("GET", "/_local/faults")["faults"]
    assert (fault["name"], fault["region"], fault["set"]["release"]) == ("crash-loop", "fra", "new")
    there.manage("DELETE", "/_local/faults")


def test_what_cannot_be_deployed_is_said(click: Clicker, there: LocalFleet) -> None:
    there.manage("POST", "/v1/apps", {"name": "untold", "org_slug": "personal"})
    unknown = click.deploy({"app": "untold"})
    assert unknown.status == 409 and "run 'flyo deploy --local' there once" in unknown.body["error"]
    assert click.deploy({"app": "nowhere"}).status == 404
    assert click.deploy(["web"]).status == 404
    assert click.deploy({"app": APP, "crashes_in": "nowhere"}).status == 400
    assert there.manage("GET", "/_local/faults")["faults"] == []
    told = {"app": "untold", "options": [], "environment": {}}
    there.manage("PUT", "/_local/projects", {**told, "directory": "/not/there", "flyo": "/bin/sh"})
    assert "/not/there is not there any more" in click.deploy({"app": "untold"}).body["error"]
    there.manage("PUT", "/_local/projects", {**told, "directory": "/", "flyo": "/not/flyo"})
    gone = click.deploy({"app": "untold"})
    assert gone.status == 409 and "no flyo at /not/flyo any more" in gone.body["error"]
    there.manage("DELETE", "/v1/apps/untold")


def test_only_the_page_itself_deploys(click: Clicker, there: LocalFleet) -> None:
    before = digests(there)
    assert click.deploy({"app": APP}, Origin="http://evil.example").status == 403
    assert click.deploy({"app": APP}, Sec_Fetch_Site="cross-site").status == 403
    assert click.deploy({"app": APP}, Cookie="").status == 401
    assert click.deploy({"app": APP}, Content_Type="text/plain").status == 415
    assert click.deploy(None, method="GET").status == 404
    assert (click.under_way(), digests(there)) == ([], before)


def test_what_is_told_holds_no_credential(there: LocalFleet, click: Clicker) -> None:
    tokens = {"FLY_API_TOKEN": "FlyV1 pl4nted-token", "AWS_SECRET_ACCESS_KEY": "pl4nted-token"}
    there.ok("deploy", "--local", env=tokens)
    kept = b"".join(path.read_bytes() for path in there.local.glob("platform.db*"))
    assert b"FLYO_STATE_DIR" in kept and b"pl4nted-token" not in kept


def test_a_deploy_with_build_arguments_is_not_told(tmp_path: Path) -> None:
    fleet = LocalFleet(tmp_path).write()
    try:
        fleet.ok("deploy", "--local", "--build-arg", "KEY=value")
        assert signed_in(fleet).deploy({"app": APP}).status == 409
        fleet.ok("deploy", "--local")
        assert signed_in(fleet).deploy({"app": APP}).status == 202
        signed_in(fleet).over()
    finally:
        fleet.flyo("local", "down")


def test_what_is_under_way_goes_back_when_the_platform_is_stopped(tmp_path: Path) -> None:
    fleet = LocalFleet(tmp_path).write()
    try:
        fleet.ok("deploy", "--local")
        before = digests(fleet)
        plan = fleet.project / "flyo.toml"
        plan.write_text(plan.read_text().replace('watch = "0s"', 'watch = "5m"\nwatch_back = "0s"'))
        assert signed_in(fleet).deploy({"app": APP}).status == 202
        eventually(lambda: digests(fleet), lambda now: now != before, 60.0)
        down = fleet.ok("local", "down")
        assert f"the deploy of {APP} that was started on the page" in down.stderr
        assert "rolled back" in log_of(fleet).read_text()
        again = LocalFleet(tmp_path)
        again.ok("local", "up")
        assert digests(again) == before
        # Its project is known after the restart, too; nothing is left that would have to be ended first.
        plan.write_text(plan.read_text().replace('watch = "5m"', 'watch = "0s"'))
        click = signed_in(again)
        assert click.deploy({"app": APP}).status == 202
        click.over()
        assert not set(digests(again).values()) & set(before.values())
        again.ok("local", "destroy", APP, "--yes")
        assert not log_of(again).exists()
    finally:
        fleet.flyo("local", "down")
