"""The pipelines that `flyo ci init` writes: valid, pinned, and every command in them works."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flyctl_orchestrator.cli.ci.install import requirement
from flyctl_orchestrator.errors import UsageError
from tests.functional.cli.local_fleet import APP, LocalFleet
from tests.functional.pipelines.runner import Runner, read

SPEC = "flyctl-orchestrator[local] @ git+https://example.com/flyo.git@0123456789012345678901234567890123456789"
CHECK = str(Path(sys.executable).with_name("check-jsonschema"))
# Commands of the pipelines act on the local platform, where they would on Fly.io.
HERE = {"FLYO_TARGET": "local"}


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[LocalFleet]:
    """A repository of an app that asks for a secret."""
    there = LocalFleet(tmp_path).write()
    (there.project / "app.py").write_text("import os\nos.environ['SECRET_KEY'], os.environ['API_TOKEN']\n")
    yield there
    there.flyo("local", "down")


def schema_says(name: str, *paths: Path) -> str:
    ran = subprocess.run(
        [CHECK, "--builtin-schema", name, *map(str, paths)], capture_output=True, text=True, check=False
    )
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr


@pytest.mark.parametrize("review", [(), ("--review",)])
def test_what_is_written_is_valid_by_the_hosts_schemas(checkout: LocalFleet, review: tuple[str, ...]) -> None:
    for host in ("github", "gitlab"):
        checkout.ok("ci", "init", host, *review, "--install", SPEC)
    workflows = sorted((checkout.project / ".github" / "workflows").iterdir())
    assert [path.name for path in workflows] == (["flyo-review.yml"] if review else []) + ["flyo.yml"]
    assert schema_says("vendor.github-workflows", *workflows) == ""
    assert schema_says("custom.github-workflows-require-timeout", *workflows) == ""
    assert schema_says("vendor.gitlab-ci", checkout.project / ".gitlab-ci.yml") == ""
    if actionlint := shutil.which("actionlint"):
        subprocess.run([actionlint, *map(str, workflows)], check=True)


def test_a_pull_request_on_github(checkout: LocalFleet) -> None:
    said = checkout.ok("ci", "init", "github", "--install", SPEC).stderr
    assert said == (
        "created  .github/workflows/flyo.yml\n"
        f"next     flyctl tokens create deploy --app {APP} --name github --expiry 720h | gh secret set FLY_API_TOKEN\n"
    )
    workflow = read(checkout.project / ".github" / "workflows" / "flyo.yml")
    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow["jobs"].items()} == {
        "rehearse": {"contents": "read"},
        "plan": {"contents": "read", "pull-requests": "write"},
        "deploy": {"contents": "read"},
    }
    assert workflow["jobs"]["deploy"]["needs"] == "rehearse"
    runner = Runner(checkout, {"GITHUB_ACTIONS": "true"} | HERE, {"FLY_API_TOKEN": "of-no-use-here"})
    event = {"github.token": "t", "github.event.pull_request.number": "12"}

    ends = runner.github(workflow, "rehearse", event)
    assert [name for name, _, _ in ends] == [
        "Install flyo",
        "flyo secrets generate SECRET_KEY --if-missing --local",
        "Rehearse the deploy on a local platform",
        "Report",
    ]
    assert [status for _, status, _ in ends] == [0, 0, 0, 0], ends
    assert 'id="data">{"schema":"flyo.report/1"' in (checkout.project / "rehearsal.html").read_text()
    assert runner.log.read_text() == f"pip install {SPEC}\n"

    checkout.project.joinpath("server.py").write_text(checkout.project.joinpath("server.py").read_text() + "\n")
    ends = runner.github(workflow, "plan", event)
    assert [(name, status) for name, status, _ in ends] == [("Install flyo", 0), ("Plan", 0), ("Comment", 0)], ends
    assert "gh pr comment 12 --edit-last --create-if-none --body-file plan.md" in runner.log.read_text()
    assert runner.comment.startswith("### flyo plan (exit status 0)\n~~~~~\n") and "iad" in runner.comment
    assert runner.comment.endswith("~~~~~\n") and "of-no-use-here" not in runner.comment

    ends = runner.github(workflow, "deploy", event)
    assert [(name, status) for name, status, _ in ends] == [("Install flyo", 0), ("Deploy", 0), ("Report", 0)], ends
    assert (checkout.project / "rollout.html").read_text() != (checkout.project / "rehearsal.html").read_text()
    assert "2 machines are new" in ends[1][2] or "every machine is new and verified" in ends[1][2]


def test_a_plan_that_fails_is_told_and_fails_the_job(checkout: LocalFleet) -> None:
    checkout.ok("ci", "init", "github", "--install", SPEC)
    workflow = read(checkout.project / ".github" / "workflows" / "flyo.yml")
    (checkout.project / "flyo.toml").write_text("[regions]\nxyz = 1\n")
    ends = Runner(checkout, HERE, {"FLY_API_TOKEN": "x"}).github(
        workflow, "plan", {"github.token": "t", "github.event.pull_request.number": "12"}
    )
    assert ends[1][1] == 2
    comment = (checkout.project / "plan.md").read_text()
    assert comment.startswith("### flyo plan (exit status 2)") and "xyz" in comment


def test_a_review_app_on_github(checkout: LocalFleet) -> None:
    checkout.ok("ci", "init", "github", "--review", "--install", SPEC)
    workflow = read(checkout.project / ".github" / "workflows" / "flyo-review.yml")
    runner = Runner(checkout, HERE, {"FLY_REVIEW_TOKEN": "x"})
    ends = runner.github(workflow, "review", {"github.event.pull_request.number": "12"})
    assert [status for _, status, _ in ends] == [0, 0, 0], ends
    assert f"created  app {APP}-pr-12" in ends[1][2] and f"destroyed app {APP}-pr-12" in ends[2][2]


def test_a_merge_request_on_gitlab(checkout: LocalFleet) -> None:
    checkout.ok("ci", "init", "gitlab", "--review", "--install", SPEC)
    pipeline = read(checkout.project / ".gitlab-ci.yml")
    host = {"CI_MERGE_REQUEST_IID": "12", "CI_API_V4_URL": "https://gitlab.example/api/v4", "CI_PROJECT_ID": "7"}
    runner = Runner(checkout, host | HERE, {"FLY_API_TOKEN": "t", "FLY_REVIEW_TOKEN": "r", "COMMENT_TOKEN": "c"})
    for job in ("rehearse", "plan", "deploy", "review", "end review"):
        status, said = runner.gitlab(pipeline, job)
        assert status == 0, f"{job}\n{said}"
    assert (checkout.project / "plan.md").read_text().startswith("### flyo plan (exit status 0)")
    assert (checkout.project / "rehearsal.html").is_file() and (checkout.project / "rollout.html").is_file()
    assert "/projects/7/merge_requests/12/notes" in runner.log.read_text()
    assert f"destroyed app {APP}-pr-12" in said


def test_a_file_that_somebody_changed_is_left_alone(checkout: LocalFleet) -> None:
    checkout.ok("ci", "init", "gitlab", "--install", SPEC)
    assert checkout.ok("ci", "init", "gitlab", "--install", SPEC).stderr.startswith("exists   .gitlab-ci.yml\n")
    path = checkout.project / ".gitlab-ci.yml"
    path.write_text("mine: {}\n")
    ran = checkout.flyo("ci", "init", "gitlab", "--install", SPEC)
    assert (ran.status, path.read_text()) == (2, "mine: {}\n")
    assert ran.stderr == (
        "flyo: .gitlab-ci.yml: exists already and was left alone; nothing was written. Move it away, or take what you "
        "need from 'flyo ci init --print' [ci.exists]\n"
    )
    shown = checkout.ok("ci", "init", "gitlab", "--install", SPEC, "--print").stdout
    assert shown.startswith("==> .gitlab-ci.yml\n") and path.read_text() == "mine: {}\n"


def test_what_cannot_stand_in_a_pipeline_is_refused(checkout: LocalFleet) -> None:
    ran = checkout.flyo("ci", "init", "github", "--install", SPEC, "--branch", '"; rm -rf $HOME')
    assert (ran.status, ran.stderr) == (
        2,
        "flyo: --branch: '\"; rm -rf $HOME' has characters that mean something else in a pipeline. Use letters, digits "
        "and . , @ + : / = ~ < > [ ] # % - [ci.name]\n",
    )


def test_what_pip_installs_is_where_this_flyo_came_from() -> None:
    known = '{"url": "https://example.com/flyo.git", "vcs_info": {"vcs": "git", "commit_id": "%s"}}' % (
        "0123456789" * 4
    )
    assert requirement(known) == SPEC
    for unknown in (None, "", "{}", "[]", '{"url": "file:///home/me/flyo", "dir_info": {"editable": true}}'):
        with pytest.raises(UsageError) as told:
            requirement(unknown)
        assert (str(told.value), told.value.code) == (
            "--install: what a pipeline's pip can install is not known: this flyo does not come from a repository. "
            'Give --install "flyctl-orchestrator[local] @ git+https://github.com/OWNER/NAME@COMMIT"',
            "ci.install",
        )
