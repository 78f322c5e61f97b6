"""Images built by the user's Dockerfile in the engine, with every builder that there is."""

from __future__ import annotations

import json

import pytest

from tests import planted
from tests.engine_bases import SMALL
from tests.functional.containers.builders import Builder

# One after the other: a build that uses no cache makes the layers anew that another one has just found there.
pytestmark = [pytest.mark.containers, pytest.mark.xdist_group("container-builds")]


def test_run_lines_arguments_and_stages(builder: Builder) -> None:
    builder.write(
        f"FROM {SMALL} AS made\nARG WHO=nobody\nRUN echo made for $WHO > /made && cat /made\n"
        f'FROM {SMALL} AS last\nCOPY --from=made /made /made\nEXPOSE 9000/tcp\nENTRYPOINT ["cat"]\nCMD ["/made"]\n'
    )
    said = builder.build(args={"WHO": "fly"}, no_cache=True)
    assert "made for fly" in said.log
    assert said.events[0]["line"].startswith("machines run in containers")
    assert builder.build(args={"WHO": "fly"}, label="two").built["cached"] is True
    assert builder.build(args={"WHO": "fly"}, target="made", label="three").built["digest"] != said.built["digest"]


def test_what_the_builder_lacks_is_said(builder: Builder) -> None:
    builder.write(f"FROM {SMALL}\nRUN echo built\nCMD env\n")
    notices = builder.build().built["notices"]
    assert notices == [] if builder.buildkit else "no BuildKit" in notices[0]


def test_no_cache_does_every_step_again(builder: Builder) -> None:
    builder.write(f"FROM {SMALL}\nRUN cat /proc/sys/kernel/random/uuid > /once\nCMD env\n")
    first, again = builder.build().built, builder.build(label="two").built
    assert first["digest"] == again["digest"] != builder.build(label="three", no_cache=True).built["digest"]


def test_the_context_is_what_the_ignore_file_lets_through(builder: Builder) -> None:
    files = {"kept": "", "left": "", "away": "", ".dockerignore": "left\n", "other.ignore": "left\naway\n"}
    builder.write(f"FROM {SMALL}\nCOPY . /all\nRUN echo has: $(ls /all)\nCMD env\n", **files)
    assert "has: Dockerfile away kept other.ignore" in builder.build(no_cache=True).log
    other = builder.build(ignorefile="other.ignore", no_cache=True)
    if builder.buildkit:
        assert "has: Dockerfile kept other.ignore" in other.log
    else:
        assert (other.failed["code"], "buildx" in other.failed["hint"]) == ("build.engine", True)


def test_a_failed_build_shows_its_last_lines(builder: Builder) -> None:
    builder.write(f"FROM {SMALL}\nRUN echo the reason; exit 3\nCMD env\n")
    said = builder.build()
    assert said.failed["code"] == "build.failed"
    assert "the reason" in said.failed["error"] and "code: 3" in said.failed["error"]
    assert "--verbose" in said.failed["hint"]
    assert "the reason" in said.log


def test_a_syntax_line_builds_where_its_frontend_cannot_be_had(builder: Builder) -> None:
    builder.write(f"# escape=\\\n# syntax=127.0.0.1:9/docker/dockerfile:1\nFROM {SMALL}\nCMD env\n")
    notices = builder.build().built["notices"]
    assert "cannot be fetched" in notices[0] if builder.buildkit else "no BuildKit" in notices[0]


def test_copy_link_builds_where_the_builder_knows_none(builder: Builder) -> None:
    """Old engines and the classic builder refuse it; which one this is does not matter for what comes out."""
    builder.write(f"FROM {SMALL}\nCOPY --link kept /there\nRUN cat /there\nCMD env\n", kept="copied all the same")
    said = builder.build(no_cache=True)
    assert said.built and "copied all the same" in said.log


def test_here_documents_build_or_say_what_they_need(builder: Builder) -> None:
    builder.write(f"FROM {SMALL}\nCOPY <<END /text\nwritten here\nEND\nRUN <<END\ncat /text\nEND\nCMD env\n")
    said = builder.build(no_cache=True)
    if builder.here_documents:
        assert said.built and "written here" in said.log
    else:
        code, begins = (
            ("build.failed", "Here-documents (<<) need ") if builder.buildkit else ("build.engine", "Install")
        )
        assert said.failed["code"] == code
        assert said.failed["hint"].startswith(begins)


def test_a_flag_that_no_builder_knows_is_named(builder: Builder) -> None:
    builder.write(f"FROM {SMALL}\nCOPY --nowhere-known kept /there\nCMD env\n", kept="")
    assert builder.build().failed["hint"].startswith("--nowhere-known needs ")


@pytest.mark.parametrize("building_daemon", ["classic"], indirect=True)
@pytest.mark.parametrize(
    "lines",
    [
        "FROM {}\nRUN --mount=type=cache,target=/kept echo built",
        "FROM {}\nRUN --mount=type=secret,id=TOKEN echo built",
        "FROM --platform=$BUILDPLATFORM {}\nRUN echo built",
    ],
)
def test_the_classic_builder_names_buildkit_where_it_is_needed(builder: Builder, lines: str) -> None:
    builder.write(lines.format(SMALL) + "\nCMD env\n")
    failed = builder.build().failed
    assert failed["code"] == "build.failed"
    assert "needs BuildKit" in failed["hint"] and "buildx plugin" in failed["hint"]


@pytest.mark.parametrize("building_daemon", ["classic"], indirect=True)
def test_the_classic_builder_gets_no_secrets(builder: Builder) -> None:
    builder.write(f"FROM {SMALL}\nCMD env\n")
    said = builder.build(secrets={"TOKEN": planted.SECRET})
    assert said.failed["code"] == "build.engine" and "TOKEN" in said.failed["error"]
    assert planted.SECRET not in json.dumps(said.events)
