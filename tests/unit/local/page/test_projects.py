"""What a deploy tells of its project: what of it is taken, how it is run, and that it stays."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.local.base.errors import PlatformError
from flyctl_orchestrator.local.core.store import MemoryStore, SqliteStore
from flyctl_orchestrator.local.page.projects import KIND, Projects, read

TOLD: dict[str, Any] = {
    "app": "web",
    "directory": "/home/ada/my app",
    "flyo": "/usr/local/bin/flyo",
    "options": ["--watch=2s", "--no-rollback"],
    "environment": {"PATH": "/usr/bin", "HOME": "/home/ada"},
}


def test_what_was_told_is_run_without_a_shell_and_shown_as_it_would_be_typed() -> None:
    project = read(TOLD)
    assert project.words == (
        "/usr/local/bin/flyo",
        *("deploy", "--local", "--again", "--watch=2s", "--no-rollback"),
    )
    assert project.line == "flyo deploy --local --again --watch=2s --no-rollback '/home/ada/my app'"


@given(st.text("abc '\"$;&|\\*~", min_size=1), st.text("abc '\"$;&|\\*~", min_size=1))
def test_the_line_says_the_same_whatever_a_directory_is_called(directory: str, config: str) -> None:
    project = read({**TOLD, "directory": f"/{directory}", "options": [f"--config={config}"]})
    assert shlex.split(project.line) == [
        *("flyo", "deploy", "--local", "--again", f"--config={config}", f"/{directory}")
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("app", "Web"),
        ("app", "../web"),
        ("app", None),
        ("directory", "relative"),
        ("directory", "/a\0b"),
        ("directory", "/a\nb"),
        ("directory", "/a\udc80"),
        ("flyo", "flyo"),
        ("flyo", None),
        ("options", "--watch=2s"),
        ("options", ["status"]),
        ("options", ["-y"]),
        ("options", ["--config=\udc80"]),
        ("options", ["--watch=2s\n--abort"]),
        ("options", ["--a"] * 33),
        ("environment", ["PATH=/usr/bin"]),
        ("environment", {"PATH": 1}),
        ("environment", {"A B": "c"}),
        ("environment", {"A": "b\0c"}),
        ("environment", {"FLY_API_TOKEN": "FlyV1 x"}),
        ("environment", {"DATABASE_PASSWORD": "x"}),
        ("environment", {"aws_secret_access_key": "x"}),
    ],
)
def test_what_is_no_project_or_may_hold_a_credential_is_refused(name: str, value: Any) -> None:
    with pytest.raises(PlatformError) as refused:
        read({**TOLD, name: value})
    assert refused.value.status == 400
    assert "FlyV1" not in str(refused.value)


def test_no_object_is_refused() -> None:
    with pytest.raises(PlatformError):
        read(["web"])


def test_projects_stay_over_a_restart_until_their_app_is_destroyed(tmp_path: Path) -> None:
    path = tmp_path / "platform.db"
    store = SqliteStore(path)
    projects = Projects(store)
    for app in ("web", "blog"):
        projects.keep(read({**TOLD, "app": app}))
    projects.keep(read({**TOLD, "directory": "/moved"}))
    projects.forget("blog")
    projects.forget("never-there")
    store.close()
    store = SqliteStore(path)
    again = Projects(store)
    moved = read({**TOLD, "directory": "/moved"})
    assert (again.of("web"), again.of("blog")) == (moved, None)
    store.close()


def test_a_record_of_another_version_is_as_good_as_none() -> None:
    class Older(MemoryStore):
        def load(self, kind: str) -> list[dict[str, Any]]:
            return [{"app": "web", "place": "/somewhere"}, {**TOLD, "app": "blog"}] if kind == KIND else []

    projects = Projects(Older())
    assert projects.of("web") is None and projects.of("blog") is not None
