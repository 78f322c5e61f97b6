"""What commands advise works as it is typed: with --local, with --app, and where a variable stands for them."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from flyctl_orchestrator.report.advice import ALL
from tests.flyo_process import Ran
from tests.functional.cli.local_fleet import APP, LocalFleet


def advised(*ran: Ran) -> list[list[str]]:
    """The whole commands that are quoted in what was printed, as arguments of flyo."""
    texts = [line for each in ran for line in (each.stdout + each.stderr).splitlines()]
    return [shlex.split(found)[1:] for text in texts for found in re.findall(r"'(flyo [a-z][^']*)'", text)]


def lacking(commands: Iterable[list[str]], option: str) -> list[list[str]]:
    """Those that take a target and do not name it."""
    return [each for each in commands if ({each[0], "-".join(each[:2])} & ALL) and option not in each]


def test_what_a_sick_and_drifted_fleet_advises_can_be_typed(fleet: LocalFleet) -> None:
    text = (fleet.project / "flyo.toml").read_text()
    (fleet.project / "flyo.toml").write_text(text.replace("fra = 1\n", ""))
    try:
        ran = [
            fleet.flyo("status", "--local"),
            fleet.flyo("doctor", "--local"),
            fleet.flyo("plan", "--local"),
            fleet.flyo("run", "--local", "--region", "syd", "true"),
            fleet.flyo("deploy", "--local", "--resume"),
            fleet.flyo("rollback", "--local", "9999"),
            fleet.flyo("lock", "take", "--local", "--why", "a look"),
            fleet.flyo("deploy", "--local"),
            fleet.flyo("lock", "release", "--local"),
            fleet.flyo("deploy", "--local", "--yes"),
            fleet.flyo("secrets", "unset", "--local", "NOBODY"),
        ]
        commands = advised(*ran)
        assert len(commands) >= 10 and lacking(commands, "--local") == []
        for command in {tuple(each) for each in commands if each[0] in ("status", "history", "lock", "secrets")}:
            assert fleet.flyo(*command).status == 0, command
    finally:
        (fleet.project / "flyo.toml").write_text(text)
        fleet.flyo("lock", "release", "--local", "--force")


def test_what_an_app_that_is_not_there_advises_names_it(fleet: LocalFleet, tmp_path: Path) -> None:
    ran = fleet.flyo("status", "--local", "--app", "nobody", cwd=tmp_path)
    assert ran.last_line == (
        "flyo: app nobody: there is no such app on the local platform."
        " 'flyo deploy --local -a nobody' creates it [app.not_found]"
    )
    as_json = fleet.flyo("status", "--local", "--json", "--app", "nobody", cwd=tmp_path)
    assert as_json.json["next"] == "'flyo deploy --local -a nobody' creates it"


def test_where_a_variable_stands_for_it_nothing_is_added(fleet: LocalFleet) -> None:
    ran = fleet.flyo("run", "--region", "syd", "true", FLYO_TARGET="local")
    assert ran.last_line == (
        f"flyo: app {APP}: no machine in syd is started. 'flyo status --machines' shows machines and their states"
        " [run.no_machine]"
    )
    (command,) = advised(ran)
    assert fleet.flyo(*command, FLYO_TARGET="local").status == 0


def test_the_end_of_a_rollout_advises_what_can_be_typed(fleet: LocalFleet) -> None:
    def take_the_lock_away(child: subprocess.Popen[str]) -> None:
        fleet.ok("lock", "release", "--local", "--force")

    server = (fleet.project / "server.py").read_text()
    (fleet.project / "server.py").write_text(server + "# another image\n")
    try:
        ran = fleet.start_and(
            ["deploy", "--local", "--yes", "--json", "--watch", "20s"],
            lambda event: event["event"] == "rollout.started",
            take_the_lock_away,
        )
        last = next(line for line in reversed(ran.lines) if line["event"] == "rollout.finished")
        commands = [shlex.split(each)[1:] for each in re.findall(r"'(flyo [a-z][^']*)'", last["next"])]
        assert commands and lacking([*commands, *advised(ran)], "--local") == []
        assert fleet.flyo(*commands[0]).status == 0
    finally:
        (fleet.project / "server.py").write_text(server)
        fleet.ok("deploy", "--local", "--yes")


def test_doctor_on_this_computer_does_not_advise_what_was_typed(fleet: LocalFleet) -> None:
    ran = fleet.flyo("doctor", "--local")
    assert "add --local" not in ran.stdout
    assert "fix: Install it (https://docs.fly.io/flyctl/install/) before you deploy to Fly.io" in ran.stdout


def test_init_does_not_advise_a_deploy_that_nothing_can_be_built_for(fleet: LocalFleet, tmp_path: Path) -> None:
    (tmp_path / "fly.toml").write_text('app = "old"\nprimary_region = "iad"\n')
    ran = fleet.ok("init", "--yes", "--regions", "iad", cwd=tmp_path)
    assert "flyo deploy" not in ran.stderr
    assert ran.last_line == "next     write a Dockerfile, then run 'flyo init' again"
    assert fleet.ok("init", "--yes", "--json", "--regions", "iad", cwd=tmp_path).json["next"] == []
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    assert fleet.ok("init", "--yes", "--json", "--regions", "iad", cwd=tmp_path).json["next"] == [
        "flyo deploy --local",
        "flyo init --yes --create",
        "flyo deploy",
    ]


# Those that are left out say more: that there is nothing to undo, to resume or to go back to, and what to do.
GONE = [
    ["status"], ["probe"], ["logs"], ["history"], ["watch"], ["run", "true"], ["ssh"], ["lock", "status"],
    ["scale", "iad=1"],
]  # fmt: skip


@pytest.mark.parametrize("words", GONE, ids=" ".join)
def test_whatever_is_asked_of_an_app_that_is_gone_says_so_and_what_creates_it(
    words: list[str], fleet: LocalFleet, tmp_path: Path
) -> None:
    (tmp_path / "fly.toml").write_text('app = "nobody"\nprimary_region = "iad"\n')
    ran = fleet.flyo(*words, cwd=tmp_path, FLYO_TARGET="local")
    assert ran.status == 1
    assert ran.last_line.startswith("flyo: app nobody: there is no such app")
    assert ran.last_line.endswith(". 'flyo deploy' creates it [app.not_found]")


def test_what_was_done_to_an_app_that_is_gone_is_still_told(bare: LocalFleet) -> None:
    bare.ok("deploy", "--local", "--yes")
    bare.ok("deploy", "--local", "--yes")
    (again, first) = bare.ok("history", "--local", "--json").json
    assert (again["outcome"], again["exit"], first["outcome"]) == ("nothing", 0, "done")
    shown = bare.ok("history", "show", "last", "--local", "--json").lines
    assert shown[-1]["rollout"] == again["id"]
    bare.ok("local", "destroy", APP, "--yes")
    ran = bare.ok("history", "--local", "--json")
    assert [each["id"] for each in ran.json] == [again["id"], first["id"]]
    assert (
        f"warning: app {APP}: there is no such app on the local platform. 'flyo deploy --local' creates it. "
        "What was done from this computer is shown" in ran.stderr.splitlines()
    )
