"""`flyo review`: an app for a pull request on the real local platform, created, deployed, and gone again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.cli.local_fleet import APP, LocalFleet
from tests.platform_client import fleet_of

REVIEW = f"{APP}-pr-12"
PULL = {"GITHUB_REF": "refs/pull/12/merge"}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[LocalFleet]:
    """The project of two regions, whose code asks for secrets; nothing is deployed."""
    there = LocalFleet(tmp_path).write()
    (there.project / "app.py").write_text("import os\nos.environ['SECRET_KEY'], os.environ['DATABASE_URL']\n")
    yield there
    there.flyo("local", "down")


def apps(there: LocalFleet) -> list[str]:
    return [app["name"] for app in there.manage("GET", "/v1/apps?org_slug=personal")["apps"]]


def test_a_pull_request_has_its_app_and_then_has_none(project: LocalFleet) -> None:
    (project.root / "review.env").write_text("DATABASE_URL=sqlite:///review.db\n")
    ran = project.ok("review", "up", "--local", "--secrets", "../review.env", env=PULL)
    assert f"created  app {REVIEW}" in ran.stderr
    machines = fleet_of(project.manage("GET", f"/v1/apps/{REVIEW}/machines"))
    assert [machine["region"] for machine in machines] == ["iad"], "one machine, whatever flyo.toml says"
    secrets = project.manage("GET", f"/v1/apps/{REVIEW}/secrets")["secrets"]
    assert {secret["name"] for secret in secrets} == {"SECRET_KEY", "DATABASE_URL"}
    assert apps(project) == [REVIEW]

    # The next commit of the same pull request: the same app, the same secrets, one machine.
    (project.project / "server.py").write_text((project.project / "server.py").read_text() + "\n")
    ran = project.ok("review", "up", "--local", env={"CI_MERGE_REQUEST_IID": "12"})
    assert f"exists  app {REVIEW}" in ran.stderr and "warning: the code asks" not in ran.stderr
    assert project.manage("GET", f"/v1/apps/{REVIEW}/secrets")["secrets"] == secrets
    assert [each["id"] for each in fleet_of(project.manage("GET", f"/v1/apps/{REVIEW}/machines"))] == [
        machines[0]["id"]
    ]

    assert project.ok("review", "down", "--local", env=PULL).stdout == f"destroyed app {REVIEW}\n"
    assert apps(project) == []
    assert project.ok("review", "down", "--local", "--number", "12").stdout == f"app {REVIEW} does not exist\n"


def test_what_costs_too_much_is_not_created(project: LocalFleet) -> None:
    ran = project.flyo("review", "up", "--local", "--budget", "1", "--number", "7")
    assert (ran.status, "[budget.passed]" in ran.stderr) == (7, True)
    assert project.flyo("local", "status").status == 8, "not even the local platform was started"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["up"],
            "flyo: flyo review: which pull request it is for is not known. Give --number; on GitHub Actions and GitLab "
            "CI it is read from a pull request's pipeline [review.number]",
        ),
        (
            ["down", "--number", "1", "--app", "a" * 60],
            f"flyo: flyo review: '{'a' * 60}-pr-1' has 65 characters, and a name on Fly.io 63 at most. Give a shorter "
            "name with --app [review.name]",
        ),
    ],
)
def test_what_is_refused_before_anything_is_asked(project: LocalFleet, words: list[str], message: str) -> None:
    ran = project.flyo("review", *words, "--local")
    assert (ran.status, ran.stderr) == (2, message + "\n")
