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
from flyctl_orchestrator.fleet.flyctl import child_process
from flyctl_orchestrator.fleet.flyctl.flyctl import Flyctl, FlyctlError
from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.build_options import BuildOptions
from flyctl_orchestrator.project.building import BuildPlan
from tests.unit.fleet.fleet_doubles import ManualClock, ScriptedHttp, answer
from tests.unit.fleet.interrupting import pressing

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
    plan = BuildPlan(tmp_path / "Dockerfile.web", tmp_path / "web.ignore", "final", {"N": "20"})
    options = BuildOptions(secrets={"KEY": "build-secret"}, switches=("--no-cache",))
    asked = request(
        tmp_path, build=plan, options=options, install="make deps", inputs=("deps.txt",), runtime="container"
    )
    assert build(target(http), asked, lines.append) == BuiltImage(
        "registry.fly.io/web:flyo-1", "sha256:ab", cached=True, notices=("USER is ignored",)
    )
    assert lines == ["one", "two"]
    assert http.sent[0].headers["Authorization"] == "Bearer fo1_secret-token"
    assert http.sent[0].json == {
        "app": "web",
        "context": str(tmp_path),
        "dockerfile": str(tmp_path / "Dockerfile.web"),
        "ignorefile": str(tmp_path / "web.ignore"),
        "args": {"N": "20"},
        "label": "flyo-1",
        "build": "make deps",
        "inputs": ["deps.txt"],
        "target": "final",
        "runtime": "container",
        "secrets": {"KEY": "build-secret"},
        "starts_image_command": False,
        "no_cache": True,
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
            "app web: the image could not be built: the builder answered 500 oops",
            "build.failed",
        ),
        (
            HttpAnswer(302, {"location": "http://elsewhere"}),
            "app web: the image could not be built: the builder answered 302",
            "build.failed",
        ),
        (
            HttpAnswer(200, {}, b"<p>\x1b[1mfo1_secret-token\n[1]\n"),
            "app web: the image could not be built: its answer cannot be read: it is not JSON; it begins with "
            "<p>[1m[hidden]",
            "build.failed",
        ),
        (
            ndjson({"event": "built", "image": ""}),
            "app web: the image could not be built: the builder stopped without a result",
            "build.failed",
        ),
        (
            ndjson({"event": "built", "image": ["registry.fly.io/web"]}),
            "app web: the image could not be built: its answer cannot be read: expected str, got array - at $.image; "
            'it begins with {"event": "built", "image": ["registry.fly.io/web"]}',
            "build.failed",
        ),
    ],
)
def test_a_build_that_fails_says_why(given: HttpAnswer, text: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(BuildError) as caught:
        build(target(ScriptedHttp(ManualClock(), [given] * 3)), request(tmp_path))
    assert (str(caught.value), caught.value.code) == (text, code)


def test_a_builder_that_is_not_there(tmp_path: Path) -> None:
    http = ScriptedHttp(ManualClock(), [HttpError("refused", "connection refused")] * 3)
    with pytest.raises(UnreachableError, match="connection refused"):
        build(target(http), request(tmp_path))
    assert http.clock.slept == [2.0, 6.0]


BUILT = ndjson({"event": "built", "image": "registry.fly.io/web:flyo-1"})
GONE = [
    HttpError("reset", "the connection broke off"),
    HttpError("refused", "connection refused"),
    HttpError("unreadable", "it is larger than 32 MB"),
    answer(503, {"error": "busy"}),
    answer(429, {"error": "rate limit exceeded"}),
    HttpAnswer(502, {}, b"<html>"),
    HttpAnswer(200),
    HttpAnswer(200, {}, b"<html>"),
    ndjson({"event": "log", "line": "x"}),
]


@pytest.mark.parametrize("gone", GONE, ids=str)
def test_a_builder_that_goes_away_is_asked_again(gone: HttpAnswer | HttpError, tmp_path: Path) -> None:
    http = ScriptedHttp(ManualClock(), [gone, gone, BUILT])
    lines: list[str] = []
    built = build(target(http), request(tmp_path), lines.append)
    assert (built.ref, len(built.notices), len(http.sent)) == ("registry.fly.io/web:flyo-1", 2, 3)
    assert {each.json["label"] for each in http.sent} == {"flyo-1"}
    assert sum("no result from the builder" in line for line in lines) == 2


@pytest.mark.parametrize(
    "final",
    [HttpError("timeout"), answer(400, {"error": "no"}), ndjson({"event": "failed", "error": "connection reset"})],
    ids=str,
)
def test_what_another_attempt_would_not_change_is_not_tried_again(
    final: HttpAnswer | HttpError, tmp_path: Path
) -> None:
    http = ScriptedHttp(ManualClock(), [final])
    with pytest.raises((BuildError, UnreachableError)):
        build(target(http), request(tmp_path))
    assert len(http.sent) == 1


# --- with flyctl


def player(tmp_path: Path, code: str, **env: str) -> Flyctl:
    script = tmp_path / "flyctl.py"
    script.write_text(f"import json, os, sys\nargs = sys.argv[1:]\n{code}\n")
    return Flyctl((sys.executable, str(script)), {"PATH": os.defpath, **env}, SystemClock())


def test_without_a_builder_flyctl_builds_and_pushes_under_our_label(tmp_path: Path) -> None:
    flyctl = player(tmp_path, "print(' '.join(args))")
    lines: list[str] = []
    there = target(ScriptedHttp(ManualClock()), builder=None, flyctl=flyctl)
    options = BuildOptions(
        dockerfile=tmp_path / "Dockerfile.web",
        ignorefile=tmp_path / "web.ignore",
        target="final",
        args={"N": "20", "EMPTY": ""},
        secrets={"KEY": "hush-hush"},
        switches=("--no-cache", "--depot=false"),
    )
    built = build(there, request(tmp_path, options=options), lines.append)
    assert built == BuiltImage("registry.fly.io/web:flyo-1")
    assert lines == [
        "deploy --build-only --push --image-label flyo-1 --app web "
        f"--config {tmp_path}/fly.toml --yes --dockerfile {tmp_path}/Dockerfile.web "
        f"--ignorefile {tmp_path}/web.ignore --build-target final --build-arg N=20 --build-arg EMPTY= "
        "--build-secret KEY=[hidden] --no-cache --depot=false"
    ]
    assert "hush-hush" not in repr(options)


def test_another_registry_is_named_in_the_reference(tmp_path: Path) -> None:
    flyctl = player(tmp_path, "pass", FLY_REGISTRY_HOST="registry.test")
    built = build(target(ScriptedHttp(ManualClock()), builder=None, flyctl=flyctl), request(tmp_path))
    assert built.ref == "registry.test/web:flyo-1"


def test_a_build_that_fails_in_flyctl(tmp_path: Path) -> None:
    flyctl = player(tmp_path, "print('Error: failed to solve: exit code: 1', file=sys.stderr); sys.exit(1)")
    with pytest.raises(BuildError, match="failed to solve"):
        build(target(ScriptedHttp(ManualClock()), builder=None, flyctl=flyctl), request(tmp_path))


@pytest.mark.parametrize(
    "complaint", ["the --mount option requires BuildKit. Refer to", 'failed to parse platform : ""']
)
def test_an_older_engine_has_to_be_told_to_build_with_buildkit(complaint: str, tmp_path: Path) -> None:
    flyctl = player(tmp_path, f"print('Error: error building: {complaint}', file=sys.stderr); sys.exit(1)")
    with pytest.raises(BuildError, match=r"Set DOCKER_BUILDKIT=1.*nothing was deployed"):
        build(target(ScriptedHttp(ManualClock()), builder=None, flyctl=flyctl), request(tmp_path))


def test_a_refused_login_is_not_a_failed_build(tmp_path: Path) -> None:
    flyctl = player(tmp_path, "print('Error: no access token available', file=sys.stderr); sys.exit(1)")
    with pytest.raises(FlyctlError) as caught:
        build(target(ScriptedHttp(ManualClock()), builder=None, flyctl=flyctl), request(tmp_path))
    assert caught.value.code == "flyctl.token"


# Said by flyctl, its libraries and what lies between, in public reports of failed deploys.
LOST = [
    "failed to fetch an image or build from source: error building: EOF",
    "failed to fetch an image or build from source: error building: unexpected EOF",
    "error releasing builder: deadline_exceeded: context deadline exceeded",
    "error building: failed to solve: rpc error: code = Canceled desc = grpc: the client connection is closing",
    "error building: failed to solve: rpc error: code = Unavailable desc = error reading from server",
    "error connecting to docker: remote builder app unavailable",
    "error building: failed to dial gRPC: read tcp 172.17.0.2:38412->213.188.198.250:10000: connection reset by peer",
    "error pushing image to registry: write: broken pipe",
    "failed waiting for docker daemon: context canceled",
    'Post "https://api.depot.dev/depot.cli.v1.BuildService": net/http: TLS handshake timeout',
    "error building: returned error 500 Internal Server Error",
]
OWN = [
    'failed to solve: process "/bin/sh -c make" did not complete successfully: exit code: 2',
    'failed to solve: process "/bin/sh -c curl x" did not complete successfully: exit code: 1: EOF',
    "dockerfile 'Dockerfile' not found",
    "failed to solve: dockerfile parse error on line 3: unexpected EOF",
    "invalid depot-scope value. must be 'org' or 'app'",
    "error building: something nobody has seen before",
]


def stumbling(tmp_path: Path, complaint: str) -> Flyctl:
    """A flyctl that complains twice and then builds."""
    count = tmp_path / "count"
    code = f"""
with open({str(count)!r}, "a+") as file:
    file.write("x")
    file.seek(0)
    times = len(file.read())
if times <= 2:
    print("Error: " + {complaint!r}, file=sys.stderr)
    sys.exit(1)
"""
    return player(tmp_path, code)


@pytest.mark.parametrize("complaint", LOST)
def test_flyctl_is_run_again_when_it_has_lost_the_builder(complaint: str, tmp_path: Path) -> None:
    clock = ManualClock()
    there = target(ScriptedHttp(clock), builder=None, flyctl=stumbling(tmp_path, complaint))
    built = build(there, request(tmp_path))
    assert (built.ref, len(built.notices), clock.slept) == ("registry.fly.io/web:flyo-1", 2, [2.0, 6.0])


@pytest.mark.parametrize("complaint", OWN)
def test_flyctl_is_not_run_again_when_the_build_has_failed(complaint: str, tmp_path: Path) -> None:
    there = target(ScriptedHttp(ManualClock()), builder=None, flyctl=stumbling(tmp_path, complaint))
    with pytest.raises(BuildError):
        build(there, request(tmp_path))
    assert (tmp_path / "count").read_text() == "x"


CANCELLED = """
import time
try:
    print("building", flush=True)
    time.sleep(100)
except KeyboardInterrupt:
    time.sleep(GRACE)
    open(os.path.join(os.path.dirname(__file__), "ended"), "w").write("the remote build")
"""


def test_a_cancelled_flyctl_may_end_its_remote_build(tmp_path: Path) -> None:
    # Longer than what a deploy is given, which has no more to do than to say that it was interrupted.
    flyctl = player(tmp_path, CANCELLED.replace("GRACE", str(child_process.GRACE + 1)))

    there = target(ScriptedHttp(ManualClock()), builder=None, flyctl=flyctl)
    with pressing("Child.wait") as presser, pytest.raises(KeyboardInterrupt):
        build(there, request(tmp_path), presser.press)
    assert (tmp_path / "ended").read_text() == "the remote build"
