"""Local fleets for the commands' tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.cli.local_fleet import APP, LocalFleet
from tests.waiting import eventually


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalFleet]:
    """An app deployed to iad and fra, shared by the tests of one file."""
    there = LocalFleet(tmp_path_factory.mktemp("fleet")).write()
    try:
        there.ok("local", "up")
        there.plant(APP)
        there.ok("deploy", "--local")
        # The limits are tested elsewhere; here the tests themselves call the API as often as they like.
        there.manage("PUT", "/_local/settings", {"rate_limits": False})
        yield there
    finally:
        there.flyo("local", "down")


@pytest.fixture
def fleet(deployed: LocalFleet) -> Iterator[LocalFleet]:
    """The deployed app, brought back to what flyo.toml says when a test is over."""
    yield deployed
    for switch in deployed.switches.iterdir():
        switch.unlink()
    deployed.extra.clear()
    if sorted(deployed.regions()) != ["fra", "iad"]:
        deployed.ok("scale", "--local", "--yes")
    # A check that failed during the test is only repeated at its interval.
    eventually(
        lambda: {check["status"] for each in deployed.machines() for check in each.get("checks") or []},
        lambda statuses: statuses == {"passing"},
        30.0,
    )


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[LocalFleet]:
    """A project whose platform does not run yet."""
    there = LocalFleet(tmp_path).write()
    yield there
    there.flyo("local", "down")
