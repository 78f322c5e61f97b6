"""Which commands install an app's dependencies, and what they depend on."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from flyctl_orchestrator.local.images.context import scan
from flyctl_orchestrator.local.images.dockerfile import parse
from flyctl_orchestrator.local.images.failure import BuildFailed
from flyctl_orchestrator.local.images.ignore import Ignore
from flyctl_orchestrator.local.images.layout import lay_out
from flyctl_orchestrator.local.images.manifests import InstallPlan, asked_for, by_default
from flyctl_orchestrator.local.images.stages import read_stages
from tests.unit.local.images.conftest import Write

_PACKAGE = json.dumps({"dependencies": {"x": "1"}})


def _plan(context: Write, files: Mapping[str, str], dockerfile: str = "FROM a\nCOPY . .") -> InstallPlan:
    file = parse(dockerfile)
    stages = read_stages(file)
    scanned = scan(context(files), Ignore())
    return by_default(scanned, lay_out(file, stages, stages[-1], scanned).tree, stages[-1])


@pytest.mark.parametrize(
    ("files", "commands", "inputs", "virtual_env"),
    [
        ({"a.txt": ""}, [], (), False),
        ({"requirements.txt": "x==1"}, ["pip install -r requirements.txt"], ("requirements.txt",), True),
        (
            {"requirements.txt": "x", "pyproject.toml": "[build-system]"},
            ["pip install -r requirements.txt"],
            ("requirements.txt",),
            True,
        ),
        ({"pyproject.toml": "[build-system]\nrequires=[]"}, ["pip install ."], None, True),
        ({"pyproject.toml": "[project]\nname='a'\ndynamic=['dependencies']"}, ["pip install ."], None, True),
        (
            {"pyproject.toml": "[project]\ndependencies=['a>1', 'b']"},
            ["pip install 'a>1' b"],
            ("pyproject.toml",),
            True,
        ),
        ({"pyproject.toml": "[tool.ruff]"}, [], (), False),
        (
            {"package.json": _PACKAGE, "package-lock.json": "{}"},
            ["npm ci"],
            ("package-lock.json", "package.json"),
            False,
        ),
        (
            {"package.json": _PACKAGE, "package-lock.json": "{}", "yarn.lock": ""},
            ["npm install"],
            ("package-lock.json", "package.json"),
            False,
        ),
        ({"package.json": _PACKAGE}, ["npm install"], ("package.json",), False),
        ({"package.json": _PACKAGE, ".npmrc": ""}, ["npm install"], (".npmrc", "package.json"), False),
        ({"package.json": '{"scripts": {"start": "node ."}}'}, [], (), False),
        ({"package.json": '{"scripts": {"postinstall": "node x"}}'}, ["npm install"], None, False),
        ({"package.json": '{"dependencies": {"x": "file:./x"}}'}, ["npm install"], None, False),
        (
            {"package.json": _PACKAGE, "requirements.txt": ""},
            ["pip install -r requirements.txt", "npm install"],
            ("package.json", "requirements.txt"),
            True,
        ),
    ],
)
def test_what_manifests_ask_for(
    context: Write, files: dict[str, str], commands: list[str], inputs: tuple[str, ...] | None, virtual_env: bool
) -> None:
    plan = _plan(context, files)
    assert [step.command for step in plan.steps] == commands
    assert (plan.inputs, plan.virtual_env) == (inputs, virtual_env)


@pytest.mark.parametrize(
    ("requirements", "inputs"),
    [
        ("-r more/base.txt # c\nx", ("more/base.txt", "more/deep.txt", "requirements.txt")),
        ("--requirement=more/deep.txt", ("more/deep.txt", "requirements.txt")),
        ("-cmore/deep.txt", ("more/deep.txt", "requirements.txt")),
        ("--no-index\n--find-links vendor\nx", ("requirements.txt", "vendor")),
        ("./vendor/x.whl", ("requirements.txt", "vendor/x.whl")),
        ("-e .", None),
        (".[extra]", None),
        ("x @ https://example.com/x.whl\n../outside", ("requirements.txt",)),
        ("# -e .", ("requirements.txt",)),
    ],
)
def test_files_a_requirements_file_names_are_inputs(
    context: Write, requirements: str, inputs: tuple[str, ...] | None
) -> None:
    files = {"requirements.txt": requirements, "more/base.txt": "-r deep.txt", "more/deep.txt": "y", "vendor/x.whl": ""}
    assert _plan(context, files).inputs == inputs


def test_manifests_that_copy_puts_into_the_working_directory_are_found_where_they_came_from(context: Write) -> None:
    plan = _plan(context, {"server/requirements.txt": "x", "b": ""}, "FROM a\nWORKDIR /srv\nCOPY server/ ./")
    assert [(step.command, step.directory) for step in plan.steps] == [("pip install -r requirements.txt", "server")]
    assert plan.inputs == ("server/requirements.txt",)


@pytest.mark.parametrize(
    ("base", "virtual_env"), [("python:3.13-slim", True), ("docker.io/library/python", True), ("node:20", False)]
)
def test_a_python_image_gets_an_environment_even_with_nothing_to_install(
    context: Write, base: str, virtual_env: bool
) -> None:
    plan = _plan(context, {"a.py": ""}, f"FROM {base}\nCOPY . .")
    assert (plan.steps, plan.virtual_env) == ((), virtual_env)


@pytest.mark.parametrize(("name", "text"), [("pyproject.toml", "[broken"), ("package.json", "{")])
def test_a_broken_manifest_is_named(context: Write, name: str, text: str) -> None:
    with pytest.raises(BuildFailed, match=rf"^{name}: "):
        _plan(context, {name: text})


def test_a_command_without_inputs_depends_on_everything(context: Write) -> None:
    scanned = scan(context({"a": ""}), Ignore())
    assert asked_for("make", None, scanned).inputs is None
    assert asked_for("make", ("./a", "a"), scanned).inputs == ("a",)
    assert asked_for("make", (".",), scanned).inputs == ("",)


@pytest.mark.parametrize(
    ("name", "what"), [("b", "not in the context"), ("../a", "not in the context"), ("c.md", "left out by")]
)
def test_an_input_that_is_not_there_is_an_error(context: Write, name: str, what: str) -> None:
    scanned = scan(context({"a": "", "c.md": ""}), Ignore("*.md"))
    with pytest.raises(BuildFailed, match=what):
        asked_for("make", (name,), scanned)
