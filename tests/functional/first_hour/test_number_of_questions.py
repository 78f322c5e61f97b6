"""Nobody is asked more than eight questions, with flyctl at hand as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.first_hour.folders import EXPRESS, make
from tests.functional.first_hour.newcomer import Newcomer

WITHOUT_START = EXPRESS["package.json"].replace('"start": "node index.js"', '"dev": "x"')
# What is there besides an app in JavaScript, and how many questions are asked.
CASES: dict[str, tuple[dict[str, str], int]] = {
    "found by looking": ({}, 8),
    "a Dockerfile without a port": ({"Dockerfile": "FROM node:22\n"}, 8),
    "no start": ({"package.json": WITHOUT_START, "serve.js": "", "index.js": ""}, 8),
    "a fly.toml": ({"fly.toml": 'app = "shop"\nprimary_region = "fra"\n[http_service]\ninternal_port = 3000\n'}, 8),
}


class WithFlyctl(Newcomer):
    """One who has flyctl, so that the app can be created."""

    @property
    def variables(self) -> dict[str, str]:
        programs = self.root / "programs"
        programs.mkdir(exist_ok=True)
        flyctl = programs / "flyctl"
        flyctl.write_text("#!/bin/sh\nexit 1\n")
        flyctl.chmod(0o755)
        before = super().variables
        return before | {"PATH": f"{programs}:{before['PATH']}"}


@pytest.mark.parametrize("case", CASES)
def test_at_most_eight_questions(case: str, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    person = WithFlyctl(tmp_path / "home")
    folder = make("express", tmp_path)
    files, number = CASES[case]
    for name, text in files.items():
        (folder / name).write_text(text)
    if case == "no start":
        (folder / "index.js").unlink()
    following = person.init(folder)
    assert "and create the app 'express-shop' on Fly.io" in person.said or "app 'shop' on Fly.io" in person.said
    assert person.answers == number, person.said
    assert following or case == "no start"
    assert (folder / "flyo.toml").exists()
