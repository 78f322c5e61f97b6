"""What the package, its workflows and its Makefile say of each other is true."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from flyctl_orchestrator import __version__
from tests.release_check import said, wrong
from tests.unit.project.markdown_pages import ROOT, read

PACKAGE: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
REQUIREMENT = re.compile(r"^([\w.-]+(?:\[[\w,]+\])?)>=([\d.]+)")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+")


def lowest(lines: list[str]) -> dict[str, str]:
    """Each requirement's name and the oldest version that will do."""
    found = [REQUIREMENT.match(line) for line in lines]
    return {match[1]: match[2] for match in found if match is not None}


def test_the_habit_app_needs_the_same_in_its_image_and_here() -> None:
    image = (ROOT / "habit_app" / "requirements.txt").read_text("utf-8").splitlines()
    assert lowest(image) == lowest(PACKAGE["optional-dependencies"]["app"]) != {}


def test_the_image_installs_one_version_of_each_with_known_hashes() -> None:
    wanted = [Requirement(line) for line in lines("requirements.txt")]
    lock = "\n".join(lines("requirements.lock")).replace(" \\\n", "")
    pinned = {match[1]: match[2] for match in re.finditer(r"^([\w.-]+)==(\S+).*--hash=sha256:", lock, re.MULTILINE)}
    assert len(pinned) == len(re.findall(r"^\S", lock, re.MULTILINE))
    for each in wanted:
        assert each.specifier.contains(pinned[each.name.lower()]), each.name
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert "--require-hashes --only-binary :all: -r requirements.lock" in dockerfile
    assert "requirements.txt" not in dockerfile


def test_every_stage_of_the_image_begins_with_one_base_that_its_digest_names() -> None:
    stages = re.findall(r"^FROM (\S+)(?: AS (\w+))?$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    base, *others = stages
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-bookworm@sha256:[0-9a-f]{64}", base[0])
    assert others == [(base[1], "build"), (base[1], "")]


def test_the_last_stage_of_the_image_has_no_pip() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    head, _, last = text.rpartition("\nFROM ")
    minor = re.findall(r"^FROM python:(3\.\d+)", head, re.MULTILINE)
    assert "venv --without-pip /venv" in head
    # Of the base image's own Python, whose directory has the version in its name.
    assert "-m pip uninstall --yes --quiet pip" in last and re.findall(r"python(3\.\d+)/ensurepip", last) == minor
    assert "pip install" not in last


def lines(name: str) -> list[str]:
    """The lines of a file of the habit app, without comments."""
    text = (ROOT / "habit_app" / name).read_text("utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def test_types_reach_those_who_import_the_package() -> None:
    assert (ROOT / "flyctl_orchestrator" / "py.typed").read_bytes() == b""
    assert "Typing :: Typed" in PACKAGE["classifiers"]


def test_the_workflow_tests_every_python_the_package_is_offered_for() -> None:
    offered = re.findall(r"Python :: (3\.\d+)", "\n".join(PACKAGE["classifiers"]))
    tested = re.findall(r'"(3\.\d+)"', re.findall(r"python: \[(.*)\]", WORKFLOWS[0].read_text("utf-8"))[0])
    assert tested == offered
    assert PACKAGE["requires-python"] == f">={offered[0]}"


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_to_commits_and_permissions_are_given_one_by_one(workflow: Path) -> None:
    text = workflow.read_text("utf-8")
    used = re.findall(r"uses: (.+)", text)
    assert used
    assert [action for action in used if not PINNED.fullmatch(action)] == []
    assert re.search(r"^permissions: \{\}$", text, re.MULTILINE)
    assert set(re.findall(r"^ +([\w-]+: write)$", text, re.MULTILINE)) <= {"id-token: write"}


@pytest.mark.parametrize("file", [*WORKFLOWS, ROOT / ".pre-commit-config.yaml"], ids=lambda path: path.name)
def test_make_targets_that_are_called_exist(file: Path) -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    called = re.findall(r"\bmake ([\w-]+)", "\n".join(re.findall(r"(?:run|entry): (.*)", file.read_text("utf-8"))))
    assert set(called) <= set(targets)
    assert called or file.name == "release.yml"


CHANGELOG = "# Changelog\n\n## Unreleased\n\n## 0.2.0 (2026-12-01)\n\n### Added\n- something\n"
RELEASED = ("0.2.0", "https://example.org/flyo")


def test_a_release_is_let_through_when_everything_agrees() -> None:
    assert wrong("v0.2.0", "https://example.org/flyo", *RELEASED, CHANGELOG) == []


@pytest.mark.parametrize(
    ("tag", "address", "changelog", "sentence"),
    [
        ("v0.3.0", "https://example.org/flyo", CHANGELOG, "the tag is v0.3.0"),
        ("v0.2.0", "https://example.org/fork", CHANGELOG, "this is https://example.org/fork"),
        ("v0.2.0", "https://example.org/flyo", CHANGELOG.replace("0.2.0", "0.1.9"), "no heading '## 0.2.0"),
        ("v0.2.0", "https://example.org/flyo", CHANGELOG.replace(" (2026-12-01)", ""), "no heading '## 0.2.0"),
        ("v0.2.0", "https://example.org/flyo", CHANGELOG.replace("## 0.2.0", "- more\n\n## 0.2.0"), "'Unreleased'"),
    ],
)
def test_a_release_is_stopped_when_something_differs(tag: str, address: str, changelog: str, sentence: str) -> None:
    [found] = wrong(tag, address, *RELEASED, changelog)
    assert sentence in found


def test_a_package_that_names_no_address_is_not_released() -> None:
    assert wrong("v0.2.0", "https://example.org/flyo", "0.2.0", "", CHANGELOG) == [
        'pyproject.toml has no [project.urls] with Source = "https://example.org/flyo"'
    ]


def test_the_projects_own_version_and_address_can_be_read() -> None:
    assert said() == (__version__, PACKAGE.get("urls", {}).get("Source", ""))


def test_the_lines_to_add_before_the_first_release_are_those_that_it_asks_for() -> None:
    blocks = read(ROOT / "docs" / "how-to" / "release.md").blocks
    [lines] = [block for block in blocks if block.startswith("[project.urls]")]
    assert "Source" in tomllib.loads(lines)["project"]["urls"]
