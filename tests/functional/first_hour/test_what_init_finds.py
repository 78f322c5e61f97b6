"""What `flyo init` finds out by itself, and says: regions, databases, and what cannot be rehearsed."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.project.project import load_project
from tests.functional.cli.test_init import FLASK, directory, flyo, put
from tests.functional.first_hour.folders import make
from tests.functional.first_hour.newcomer import Newcomer

__all__ = ["directory"]


def test_without_a_region_the_nearest_by_the_time_zone_is_taken_and_called_a_guess(directory: Path) -> None:
    put(directory, FLASK)
    result = flyo(directory, "--yes", zone="Europe/Berlin")
    assert (
        "note     Region fra (Frankfurt) is a guess, from this computer's time zone, Europe/Berlin: --primary CODE "
        "takes another.\n"
    ) in result.stderr
    assert load_project(directory).flytoml.primary_region == "fra"
    # From now on the files say it.
    assert "guess" not in flyo(directory, "--yes", zone="Asia/Tokyo").stderr
    assert load_project(directory).flytoml.primary_region == "fra"


def test_a_region_that_is_given_is_no_guess(directory: Path) -> None:
    put(directory, FLASK)
    result = flyo(directory, "--yes", "--primary", "sin", zone="Europe/Berlin")
    assert "guess" not in result.stderr and load_project(directory).flytoml.primary_region == "sin"


def test_databases_are_told_in_a_line_and_their_addresses_asked_for(directory: Path) -> None:
    compose = "services:\n  web: {build: ., environment: {DATABASE_URL: 'postgres://u:hunter2@db/x'}}\n"
    put(directory, {**FLASK, "compose.yaml": f"{compose}  db: {{image: 'postgres:16'}}\n"})
    result = flyo(directory, "--name", "shop", "--regions", "iad")
    assert (
        "note     It uses Postgres (service db in compose.yaml).\n"
        "note     Its files name secrets whose values only you know: 'flyo secrets set DATABASE_URL' asks for them "
        "(with --local for the rehearsal).\n"
    ) in result.stderr
    assert "hunter2" not in result.stderr


def next_lines(said: str) -> list[str]:
    """The commands that are named as next."""
    lines = said[said.index("next     ") :].splitlines()
    return [line[9:].partition("  ")[0] for line in lines]


@pytest.mark.parametrize("name", ["flask", "express", "static"])
def test_with_litefs_what_is_printed_works_and_is_no_rehearsal(name: str, newcomer: Newcomer, tmp_path: Path) -> None:
    folder = make(name, tmp_path)
    ran = newcomer.ok("init", "--yes", "--database", "litefs", "--local", cwd=folder)
    assert (
        "note     It cannot be rehearsed on this computer, whose machines have neither its program nor FUSE.\n"
        in ran.stderr
    )
    (line,) = next_lines(ran.stderr)
    typed = newcomer.type(line, folder)
    assert (line, typed.returncode) == ("flyo doctor --files", 0), typed.stderr
    # Also when it is asked again, of the files alone.
    assert next_lines(newcomer.ok("init", "--yes", "--local", cwd=folder).stderr) == [line]


def test_databases_are_told_before_the_first_question(newcomer: Newcomer, tmp_path: Path) -> None:
    folder = make("flask", tmp_path)
    (folder / "docker-compose.yml").write_text("services:\n  db:\n    image: postgres:16\n")
    child = newcomer.person(folder, "init")
    child.expect_exact("It uses Postgres (service db in docker-compose.yml).")
    child.expect_exact("App name")
    child.send("\x03")
    child.expect_exact("nothing was written")
