"""Images built by the user's Dockerfile in the engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.local.daemon import control
from tests import planted
from tests.engine_bases import SMALL, TestEngine
from tests.functional.containers.conftest import contained, leave_nothing
from tests.platform_client import Api

# One after the other: a build that uses no cache makes the layers anew that another one has just found there.
pytestmark = [pytest.mark.containers, pytest.mark.xdist_group("container-builds")]

Build = Callable[..., list[dict[str, Any]]]


def _kind(program: str) -> str:
    """Which builder a `docker` command brings: "buildx", the plugin; "built in", as before version 23; "classic"."""
    if _says(program, "buildx", "version"):
        return "buildx"
    return "built in" if "--secret" in _says(program, "build", "--help") else "classic"


def _says(*command: str) -> str:
    env = {**os.environ, "DOCKER_BUILDKIT": "1"}
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    return "" if ran.returncode else ran.stdout


def _programs() -> list[str]:
    found = (shutil.which("docker", path=place) for place in os.environ["PATH"].split(":"))
    return [program for program in found if program]


@pytest.fixture(params=["buildx", "built in"])
def build(request: pytest.FixtureRequest, engine: TestEngine, tmp_path: Path) -> Iterator[Build]:
    """Builds what a test wrote below `tmp_path / "app"` with BuildKit; the lines that the builder said."""
    capable = [program for program in _programs() if _kind(program) == request.param]
    if not capable:
        what = {"buildx": "and its buildx plugin (DOCKER_CONFIG may name it)", "built in": "before version 23"}
        pytest.skip(f"needs a `docker` command {what[request.param]}")
    path = f"{Path(capable[0]).parent}:{os.environ['PATH']}"
    yield from _builder(engine, tmp_path, path)


def _builder(engine: TestEngine, tmp_path: Path, path: str) -> Iterator[Build]:
    state = tmp_path / "state"
    api = Api(control.start(state, 0, environ={**contained(engine), "PATH": path}))
    api.app("small")

    def run(**wanted: Any) -> list[dict[str, Any]]:
        asked = {"app": "small", "context": str(tmp_path / "app"), "label": "one", **wanted}
        lines = api.call("POST", "/_local/builds", asked).raw.decode().splitlines()
        return [json.loads(line) for line in lines]

    yield run
    leave_nothing(engine, state)


def _write(tmp_path: Path, dockerfile: str, **files: str) -> None:
    app = tmp_path / "app"
    app.mkdir(exist_ok=True)
    (app / "Dockerfile").write_text(dockerfile)
    for name, text in files.items():
        (app / name).write_text(text)


def _log(said: list[dict[str, Any]]) -> str:
    return "\n".join(event["line"] for event in said if event["event"] == "log")


def test_run_lines_arguments_and_stages(build: Build, tmp_path: Path) -> None:
    dockerfile = (
        f"FROM {SMALL} AS made\nARG WHO=nobody\nRUN echo made for $WHO > /made && cat /made\n"
        f'FROM {SMALL} AS last\nCOPY --from=made /made /made\nEXPOSE 9000/tcp\nENTRYPOINT ["cat"]\nCMD ["/made"]\n'
    )
    _write(tmp_path, dockerfile)
    said = build(args={"WHO": "fly"}, no_cache=True)
    assert said[-1]["event"] == "built", said
    assert "made for fly" in _log(said)
    assert said[0]["line"].startswith("machines run in containers")
    assert build(args={"WHO": "fly"}, label="two")[-1]["cached"] is True
    assert build(args={"WHO": "fly"}, target="made", label="three")[-1]["digest"] != said[-1]["digest"]


def test_a_secret_is_mounted_and_nowhere_shown(build: Build, tmp_path: Path) -> None:
    mount = "RUN --mount=type=secret,id=TOKEN "
    _write(tmp_path, f"FROM {SMALL}\n{mount}cat /run/secrets/TOKEN; test -s /run/secrets/TOKEN\nCMD env\n")
    said = build(secrets={"TOKEN": planted.SECRET})
    assert said[-1]["event"] == "built", said
    assert planted.SECRET not in json.dumps(said)


def test_no_cache_does_every_step_again(build: Build, tmp_path: Path) -> None:
    _write(tmp_path, f"FROM {SMALL}\nRUN cat /proc/sys/kernel/random/uuid > /once\nCMD env\n")
    first, again, fresh = build(), build(label="two"), build(label="three", no_cache=True)
    assert first[-1]["digest"] == again[-1]["digest"] != fresh[-1]["digest"]


def test_the_context_is_what_the_ignore_file_lets_through(build: Build, tmp_path: Path) -> None:
    _write(tmp_path, f"FROM {SMALL}\nCOPY . /all\nRUN echo has: $(ls /all)\nCMD env\n", kept="", left="", away="")
    (tmp_path / "app/.dockerignore").write_text("left\n")
    (tmp_path / "app/other.ignore").write_text("left\naway\n")
    assert "has: Dockerfile away kept other.ignore" in _log(build(no_cache=True))
    assert "has: Dockerfile kept other.ignore" in _log(build(ignorefile="other.ignore", no_cache=True))


def test_a_failed_build_shows_its_last_lines(build: Build, tmp_path: Path) -> None:
    _write(tmp_path, f"FROM {SMALL}\nRUN echo the reason; exit 3\nCMD env\n")
    said = build()
    assert (said[-1]["event"], said[-1]["code"]) == ("failed", "build.failed")
    assert "exit code: 3" in said[-1]["error"]
    assert "the reason" in _log(said)


def test_a_syntax_line_builds_where_its_frontend_cannot_be_had(build: Build, tmp_path: Path) -> None:
    _write(tmp_path, f"# syntax=127.0.0.1:9/docker/dockerfile:1\nFROM {SMALL}\nCMD env\n")
    said = build()
    assert said[-1]["event"] == "built", said
    assert "cannot be fetched" in said[-1]["notices"][0]


def test_the_classic_builder_says_what_it_lacks(engine: TestEngine, tmp_path: Path) -> None:
    classic = [program for program in _programs() if _kind(program) == "classic"]
    if not classic:
        pytest.skip("needs a `docker` command without BuildKit")
    _write(tmp_path, f"FROM {SMALL}\nRUN echo built\nCMD env\n")
    build = _builder(engine, tmp_path, f"{Path(classic[0]).parent}:{os.environ['PATH']}")
    run = next(build)
    said = run()
    assert said[-1]["event"] == "built", said
    assert "no BuildKit" in said[-1]["notices"][0]
    (tmp_path / "app/other.ignore").write_text("")
    assert run(ignorefile="other.ignore")[-1]["code"] == "build.engine"
    assert next(build, None) is None


def test_copy_link_builds_where_the_builder_knows_none(engine: TestEngine, tmp_path: Path) -> None:
    """Old engines and the classic builder refuse it; which one this is does not matter for what comes out."""
    for number, program in enumerate(_programs()):
        state = tmp_path / str(number)
        state.mkdir()
        _write(state, f"FROM {SMALL}\nCOPY --link kept /there\nRUN cat /there\nCMD env\n", kept="copied all the same")
        build = _builder(engine, state, f"{Path(program).parent}:{os.environ['PATH']}")
        said = next(build)(no_cache=True)
        assert said[-1]["event"] == "built", said
        assert "copied all the same" in _log(said)
        assert next(build, None) is None
