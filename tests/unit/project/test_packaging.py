"""The package says of itself what is true elsewhere in the project."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from tests.unit.project.markdown_pages import ROOT

PACKAGE: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
REQUIREMENT = re.compile(r"^([\w.-]+(?:\[[\w,]+\])?)>=([\d.]+)")


def lowest(lines: list[str]) -> dict[str, str]:
    """Each requirement's name and the oldest version that will do."""
    found = [REQUIREMENT.match(line) for line in lines]
    return {match[1]: match[2] for match in found if match is not None}


def test_the_habit_app_needs_the_same_in_its_image_and_here() -> None:
    image = (ROOT / "habit_app" / "requirements.txt").read_text("utf-8").splitlines()
    assert lowest(image) == lowest(PACKAGE["optional-dependencies"]["app"]) != {}


def test_types_reach_those_who_import_the_package() -> None:
    assert (ROOT / "flyctl_orchestrator" / "py.typed").read_bytes() == b""
    assert "Typing :: Typed" in PACKAGE["classifiers"]
