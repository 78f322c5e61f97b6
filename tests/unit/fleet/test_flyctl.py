"""The wrapper around a real child process that plays flyctl: a script that tells what it was given."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from flyctl_orchestrator.environment import SystemClock
from flyctl_orchestrator.errors import UnreachableError, UsageError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.flyctl import version as releases
from flyctl_orchestrator.fleet.flyctl.env import child_environment
from flyctl_orchestrator.fleet.flyctl.find import STAND_IN, find_flyctl
from flyctl_orchestrator.fleet.flyctl.flyctl import DeployOptions, Flyctl, FlyctlError, Ran
from flyctl_orchestrator.fleet.flyctl.version import FlyctlVersion
from tests.refusals import refused

TOKEN = "fo1_never-shown"


def player(tmp_path: Path, code: str) -> Flyctl:
    """A flyctl whose program is `code`; `args` is there for it to use."""
    script = tmp_path / "flyctl.py"
    script.write_text(f"import json, os, sys\nargs = sys.argv[1:]\n{code}\n")
    env = child_environment({"PATH": os.defpath}, token=TOKEN)
    return Flyctl((sys.executable, str(script)), env, SystemClock(), private=(TOKEN,))


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (
            "print('Error: Validation failed: Name has already been taken', file=sys.stderr); sys.exit(1)",
            "flyctl apps create: Validation failed: Name has already been taken",
        ),
        ("sys.exit(3)", "flyctl apps create: exit status 3"),
    ],
)
def test_what_it_says_is_what_a_person_is_told(tmp_path: Path, code: str, line: str) -> None:
    with refused(1, f"flyo: app shop: {line}. Correct that and run it again [flyctl.failed]"):
        player(tmp_path, code).apps_create("shop")


# --- the environment


def test_what_changes_flyctls_behaviour_is_not_inherited() -> None:
    parent = {
        "PATH": "/bin",
        "HOME": "/home/u",
        "FLY_APP": "other",
        "FLY_REGION": "syd",
        "FLY_ACCESS_TOKEN": "",
        "FLY_JSON": "1",
        "FLY_SOMETHING_NEW": "1",
        "FLY_CONFIG_DIR": "/state",
        "FLYO_TARGET": "local",
        "DEPLOY_TRIGGER": "x",
        "LOG_LEVEL": "debug",
        "HTTPS_PROXY": "http://proxy",
    }
    child = child_environment(parent, token="t", extra={"FLY_API_BASE_URL": "http://127.0.0.1:1"})
    assert child == {
        "PATH": "/bin",
        "HOME": "/home/u",
        "FLY_CONFIG_DIR": "/state",
        "HTTPS_PROXY": "http://proxy",
        "FLY_API_TOKEN": "t",
        "FLY_API_BASE_URL": "http://127.0.0.1:1",
        "FLY_NO_UPDATE_CHECK": "1",
        "FLY_NO_INCIDENTS_CHECK": "1",
        "FLY_SEND_METRICS": "0",
        "FLYCTL_STATUSLOGGER_NO_ERROR": "1",
        "NO_COLOR": "1",
    }


def test_without_a_token_flyctl_uses_its_own_login() -> None:
    assert "FLY_API_TOKEN" not in child_environment({"FLY_API_TOKEN": "x"}, token=None)


# --- which one


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_flyctl_before_fly_on_path(tmp_path: Path) -> None:
    fly = program(tmp_path / "a" / "fly")
    path = {"PATH": f"{tmp_path / 'a'}:{tmp_path / 'b'}"}
    assert find_flyctl(path, local=False) == ("flyctl", (str(fly),))
    flyctl = program(tmp_path / "b" / "flyctl")
    assert find_flyctl(path, local=True) == ("flyctl", (str(flyctl),))


def test_the_stand_in_is_for_the_local_platform_alone(tmp_path: Path) -> None:
    nothing = {"PATH": str(tmp_path)}
    assert find_flyctl(nothing, local=True) == ("stand-in", STAND_IN)
    assert find_flyctl({**nothing, "FLYO_FLYCTL": "stand-in"}, local=True) == ("stand-in", STAND_IN)
    with pytest.raises(UsageError):
        find_flyctl({**nothing, "FLYO_FLYCTL": "stand-in"}, local=False)


def test_a_missing_flyctl_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match=r"flyctl is not installed.*https://docs.fly.io/flyctl/install/"):
        find_flyctl({"PATH": str(tmp_path)}, local=False)
    with pytest.raises(UnreachableError, match="there is no flyctl at"):
        find_flyctl({"FLYO_FLYCTL": str(tmp_path / "flyctl")}, local=False)
    with pytest.raises(UsageError, match="not an absolute path"):
        find_flyctl({"FLYO_FLYCTL": "flyctl"}, local=False)


def around(step: int) -> str:
    """The version before the first tested one, or after the last."""
    major, minor, patch = releases.tested()[0 if step < 0 else -1]
    return f"{major}.{minor}.{patch + step}"


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("0.4.87", None),
        ("v0.4.87-dev", None),
        ("0.3.1", "older"),
        ("0.99.0", "newer"),
        (around(-1), "older"),
        (around(1), "newer"),
        ("dev", None),
    ],
)
def test_an_untested_version_is_remarked_upon(text: str, age: str | None) -> None:
    version = FlyctlVersion.of(text)
    assert version.untested == age
    assert version.remark == (
        None
        if age is None
        else f"flyctl {text} is {age} than what this flyo was tested with ({releases.tested_range()})"
    )


# --- running it


def test_it_runs_where_no_fly_toml_can_interfere(tmp_path: Path) -> None:
    flyctl = player(tmp_path, "print(json.dumps({'files': os.listdir('.'), 'cwd': os.getcwd()}))")
    first, second = (json.loads(flyctl.run(["x"]).stdout) for _ in "ab")
    assert first["files"] == []
    assert not Path(first["cwd"]).exists()
    assert first["cwd"] != second["cwd"]
    assert json.loads(flyctl.run(["x"], cwd=tmp_path).stdout)["files"] == ["flyctl.py"]


def test_the_token_is_in_its_environment_and_never_in_what_it_prints(tmp_path: Path) -> None:
    flyctl = player(
        tmp_path, "t = os.environ['FLY_API_TOKEN']; print(t); print('Error: bad', t, file=sys.stderr); sys.exit(1)"
    )
    lines: list[str] = []
    ran = flyctl.run(["x"], on_line=lines.append)
    everything = ran.stdout + ran.stderr + "".join(lines) + repr(ran) + repr(flyctl)
    with pytest.raises(FlyctlError) as caught:
        flyctl.check(ran)
    assert TOKEN not in everything + str(caught.value)
    assert "[hidden]" in ran.stdout


def test_colours_are_taken_out_of_what_it_prints(tmp_path: Path) -> None:
    flyctl = player(
        tmp_path, r"print('\x1b[32m\u2713\x1b[0m valid'); print('\x1b[1;31mError: no\x1b[0m', file=sys.stderr)"
    )
    lines: list[str] = []
    ran = flyctl.run(["x"], on_line=lines.append)
    assert (ran.stdout, ran.stderr, sorted(lines)) == ("✓ valid\n", "Error: no\n", ["Error: no", "✓ valid"])


@pytest.mark.parametrize(
    ("stderr", "complaint"),
    [
        ("note\nError: Name has already been taken\nmore\n", "Name has already been taken"),
        ("first\n\nlast\n", "last"),
        ("", ""),
    ],
)
def test_the_complaint_is_one_line(stderr: str, complaint: str) -> None:
    assert Ran(("x",), 1, "", stderr).complaint == complaint


def test_a_failure_says_which_command_and_why(tmp_path: Path) -> None:
    flyctl = player(tmp_path, "print('Error: Name has already been taken', file=sys.stderr); sys.exit(1)")
    with pytest.raises(FlyctlError) as caught:
        flyctl.apps_create("web")
    assert (
        str(caught.value) == "app web: flyctl apps create: Name has already been taken. Correct that and run it again"
    )
    assert caught.value.exit is Exit.ERROR


def test_a_refused_login_is_told_apart(tmp_path: Path) -> None:
    text = "Error: no access token available. Please login with 'flyctl auth login'"
    flyctl = player(tmp_path, f"print({text!r}, file=sys.stderr); sys.exit(1)")
    with pytest.raises(FlyctlError) as caught:
        flyctl.orgs()
    assert (caught.value.exit, caught.value.code) == (Exit.UNREACHABLE, "flyctl.token")


def test_one_that_hangs_is_stopped(tmp_path: Path) -> None:
    flyctl = player(tmp_path, "import time; time.sleep(100)")
    ran = flyctl.run(["logs"], timeout=0.5)
    assert ran.timed_out
    assert not ran.ok
    with pytest.raises(FlyctlError, match="gave no result within") as caught:
        flyctl.check(ran)
    assert caught.value.code == "flyctl.timeout"


def test_one_that_cannot_be_run_says_how_to_install(tmp_path: Path) -> None:
    broken = tmp_path / "flyctl"
    broken.write_text("not a program")
    for argv in ((str(tmp_path / "none"),), (str(broken),)):
        with pytest.raises(UnreachableError, match="cannot run flyctl"):
            Flyctl(argv, {}, SystemClock()).version()


# --- commands


def test_version_in_json_and_in_words(tmp_path: Path) -> None:
    in_json = player(tmp_path, "print(json.dumps({'Version': '0.4.87', 'Environment': 'production'}))")
    assert in_json.version() == FlyctlVersion("0.4.87", (0, 4, 87))
    assert player(tmp_path, "print('flyctl v0.4.87 linux')").version().text == "flyctl v0.4.87 linux"


def test_what_a_deploy_is_asked(tmp_path: Path) -> None:
    flyctl = player(tmp_path, "print(json.dumps([args, os.getcwd()]))")
    config = tmp_path / "fly.toml"
    options = DeployOptions(regions=("iad", "fra"), process_groups=("app",), wait_timeout=90, skip_release_command=True)
    deploy = flyctl.start_deploy("web", config=config, image="registry.fly.io/web:x", options=options)
    args, cwd = json.loads(deploy.wait(60).stdout)
    assert cwd == str(tmp_path)
    expected = f"deploy --app web --config {config} --image registry.fly.io/web:x --yes --strategy rolling --ha=false "
    expected += "--dns-checks=false --deploy-retries 0 --wait-timeout 90s --smoke-checks=false "
    expected += "--release-command-timeout 300s --regions iad,fra --process-groups app --update-only "
    expected += "--skip-release-command"
    assert " ".join(args) == expected


def test_a_failed_deploy_is_told_and_not_raised(tmp_path: Path) -> None:
    flyctl = player(tmp_path, "print('Error: health checks failed', file=sys.stderr); sys.exit(1)")
    deploy = flyctl.start_deploy("web", config=tmp_path / "fly.toml", image="x", options=DeployOptions())
    ran = deploy.wait(60)
    assert (ran.ok, ran.complaint) == (False, "health checks failed")


def test_releases_are_read(tmp_path: Path) -> None:
    row = {"ID": "r", "Version": 3, "Status": "complete", "ImageRef": "i", "CreatedAt": "t", "User": {"Email": "a@b"}}
    releases = player(tmp_path, f"print({json.dumps([row])!r})").releases("web")
    assert [(each.version, each.status, each.user) for each in releases] == [(3, "complete", "a@b")]


def test_the_token_of_its_own_login(tmp_path: Path) -> None:
    flyctl = player(tmp_path, "print(json.dumps({'token': 'fm2_mine', 'args': args}))")
    assert flyctl.auth_token() == "fm2_mine"


NO_JSON = ["<html>", "null", "[]", "{", '{"token": 7}', '{"token": "fm2_mine"} and more', "", '[{"ID": "r"}]', "NaN"]


@pytest.mark.parametrize("printed", NO_JSON)
@pytest.mark.parametrize("ask", ["auth_token", "orgs", "releases", "secrets"])
def test_what_flyctl_prints_is_understood_or_an_error(ask: str, printed: str, tmp_path: Path) -> None:
    flyctl = player(tmp_path, f"sys.stdout.write({printed!r})")
    empty = {("releases", "null"), ("releases", "[]"), ("secrets", "[]")}
    call = getattr(flyctl, ask)
    app = ["web"] if ask in ("releases", "secrets") else []
    if (ask, printed) in empty:
        assert call(*app) == []
        return
    with pytest.raises(FlyctlError, match="cannot be read") as caught:
        call(*app)
    assert (caught.value.code, caught.value.exit) == ("flyctl.unreadable", Exit.UNREACHABLE)
    assert "fm2_mine" not in str(caught.value)
