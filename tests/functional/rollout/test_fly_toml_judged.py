"""What flyctl says about fly.toml is said before anything is built."""

from __future__ import annotations

import pytest

from tests.functional.rollout.rollout_project import RolloutProject

TOO_OFTEN = '\n[checks.live]\ntype = "tcp"\nport = 8080\ninterval = "1s"\n'
SENTENCE = "flyctl refuses it: Check 'live' interval is too short: 1s, minimum is 2 seconds"


def change(project: RolloutProject, more: str) -> None:
    path = project.project / "fly.toml"
    path.write_text(path.read_text() + more)


@pytest.mark.parametrize("command", [("plan", "--local"), ("deploy", "--local"), ("deploy", "--local", "--json")])
def test_a_file_that_flyctl_refuses_ends_a_command_before_the_app_is_made(
    fresh: RolloutProject, command: tuple[str, ...]
) -> None:
    change(fresh, TOO_OFTEN)
    ran = fresh.flyo(*command)
    assert ran.status == 2, ran.stderr
    assert SENTENCE in (ran.stdout if "--json" in command else ran.last_line)
    assert "build" not in ran.stdout + ran.stderr
    assert fresh.api.call("GET", "/v1/apps?org_slug=personal").body["total_apps"] == 0


def test_what_flyctl_ignores_is_named(fresh: RolloutProject) -> None:
    change(fresh, '\n[wheel]\nsize = 3\n[[vm]]\nmemory = "lots"\n')
    ran = fresh.flyo("plan", "--local")
    assert ran.status == 0, ran.stderr
    assert "warning: fly.toml: flyctl ignores what it does not know: wheel\n" in ran.stderr
    assert "'lots' is not an amount of memory that flyctl knows; its deploy stops there\n" in ran.stderr
