"""docs/explanation/architecture.md is true: its rooms are the folders there are, its arrows the contracts that hold."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.unit.project.markdown_pages import ROOT, read

PACKAGE = ROOT / "flyctl_orchestrator"
PAGE = ROOT / "docs" / "explanation" / "architecture.md"
LISTED = re.compile(r"^ {0,4}([\w*]+\.py)\b", re.MULTILINE)


def rooms_listed() -> list[str]:
    """The first column of the table of rooms, in its order."""
    section = PAGE.read_text("utf-8").split("\n## The rooms\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([\w/]+)/` \|", section, re.MULTILINE)


def contracts() -> list[dict[str, Any]]:
    """The contracts of lint-imports that order rooms."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    return [contract for contract in tool["contracts"] if contract["type"] == "layers"]


def test_every_room_has_its_line_and_none_is_invented() -> None:
    there = {path.parent.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("__init__.py")} - {"."}
    listed = rooms_listed()
    assert sorted(listed) == sorted(there)


@pytest.mark.parametrize("contract", contracts(), ids=lambda contract: contract["name"])
def test_the_arrows_are_those_that_lint_imports_holds(contract: dict[str, Any]) -> None:
    layers = "\n".join(layer.replace("flyctl_orchestrator.", "") for layer in contract["layers"])
    assert layers + "\n" in read(PAGE).blocks


def python_files() -> list[Path]:
    """All Python that is ours: the product, the example app, tests, and the programs that are run by hand."""
    top = (PACKAGE, ROOT / "habit_app", ROOT / "tests", ROOT / "bench", ROOT / "demo")
    return [path for folder in top for path in folder.rglob("*.py")]


def test_no_folder_has_more_files_than_one_can_overlook() -> None:
    crowded = Counter(str(path.parent.relative_to(ROOT)) for path in python_files())
    assert crowded["tests/unit/project"] > 1
    assert {folder: files for folder, files in crowded.items() if files > 25} == {}


def test_no_file_is_longer_than_one_idea_needs() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in python_files()}
    assert lengths["tests/unit/project/test_architecture.py"] > 1
    assert {path: lines for path, lines in lengths.items() if lines > 400} == {}


@pytest.mark.parametrize(
    "package", sorted(PACKAGE.rglob("__init__.py")), ids=lambda path: str(path.parent.relative_to(ROOT))
)
def test_files_that_a_packages_docstring_lists_are_there(package: Path) -> None:
    named = LISTED.findall(package.read_text("utf-8"))
    assert [name for name in named if not list(package.parent.glob(name))] == []
