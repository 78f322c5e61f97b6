"""The stand-in's `config validate` says what flyctl says, about one small file of each kind."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from flyctl_orchestrator.fleet.flyctl.flyctl import Ran
from flyctl_orchestrator.local.stand_in.arguments import parse
from flyctl_orchestrator.local.stand_in.commands import find
from flyctl_orchestrator.local.stand_in.failures import Failure
from flyctl_orchestrator.local.stand_in.session import Session
from flyctl_orchestrator.project.flytoml.judgement import read_judgement
from tests.fly_toml import FlyTomlKind, all_kinds

WORDS = ["config", "validate", "--strict", "--config", "fly.toml", "--app", "kinds"]


def ran(directory: Path, text: str, words: Sequence[str] = WORDS) -> Ran:
    (directory / "fly.toml").write_text(text, "utf-8")
    out, err, status = io.StringIO(), io.StringIO(), 0
    command = find(words)
    session = Session(
        arguments=parse(command.name, command.flags, words[2:]),
        env={"FLY_API_TOKEN": "t"},
        cwd=directory,
        stdin=io.BytesIO(),
        out=out,
        err=err,
        now=lambda: 0.0,
        sleep=lambda seconds: None,
    )
    try:
        command.load()(session)
    except Failure as failure:
        err.write(f"Error: {failure.message}\n")
        status = 1
    return Ran(tuple(words), status, out.getvalue(), err.getvalue())


@pytest.mark.parametrize("kind", all_kinds(), ids=lambda kind: kind.name)
def test_the_verdict_is_flyctls(tmp_path: Path, kind: FlyTomlKind) -> None:
    ended = ran(tmp_path, kind.text)
    judged = read_judgement(ended.stdout, ended.complaint)
    assert judged.valid is kind.valid
    if kind.syntax:
        assert sorted([*judged.says, *(f"- {key}" for key in judged.unknown)]) == list(kind.says)
    else:
        assert ended.complaint.startswith("failed loading app config from ")


def test_unknown_keys_are_named_only_when_asked_for(tmp_path: Path) -> None:
    assert "colour" in ran(tmp_path, 'app = "x"\ncolour = "blue"\n').stdout
    plain = [word for word in WORDS if word != "--strict"]
    assert "colour" not in ran(tmp_path, 'app = "x"\ncolour = "blue"\n', plain).stdout
