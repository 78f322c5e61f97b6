"""`flyo local fault`, from a person's side."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.functional.cli.local_fleet import LocalFleet


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalFleet]:
    """A platform that runs, with nothing on it."""
    there = LocalFleet(tmp_path_factory.mktemp("faults")).write()
    there.ok("local", "up")
    yield there
    there.flyo("local", "down")


@pytest.fixture
def up(platform: LocalFleet) -> Iterator[LocalFleet]:
    """The same, with no fault set afterwards."""
    yield platform
    platform.ok("local", "fault", "clear", "--all")


def test_a_fault_is_set_listed_and_cleared(up: LocalFleet) -> None:
    added = up.ok("local", "fault", "add", "region-down", "--region", "fra", "--for", "10m", "--json").json
    assert (added["name"], added["region"], added["chance"]) == ("region-down", "fra", 1.0)
    words = up.ok("local", "fault", "add", "slow-boot", "--chance", "0.3", "--times", "2", "--set", "seconds=3").stdout
    assert words.split(" ", 1)[1] == "slow-boot, 2 times, 30% likely\n"
    table = up.ok("local", "fault", "list").stdout
    assert "region-down  fra" in table and "seconds=3" in table
    listed = up.ok("local", "fault", "list", "--json").json
    assert listed["schema"] == "flyo.faults/1"
    assert [one["name"] for one in listed["faults"]] == ["region-down", "slow-boot"]
    assert "2 faults" in up.ok("local", "status").stdout
    assert up.ok("local", "fault", "clear", added["id"]).stdout == f"cleared {added['id']}\n"
    assert up.ok("local", "fault", "clear", "--all").stdout.startswith("cleared f")
    assert up.ok("local", "fault", "clear", "--all").stdout == "no fault was set\n"
    assert up.ok("local", "fault", "list").stdout == "No fault is set.\n"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("add", "region-dwon"), 1, "no fault is called 'region-dwon'; did you mean 'region-down'?"),
        (("add", "region-down", "--region", "frq"), 1, "there is no region 'frq'; did you mean 'fra'?"),
        (("add", "slow-boot", "--set", "seconds"), 2, "'seconds' is not KEY=VALUE"),
        (("add", "slow-boot", "--set", "second=3"), 1, "slow-boot has no setting 'second'; it has: seconds, image"),
        (("add", "slow-boot", "--for", "a while"), 2, "'a while' is not a duration"),
        (("add", "slow-boot", "--chance", "2"), 2, "--chance"),
        (("clear",), 2, "no fault was named"),
        (("clear", "f1", "--all"), 2, "--all and the ids of faults cannot be used together"),
        (("clear", "f999"), 1, "no fault 'f999' is set"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(up: LocalFleet, arguments: tuple[str, ...], status: int, said: str) -> None:
    ran = up.flyo("local", "fault", *arguments)
    assert (ran.status, ran.stdout) == (status, "")
    assert len(ran.stderr.splitlines()) == 1
    assert said in ran.stderr


def test_names_say_what_each_does_in_one_line(up: LocalFleet) -> None:
    lines = up.ok("local", "fault", "names").stdout.splitlines()[1:]
    known = up.ok("local", "fault", "names", "--json").json["names"]
    assert [line.split()[0] for line in lines] == [one["name"] for one in known]
    assert all(one["does"] in line for one, line in zip(known, lines, strict=True))


def test_without_a_platform_it_says_how_to_start_one(bare: LocalFleet) -> None:
    ran = bare.flyo("local", "fault", "list")
    assert (ran.status, ran.stdout) == (8, "")
    assert ran.stderr == "flyo: local platform: it is not running. Start it with 'flyo local up' [local.down]\n"
