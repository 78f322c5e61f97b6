"""Shell completion: the protocol in a real bash, and what zsh and fish ask for."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pexpect
import pytest

from tests.flyo_process import FLYO, PATIENCE
from tests.functional.cli.local_fleet import APP, LocalFleet
from tests.functional.cli.test_status import as_fly

BIN = str(Path(FLYO).parent)
REGIONS = {"fra", "iad", "nrt", "lhr"}


def in_bash(fleet: LocalFleet, line: str, cwd: Path | None = None, **variables: str) -> set[str]:
    """What a bash offers when the key is pressed at the end of a line; nothing else may be printed."""
    words = line.split(" ")
    script = 'eval "$(_FLYO_COMPLETE=bash_source flyo)"\n'
    script += f"COMP_WORDS=({' '.join(map(shlex.quote, words))})\nCOMP_CWORD={len(words) - 1}\n"
    script += '_flyo_completion flyo\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
    ran = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=cwd or fleet.project,
        env={**fleet.variables, "PATH": f"{BIN}:{os.environ['PATH']}", **variables},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ran.stderr == "", ran.stderr
    return set(ran.stdout.split())


def test_regions_are_completed_wherever_one_is_named(fleet: LocalFleet) -> None:
    for line in ("flyo logs --region ", "flyo init --primary ", "flyo deploy --canary ", "flyo probe --local --from "):
        assert in_bash(fleet, line) >= REGIONS, line
    assert in_bash(fleet, "flyo logs --region fr") == {"fra"}
    assert in_bash(fleet, "flyo deploy --regions iad,fr") == {"iad,fra"}


def test_apps_are_those_here_and_on_the_local_platform(fleet: LocalFleet, tmp_path: Path) -> None:
    fleet.manage("POST", "/v1/apps", {"name": "fleet-other", "org_slug": "personal"})
    try:
        assert in_bash(fleet, "flyo status --local -a fleet-", cwd=tmp_path) == {APP, "fleet-other"}
        assert in_bash(fleet, "flyo local destroy ", cwd=tmp_path) == {APP, "fleet-other"}
        assert in_bash(fleet, "flyo status -a ", cwd=tmp_path, FLYO_TARGET="local") == {APP, "fleet-other"}
        # On Fly.io nobody is asked: the app of this directory, and those that were rolled out from here.
        assert in_bash(fleet, "flyo status -a ") == {APP}
        assert in_bash(fleet, "flyo status -a ", cwd=tmp_path) == set()
    finally:
        fleet.ok("local", "destroy", "fleet-other", "--yes")


def test_machines_are_those_of_the_app(fleet: LocalFleet, tmp_path: Path) -> None:
    ids = {machine["id"] for machine in fleet.machines()}
    assert in_bash(fleet, "flyo logs --local --machine ") == ids
    assert in_bash(fleet, f"flyo ssh --local -a {APP} --machine ", cwd=tmp_path) == ids
    assert in_bash(fleet, "flyo ssh --local --machine ", cwd=tmp_path) == set()
    without = in_bash(fleet, "flyo deploy --local --without ")
    assert without >= ids | REGIONS


def test_machines_on_fly_are_those_that_status_saw_last(fleet: LocalFleet) -> None:
    assert in_bash(fleet, "flyo logs --machine ") == set()
    fleet.ok("status", env=as_fly(fleet, fleet.running.token), FLYO_FLYCTL="/no/flyctl")
    assert in_bash(fleet, "flyo logs --machine ") == {machine["id"] for machine in fleet.machines()}


@pytest.mark.parametrize(
    "variables",
    [
        {"FLYO_LOCAL_DIR": "/dev/null/nowhere"},
        {"FLYO_CATALOG_DIR": "/dev/null/nowhere"},
        {"FLYO_STATE_DIR": "/dev/null/nowhere"},
        {"FLYO_LOCAL_PORT": "no port", "FLYO_TARGET": "nonsense"},
    ],
)
def test_nothing_is_printed_where_nothing_can_be_found(
    fleet: LocalFleet, tmp_path: Path, variables: dict[str, str]
) -> None:
    (tmp_path / "fly.toml").write_text("this is [ no toml")
    for line in ("flyo logs --local --machine ", "flyo status --local -a ", "flyo logs --machine ", "flyo status -a "):
        assert not in_bash(fleet, line, cwd=tmp_path, **variables) - {APP}
    in_bash(fleet, "flyo logs --region ", cwd=tmp_path, **variables)


def test_a_key_at_a_real_bash(fleet: LocalFleet) -> None:
    shell = pexpect.spawn(
        "bash",
        ["--norc", "--noprofile"],
        cwd=str(fleet.project),
        env={**fleet.variables, "PATH": f"{BIN}:{os.environ['PATH']}", "TERM": "dumb", "PS1": "ready$ "},
        encoding="utf-8",
        timeout=PATIENCE,
    )
    shell.expect_exact("ready$ ")
    shell.sendline('eval "$(_FLYO_COMPLETE=bash_source flyo)"; echo loa""ded')
    shell.expect_exact("loaded")
    shell.send("flyo logs --local --region nr\t")
    shell.expect_exact("nrt ")
    shell.close(force=True)


@pytest.mark.parametrize(
    ("shell", "asked"),
    [
        ("zsh", {"COMP_WORDS": "flyo logs --region fr", "COMP_CWORD": "3"}),
        ("fish", {"COMP_WORDS": "flyo logs --region fr", "COMP_CWORD": "fr"}),
    ],
)
def test_what_zsh_and_fish_ask_for(fleet: LocalFleet, shell: str, asked: dict[str, str]) -> None:
    answer = fleet.ok(env={"_FLYO_COMPLETE": f"{shell}_complete", **asked})
    assert (answer.stdout.replace("\n", " ").replace(",", " ").replace("\t", " ").split(), answer.stderr) == (
        ["plain", "fra", "Frankfurt"],
        "",
    )
    assert "_FLYO_COMPLETE" in fleet.ok(env={"_FLYO_COMPLETE": f"{shell}_source"}).stdout


@pytest.mark.parametrize(
    ("variables", "asked", "advised"),
    [
        ({}, "bash_complete", "bash_source"),
        ({"COMP_WORDS": "flyo ", "COMP_CWORD": "x"}, "zsh_complete", "zsh_source"),
        ({"COMP_CWORD": "fr"}, "fish_complete", "fish_source"),
        ({"COMP_WORDS": "flyo ", "COMP_CWORD": "1"}, "ksh_complete", "bash_source"),
        ({}, "1", "bash_source"),
    ],
)
def test_what_is_typed_by_hand_is_told_what_to_type(
    tmp_path: Path, variables: dict[str, str], asked: str, advised: str
) -> None:
    alone = "only works in a shell that is completing a line, which sets COMP_WORDS and COMP_CWORD, too"
    wrong = "is not known" if asked in ("ksh_complete", "1") else alone
    ran = subprocess.run(
        [FLYO], cwd=tmp_path, env={"_FLYO_COMPLETE": asked, **variables}, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (
        2,
        "",
        f"flyo: _FLYO_COMPLETE: '{asked}' {wrong}. '_FLYO_COMPLETE={advised} flyo' prints the script for the shell "
        "[usage.completion]\n",
    )
