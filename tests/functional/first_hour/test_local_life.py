"""The day after: failed first deploys leave nothing to wonder about, and remarks that change nothing come once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.cli.local_fleet import APP, LocalFleet

REMARK = "1 RUN instruction is not executed"


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[LocalFleet]:
    """A project that was never deployed, and a platform that does not run yet."""
    there = LocalFleet(tmp_path).write()
    flyo = there.project / "flyo.toml"
    flyo.write_text(flyo.read_text().replace("fra = 1\n", ""))
    yield there
    there.flyo("local", "down")


def apps(fleet: LocalFleet) -> list[str]:
    return [app["name"] for app in fleet.ok("local", "status", "--json").json["apps"]]


def with_line(fleet: LocalFleet, line: str) -> None:
    """Put a line into the Dockerfile, before the last."""
    dockerfile = fleet.project / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace("CMD", f"{line}\nCMD"))


def test_an_app_whose_first_image_could_not_be_built_is_removed_again(fleet: LocalFleet) -> None:
    with_line(fleet, "COPY missing .")
    ran = fleet.flyo("deploy", "--local")
    assert ran.status == 1 and f"note: app {APP}, which was made for this, is removed again" in ran.stderr
    assert apps(fleet) == []


def test_an_app_that_somebody_else_made_stays(fleet: LocalFleet) -> None:
    fleet.ok("secrets", "generate", "KEY", "--local")
    with_line(fleet, "COPY missing .")
    ran = fleet.flyo("deploy", "--local")
    assert ran.status == 1 and "removed again" not in ran.stderr
    assert apps(fleet) == [APP]


def test_an_app_whose_first_machines_failed_keeps_its_logs_and_says_how_it_goes(fleet: LocalFleet) -> None:
    (fleet.project / "server.py").write_text("print('no database', flush=True)\nraise SystemExit(4)\n")
    ran = fleet.flyo("deploy", "--local")
    (note,) = (line for line in ran.stderr.splitlines() if line.startswith("note: "))
    assert ran.status == 3
    assert (
        note == f"note: app {APP} was made for this and is empty; 'flyo local destroy {APP}' removes it with its logs"
    )
    assert "no database" in fleet.ok("local", "logs").stdout
    fleet.ok("local", "destroy", APP, "--yes")
    assert apps(fleet) == []


def test_a_remark_that_did_no_harm_is_told_once_to_people_and_always_to_programs(fleet: LocalFleet) -> None:
    with_line(fleet, "RUN true")
    assert REMARK in fleet.ok("deploy", "--local").stderr
    (fleet.project / "server.py").write_text((fleet.project / "server.py").read_text() + "# two\n")
    assert REMARK not in fleet.ok("deploy", "--local").stderr
    events = fleet.ok("deploy", "--local", "--json").lines
    assert any(REMARK in str(event.get("what")) for event in events if event["event"] == "warning")
    with_line(fleet, "RUN true")
    assert "2 RUN instructions are not executed" in fleet.ok("deploy", "--local").stderr


def test_lines_of_the_version_before_are_not_shown_with_a_failure(fleet: LocalFleet) -> None:
    fleet.ok("deploy", "--local")
    (fleet.project / "server.py").write_text("print('no database', flush=True)\nraise SystemExit(4)\n")
    ran = fleet.flyo("deploy", "--local", "--json")
    lines = ran.lines[-1]["log"]["lines"]
    assert "no database" in lines and not [line for line in lines if line.startswith("asked for")]


def test_advice_about_flyctl_can_be_followed_without_flyctl(fleet: LocalFleet) -> None:
    fleet.ok("secrets", "generate", "KEY", "--local")
    bare = {"PATH": "/usr/bin:/bin", "FLYO_FLYCTL": ""}
    fleet.ok("local", "exec", "--", "flyctl", "volumes", "create", "data", "-a", APP, "-r", "nrt", env=bare)
    listed = fleet.ok("local", "exec", "--", "fly", "volumes", "list", "-a", APP, env=bare).stdout
    assert "\tdata\t1GB\tnrt\t" in listed
