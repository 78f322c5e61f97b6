"""Whatever command of flyctl flyo advises, the stand-in offers, or it is about Fly.io itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flyctl_orchestrator.local.stand_in.arguments import parse
from flyctl_orchestrator.local.stand_in.commands import find
from flyctl_orchestrator.local.stand_in.failures import Failure

PACKAGE = Path(__file__).parents[4] / "flyctl_orchestrator"
ADVISED = re.compile(r"'flyctl ([a-z][^']*)'")
# About an account, about flyctl itself, or what a person does inside a machine or decides on a build.
ELSEWHERE = re.compile(
    r"auth |version |tokens |platform vm-sizes|ssh console|deploy --build-only|machine update|certs import"
)


def advised() -> dict[str, str]:
    """Every command of flyctl that a message or a page of an error names, and where."""
    found = {}
    for path in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.toml")]):
        if "local" in path.relative_to(PACKAGE).parts[:1]:
            continue
        for command in ADVISED.findall(path.read_text("utf-8")):
            if not ELSEWHERE.match(command):
                found[re.sub(r"\{[^}]*\}", "1", command)] = path.name
    return found


def test_there_is_advice_to_look_at() -> None:
    assert len(advised()) > 20


@pytest.mark.parametrize("command", advised())
def test_what_is_advised_is_offered(command: str) -> None:
    words = command.split()
    try:
        offered = find(words)
        parse(offered.name, offered.flags, words[len(offered.name.split()) :])
    except Failure as lacking:
        if "needs an argument" in lacking.message:
            return  # which one is for a person to choose
        pytest.fail(f"{advised()[command]} advises 'flyctl {command}': {lacking.message}")
