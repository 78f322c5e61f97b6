"""Options that would change nothing are refused, so that nobody thinks they did something."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from flyctl_orchestrator.cli.build_options import BUILDS
from flyctl_orchestrator.cli.main import run
from flyctl_orchestrator.environment import Environment

ALONE = [
    ("init --yes --org acme", "--org", "--create"),
    ("init --yes --org acme --dry-run", "--org", "--create"),
    ("regions list --rtt own.csv", "--rtt", "--from"),
    ("regions suggest --users de=1 --days 3", "--days", "--users-from prometheus"),
    ("regions suggest --users-from access.log --days 3", "--days", "--users-from prometheus"),
    ("regions suggest --users de=1 -a shop", "--app", "--users-from prometheus"),
    ("regions suggest --users de=1 --config fly.toml", "--config", "--users-from prometheus"),
    ("rehearse --seed 0", "--seed", "--all"),
    ("rehearse --only region-down@fra:at", "--only", "--all"),
    ("probe --lock-wait 3s", "--lock-wait", "--cold"),
]
USELESS = [
    ("init --org acme --no-create", "--org", "--no-create"),
    ("init --example habit --start x", "--start", "--example"),
    ("status --watch --detailed-exit-code", "--detailed-exit-code", "--watch"),
    ("secrets generate KEY --if-missing --replace", "--if-missing", "--replace"),
    *((f"deploy {way} --unfinished abort", "--unfinished", way) for way in ("--resume", "--abort")),
    *((f"deploy {way} --accept doctor.x", "--accept", way) for way in ("--resume", "--abort")),
    ("deploy --plan kept.json --accept doctor.x", "--accept", "--plan"),
]
VALUES = {"--build-arg": "A=b", "--build-secret": "A=b"}
SWITCHES = {"--remote-only", "--local-only", "--no-cache"}


def said(directory: Path, line: str) -> tuple[int, str]:
    err = io.StringIO()
    variables = {"PATH": "", "TZ": "UTC", "HOME": str(directory)}
    status = run(line.split(), Environment(variables, directory, stdin=io.StringIO(), stdout=io.StringIO(), stderr=err))
    return status, err.getvalue().rstrip().rpartition("\n")[2]


def command_of(line: str) -> str:
    words = line.split()
    return " ".join(["flyo", *(words[:2] if words[0] in ("regions", "secrets") else words[:1])])


@pytest.mark.parametrize(("line", "option", "needed"), ALONE)
def test_an_option_that_needs_another_one(tmp_path: Path, line: str, option: str, needed: str) -> None:
    assert said(tmp_path, line) == (
        2,
        f"flyo: {command_of(line)}: {option} goes with {needed}, and changes nothing without. "
        f"Add {needed}, or leave {option} out [usage]",
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("line", "option", "other"), USELESS)
def test_an_option_that_another_one_makes_useless(tmp_path: Path, line: str, option: str, other: str) -> None:
    assert said(tmp_path, line) == (
        2,
        f"flyo: {command_of(line)}: {option} changes nothing with {other}. Leave {option} out [usage]",
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option", BUILDS)
@pytest.mark.parametrize("line", ["plan --image x", "deploy --image x", "deploy --resume", "deploy --abort"])
def test_nothing_is_built_from_an_image_or_half_way(tmp_path: Path, line: str, option: str) -> None:
    typed = option if option in SWITCHES else f"{option} {VALUES.get(option, 'auto')}"
    command, other, *_ = line.split()
    assert said(tmp_path, f"{line} {typed}") == (
        2,
        f"flyo: flyo {command}: {option} changes nothing with {other}. Leave {option} out [usage]",
    )


@pytest.mark.parametrize(
    "line",
    [
        "regions suggest --users de=1 --max 1",
        # As flyo --help says, it may be added to any command.
        "regions suggest --users de=1 --max 1 --local",
        "regions list --from Berlin",
        "init --yes --create --org acme --dry-run",
        "init --no-create --yes --dry-run",
    ],
)
def test_what_changes_something_is_taken(tmp_path: Path, line: str) -> None:
    (tmp_path / "index.html").write_text("a shop\n")
    assert said(tmp_path, line)[0] == 0
