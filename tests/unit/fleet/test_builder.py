from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.environment import SystemClock
from flyctl_orchestrator.errors import UnreachableError
from flyctl_orchestrator.fleet.builder import BuildError, BuildRequest, BuiltImage, build, new_label
from flyctl_orchestrator.fleet.flyctl import Flyctl, FlyctlError
from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError
from flyctl_orchestrator.fleet.target import Target
from tests.unit.fleet.fleet_doubles import ManualClock, ScriptedHttp, answer

BUILDER = "http://127.0.0.1:4280/_local/builds"


def target(http: ScriptedHttp, *, builder: str | None = BUILDER, flyctl: Flyctl | None = None) -> Target:
    return Target(
        kind="local" if builder else "fly",
        api_url="http://127.0.0.1:4280",
        token="fo1_secret-token",
        app_url_template="http://{app}.localhost:4280",
        builder_url=builder,
        flyctl=flyctl or Flyctl(("nothing",), {}, SystemClock()),
        http=http,
        clock=http.clock,
        random=random.Random(3),
    )


def request(root: Path, **changes: Any) -> BuildRequest:
    return BuildRequest("web", root, root / "fly.toml", "flyo-1", **changes)


def ndjson(*events: object) -> HttpAnswer:
    return HttpAnswer(200, {}, "\n".join(json.dumps(each) for each in events).encode())


def test_labels_sort_by_time_and_come_from_what_is_handed_in() -> None:
    clock = ManualClock(start=1_795_416_492.0)
    first = new_label(clock, random.Random(1))
    assert first == new_label(clock, random.Random(1))
    assert first.startswith("flyo-20261123-064812-")
    clock.time += 1
    assert new_label(clock, random.Random(2)) > first


def test_a_target_never_shows_its_token() -> None:
    assert "fo1_secret-token" not in repr(target(ScriptedHttp(ManualClock())))


# --- at a builder


def test_the_builder_gets_the_whole_request_and_its_log_is_handed_on(tmp_path: Path) -> None:
    built = {"event": "built", "image": "registry.fly.io/web:flyo-1", "digest": "sha256:ab"}
    log = [{"event": "log", "line": "one"}, {"event": "log", "line": "two"}]
    http = ScriptedHttp(ManualClock(), [ndjson(*log, {**built, "cached": True, "notices": ["USER is ignored"]})])
    lines: list[str] = []
    asked = request(tmp_path, dockerfile="Dockerfile.web", install="make deps", inputs=("deps.txt",), stage="final")
    assert build(target(http), asked, lines.append) == BuiltImage(
        "registry.fly.io/web:flyo-1", "sha256:ab", cached=True, notices=("USER is ignored",)
    )
    assert lines == ["one", "two"]
    assert http.sent[0].headers["Authorization"] == "Bearer fo1_secret-token"
    assert http.sent[0].json == {
        "app": "web",
        "context": str(tmp_path),
        "dockerfile": "Dockerfile.web",
        "label": "flyo-1",
        "build": "make deps",
        "inputs": ["deps.txt"],
        "target": "final",
    }


@pytest.mark.parametrize(
    ("given", "text", "code"),
    [
        (
            ndjson({"event": "failed", "code": "no_dockerfile", "error": "there is none", "hint": "Write one"}),
            "app web: the image could not be built: there is none. Write one",
            "build.no_dockerfile",
        ),
        (
            ndjson({"event": "log", "line": "x"}),
            "app web: the image could not be built: the builder stopped without a result",
            "build.failed",
        ),
        (
            answer(400, {"error": "no such directory"}),
            "app web: the image could not be built: no such directory",
            "build.failed",
        ),
        (
            HttpAnswer(500, {}, b"oops"),
            "app web: the image could not be built: the builder answered 500",
            "build.failed",
        ),
        (
            HttpAnswer(200, {}, b"not json\n[1]\n"),
            "app web: the image could not be built: the builder stopped without a result",
            "build.failed",
        ),
    ],
)
def test_a_build_that_fails_says_why(given: HttpAnswer, text: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(BuildError) as caught:
        build(target(ScriptedHttp(ManualClock(), [given])), request(tmp_path))
    assert (str(caught.value), caught.value.code) == (text, code)


def test_a_builder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="connection refused"):
        build(target(ScriptedHttp(ManualClock(), [HttpError("refused", "connection refused")])), request(tmp_path))


# --- with flyctl


def player(tmp_path: Path, code: str, **env: str) -> Flyctl:
    script = tmp_path / "flyctl.py"
    script.write_text(f"import json, os, sys\nargs = sys.argv[1:]\n{code}\n")
    return Flyctl((sys.executable, str(script)), {"PATH": os.defpath, **env}, SystemClock())


def test_without_a_builder_flyctl_builds_and_pushes_under_our_label(tmp_path: Path) -> None:
    flyctl = player(tmp_path, "print(' '.join(args))")
    lines: list[str] = []
    there = target(ScriptedHttp(ManualClock()), builder=None, flyctl=flyctl)
    built = build(there, request(tmp_path, dockerfile="Dockerfile.web", stage="final"), lines.append)
    assert built == BuiltImage("registry.fly.io/web:flyo-1")
    assert lines == [
        "deploy --build-only --push --image-label flyo-1 --app web "
        f"--config {tmp_path}/fly.toml --yes --dockerfile {tmp_path}/Dockerfile.web --build-target final"
    ]


def test_another_registry_is_named_in_the_reference(tmp_path: Path) -> None:
    flyctl = player(tmp_path, "pass", FLY_REGISTRY_HOST="registry.test")
    built = build(target(ScriptedHttp(ManualClock()), builder=None, flyctl=flyctl), request(tmp_path))
    assert built.ref == "registry.test/web:flyo-1"


def test_a_build_that_fails_in_flyctl(tmp_path: Path) -> None:
    flyctl = player(tmp_path, "print('Error: failed to solve: exit code: 1', file=sys.stderr); sys.exit(1)")
    with pytest.raises(BuildError, match="failed to solve"):
        build(target(ScriptedHttp(ManualClock()), builder=None, flyctl=flyctl), request(tmp_path))


def test_a_refused_login_is_not_a_failed_build(tmp_path: Path) -> None:
    flyctl = player(tmp_path, "print('Error: no access token available', file=sys.stderr); sys.exit(1)")
    with pytest.raises(FlyctlError) as caught:
        build(target(ScriptedHttp(ManualClock()), builder=None, flyctl=flyctl), request(tmp_path))
    assert caught.value.code == "flyctl.token"
