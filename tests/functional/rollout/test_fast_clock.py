"""`flyo rollback` goes one release back, also where the computer's clock was two days fast for one of the releases."""

from __future__ import annotations

import io

import pytest

from flyctl_orchestrator.cli.main import run
from flyctl_orchestrator.environment import Environment, SystemClock
from tests import planted
from tests.functional.rollout.rollout_project import RolloutProject

FAST = 2 * 86_400.0


class FastClock(SystemClock):
    """The computer's clock, set two days too far."""

    def now(self) -> float:
        return super().now() + FAST


def on_a_fast_clock(project: RolloutProject, *arguments: str) -> None:
    """One command that must succeed; in this process, where it can be given a clock."""
    out, err = io.StringIO(), io.StringIO()
    environment = Environment(
        project.variables, project.project, FastClock(), stdin=io.StringIO(), stdout=out, stderr=err
    )
    status = run(list(arguments), environment)
    planted.hear(out.getvalue(), err.getvalue())
    assert status == 0, err.getvalue()


def digests(project: RolloutProject) -> list[tuple[str, str]]:
    return sorted((region, body["image_ref"]["digest"]) for region, body in project.machines().items())


@pytest.mark.parametrize("fast", [2, 3])
def test_a_rollback_goes_one_release_back(deployed: RolloutProject, fast: int) -> None:
    runs = [digests(deployed)]
    for release in (2, 3):
        deployed.behave(f"good {release}")
        if release == fast:
            on_a_fast_clock(deployed, "deploy", "--local")
        else:
            deployed.ok("deploy", "--local")
        runs.append(digests(deployed))
    assert len({digest for machines in runs for _, digest in machines}) == 3
    deployed.ok("rollback", "--local", "--yes")
    assert digests(deployed) == runs[1]
    deployed.ok("rollback", "--local", "--yes")
    assert digests(deployed) == runs[0]


def test_a_rollback_on_a_fast_clock_does_so_too(deployed: RolloutProject) -> None:
    runs = [digests(deployed)]
    for release in (2, 3):
        deployed.behave(f"good {release}")
        deployed.ok("deploy", "--local")
        runs.append(digests(deployed))
    on_a_fast_clock(deployed, "rollback", "--local", "--yes")
    assert digests(deployed) == runs[1]
    deployed.behave("good 4")
    deployed.ok("deploy", "--local")
    deployed.ok("rollback", "--local", "--yes")
    assert digests(deployed) == runs[1]
