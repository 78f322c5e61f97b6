"""What the stages of a Dockerfile say."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.local.images.dockerfile import parse
from flyctl_orchestrator.local.images.failure import BuildFailed
from flyctl_orchestrator.local.images.stages import Copy, Stage, pick, read_stages

Read = Callable[[str], Stage]


def test_a_stage_inherits_from_the_stage_it_is_from(stage: Read) -> None:
    last = stage(
        'FROM python:3.13 AS Base\nENV A=1\nWORKDIR /app\nEXPOSE 80/tcp\nCMD ["base"]\n'
        "FROM base\nENV B=$A-2\nWORKDIR sub\n"
    )
    assert last.base == "python:3.13"
    assert (last.env, last.workdir, last.cmd, last.exposed) == ({"A": "1", "B": "1-2"}, "/app/sub", ("base",), 80)


def test_a_stage_that_is_from_an_image_starts_afresh(stage: Read) -> None:
    last = stage('FROM a\nENV A=1\nCMD ["x"]\nFROM b\n')
    assert (last.base, last.env, last.cmd, last.workdir) == ("b", {}, (), "/")


@pytest.mark.parametrize(
    ("line", "env"),
    [
        ("ENV A=1 B=2", {"A": "1", "B": "2"}),
        ('ENV A="x y" B=x\\ y', {"A": "x y", "B": "x y"}),
        ("ENV A some words here", {"A": "some words here"}),
        ("ENV A='$HOME' B=\\$HOME", {"A": "$HOME", "B": "$HOME"}),
        ("ENV A=1\nENV A=2 B=$A", {"A": "2", "B": "1"}),
        ("ENV A=${NONE:-default}", {"A": "default"}),
        ("ENV A=a=b=c", {"A": "a=b=c"}),
    ],
)
def test_env(stage: Read, line: str, env: dict[str, str]) -> None:
    assert stage(f"FROM a\n{line}").env == env


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc")), max_size=20))
def test_any_value_in_single_quotes_comes_back_as_it_is(value: str) -> None:
    quoted = "'" + value.replace("'", "'\"'\"'") + "'"
    text = f"FROM a\nENV A={quoted} B=1"
    assert read_stages(parse(text))[-1].env == {"A": value, "B": "1"}


def test_arg_defaults_and_who_may_see_them(stage: Read) -> None:
    text = "ARG V=3.13\nARG HIDDEN=1\nFROM python:${V}-slim\nARG V\nARG W=w\nENV SEEN=$V HID=$HIDDEN W2=$W\n"
    last = stage(text)
    assert last.base == "python:3.13-slim"
    assert last.env == {"SEEN": "3.13", "HID": "", "W2": "w"}


def test_env_comes_before_an_arg_of_the_same_name(stage: Read) -> None:
    assert stage("FROM a\nENV V=env\nARG V=arg\nWORKDIR /$V").workdir == "/env"


@pytest.mark.parametrize(
    ("lines", "argv"),
    [
        ('CMD ["a", "$B"]', ("a", "$B")),
        ("CMD a  b", ("/bin/sh", "-c", "a  b")),
        ('SHELL ["/bin/bash", "-ec"]\nCMD a', ("/bin/bash", "-ec", "a")),
        ('ENTRYPOINT ["e"]\nCMD ["c"]', ("e", "c")),
        ('CMD ["c"]\nENTRYPOINT ["e"]', ("e", "c")),
        ('CMD ["one"]\nCMD ["two"]', ("two",)),
    ],
)
def test_commands(stage: Read, lines: str, argv: tuple[str, ...]) -> None:
    last = stage(f"FROM a\n{lines}")
    assert (*last.entrypoint, *last.cmd) == argv


def test_an_entrypoint_drops_the_command_that_came_from_below(stage: Read) -> None:
    last = stage('FROM a AS b\nCMD ["old"]\nFROM b\nENTRYPOINT ["new"]')
    assert (last.entrypoint, last.cmd) == (("new",), ())


def test_what_has_no_effect_is_said(stage: Read) -> None:
    last = stage("FROM a\nUSER app\nHEALTHCHECK --interval=5s CMD curl localhost\nCMD ['a']\nHEALTHCHECK NONE")
    assert [sentence.split()[0] for sentence in last.ignored] == ["USER", "HEALTHCHECK", "Dockerfile:4:"]


def test_copy_is_read_with_its_flags_and_variables(stage: Read) -> None:
    last = stage(
        "FROM a AS first\nFROM b\nARG D=web\nWORKDIR /srv\n"
        'COPY --chmod=755 --exclude=*.md $D/ ./\nCOPY --from=first /x /y\nCOPY --from=0 /x /y\nCOPY ["a b", "c d/"]\n'
    )
    first, named, numbered, spaced = (step for step in last.steps if isinstance(step, Copy))
    assert (first.sources, first.target, first.workdir, first.mode, first.left_out) == (
        ("web/",),
        "./",
        "/srv",
        0o755,
        ("*.md",),
    )
    assert (named.origin, numbered.origin) == (0, 0)
    assert (spaced.sources, spaced.target) == (("a b",), "c d/")


def test_picking_a_stage() -> None:
    file = parse("FROM a AS one\nFROM b AS two\nFROM c")
    stages = read_stages(file)
    assert [pick(file, stages, target).base for target in (None, "one", "TWO", "2")] == ["c", "a", "b", "c"]
    with pytest.raises(BuildFailed, match=r"no stage `three` \(stages: one, two\)"):
        pick(file, stages, "three")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "Dockerfile:1: there is no FROM"),
        ("RUN x\nFROM a", "Dockerfile:1: RUN stands before the first FROM"),
        ("FROM a b", "Dockerfile:1: FROM takes"),
        ("FROM $NONE", "Dockerfile:1: `$NONE` is empty"),
        ("FROM a\nENV A=1 B", "Dockerfile:2: ENV takes NAME=value"),
        ("FROM a\nENV A", "Dockerfile:2: ENV A has no value"),
        ("FROM a\nEXPOSE http", "Dockerfile:2: EXPOSE takes a port"),
        ("FROM a\nCOPY x", "Dockerfile:2: COPY takes sources and a destination"),
        ("FROM a\nENV A='x", "Dockerfile:2: a single quote is not closed"),
        ("FROM a\nWORKDIR ${A#b}", "Dockerfile:2: `${A#…}` is not understood"),
    ],
)
def test_errors_say_the_line(text: str, error: str) -> None:
    with pytest.raises(BuildFailed) as caught:
        read_stages(parse(text))
    assert caught.value.error.startswith(error)
