"""`flyo explain` tells about the codes that commands really end with."""

from __future__ import annotations

import json
import re

import pytest

from tests.functional.cli.local_fleet import LocalFleet


@pytest.mark.parametrize(
    "command",
    [
        ("status", "--local", "--app", "nobody"),
        ("deploy", "--local", "--resume"),
        ("scale", "--local", "xyz=1"),
        ("local", "fault", "clear"),
        ("--no-such-option",),
    ],
    ids=" ".join,
)
def test_the_code_of_a_line_that_a_command_ended_with(fleet: LocalFleet, command: tuple[str, ...]) -> None:
    ran = fleet.flyo(*command)
    found = re.search(r"\[([\w.]+)\]$", ran.last_line)
    assert found is not None, ran.last_line
    page = fleet.ok("explain", found[1])
    assert page.stdout.splitlines()[0] == found[1]
    assert [line for line in page.stdout.splitlines() if line and not line.startswith(" ")][1:] == [
        "What it means",
        "Why it happens",
        "What to do",
    ]
    assert fleet.ok("explain", found[0], "--json").json["code"] == found[1]


def test_what_the_local_proxy_answers(fleet: LocalFleet) -> None:
    answer = fleet.api.send("GET", "/", None, {"Host": f"nobody.localhost:{fleet.running.port}"})
    code = answer.headers["fly-proxy-error"]
    assert "There is no such app." in fleet.ok("explain", code).stdout


def test_an_unknown_code_names_near_ones_and_all_are_listed(fleet: LocalFleet) -> None:
    ran = fleet.flyo("explain", "plan.stael")
    assert (ran.status, ran.stdout) == (2, "")
    assert ran.last_line.startswith("flyo: flyo explain: there is no code 'plan.stael'. Near it: plan.stale, ")
    assert ran.last_line.endswith(" [explain.unknown]")
    listed = [each["code"] for each in fleet.ok("explain", "--json").json["codes"]]
    shown = fleet.ok("explain").stdout.splitlines()
    assert [line.strip() for line in shown if re.fullmatch(r"  \S+", line)] == listed
    failed = fleet.flyo("explain", "zzzz", "--json")
    assert json.loads(failed.stdout)["next"] == "'flyo explain' lists all codes"
