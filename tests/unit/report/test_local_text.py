"""`flyo local status` says what `--delays` leaves out, while there is such a thing."""

from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.report.line import Line
from flyctl_orchestrator.report.local_text import UNDELAYED, local_lines
from flyctl_orchestrator.report.style import Style

APP = {"name": "shop", "machines": 2, "started": 2, "suspended": 0, "stopped": 0, "failed": 0, "url": "http://shop"}


@pytest.mark.parametrize(
    ("machines", "others", "last"),
    [(0, 2, "shop has 2 machines that no deploy manages."), (0, 0, ""), (2, 1, "")],
)
def test_an_app_that_would_look_empty_has_what_no_deploy_manages(machines: int, others: int, last: str) -> None:
    status = {"pid": 1, "apps": [APP | {"machines": machines, "others": others}]}
    lines = [str(line) for line in local_lines(status, "http://127.0.0.1:4280", 0.0, Style(), 100)]
    assert lines[-1] == last if last else "no deploy" not in "".join(lines)


@pytest.mark.parametrize(
    ("delays", "containers", "said"),
    [(True, 2, True), (True, 1, False), (True, 0, False), (False, 2, False), (True, None, False)],
)
def test_connections_between_containers_are_said_not_to_be_delayed(
    delays: bool, containers: int | None, said: bool
) -> None:
    status: dict[str, Any] = {"pid": 1, "delays": delays, "apps": [APP]}
    if containers is not None:
        status["containers"] = containers
    lines = local_lines(status, "http://127.0.0.1:4280", 0.0, Style(), 100)
    assert (lines[-1] == Line.of(UNDELAYED)) is said
