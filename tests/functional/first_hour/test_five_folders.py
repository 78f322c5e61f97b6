"""From a folder of one's own to a verified machine, by Enter and by what is printed; nothing is looked up elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.first_hour.folders import FOLDERS, make
from tests.functional.first_hour.newcomer import Newcomer

TOOLS = {"flask": "from_pip", "django": "from_pip", "express": "from_npm", "go": "from_go", "fastapi": "from_pip"}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", FOLDERS)
def test_ten_answers_and_what_is_printed_lead_to_a_verified_machine(
    name: str, newcomer: Newcomer, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if name in TOOLS:
        request.getfixturevalue(TOOLS[name])
    folder = make(name, tmp_path)
    following = newcomer.init(folder)
    assert newcomer.answers <= 10
    here = [each for each in following if "--local" in each]
    there = [each for each in following if "--local" not in each]
    assert here[-1] == "flyo deploy --local"
    for line in here:
        ran = newcomer.type(line, folder)
        assert ran.returncode == 0, f"{line}\n{ran.stdout}\n{ran.stderr}"
    seen = newcomer.ok("status", "--local", "--json", cwd=folder).json
    assert seen["healthy"] is True and len(newcomer.machines(f"{name}-shop")) == 1
    assert newcomer.browse(f"{name}-shop", "/").body.strip() == f"a shop in {name}"
    # Fly.io itself wants flyctl and a login, and says so in one line.
    for line in there:
        ran = newcomer.type(line, folder)
        assert ran.returncode == 8, f"{line}\n{ran.stdout}\n{ran.stderr}"
        (said,) = ran.stderr.strip().splitlines()
        assert "flyctl" in said and said.endswith("]")


def test_an_empty_folder_is_told_at_once_and_offered_an_example(newcomer: Newcomer, tmp_path: Path) -> None:
    folder = tmp_path / "nothing"
    folder.mkdir()
    child = newcomer.person(folder, "init")
    child.expect_exact("flyo init --example habit")
    child.expect_exact("[init.unknown_app]")
    child.wait()
    assert (child.exitstatus, newcomer.answers, list(folder.iterdir())) == (2, 0, [])
