from __future__ import annotations

import io
from pathlib import Path

from flyctl_orchestrator.cli.target import say_untested
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.fleet.flyctl import version as releases
from flyctl_orchestrator.fleet.flyctl.version import FlyctlVersion


def told(state: Path, version: str) -> str:
    err = io.StringIO()
    environment = Environment({"FLYO_STATE_DIR": str(state)}, state.parent, stderr=err)
    say_untested(environment, FlyctlVersion.of(version))
    return err.getvalue()


def test_a_newer_flyctl_is_noted_once(tmp_path: Path) -> None:
    state = tmp_path / "not there yet" / "state"
    assert told(state, "0.98.0") == (
        f"note: flyctl 0.98.0 is newer than what this flyo was tested with ({releases.tested_range()}); said once\n"
    )
    assert told(state, "0.98.0") == ""
    assert "0.99.0 is newer" in told(state, "0.99.0")
    assert told(state, "0.99.0") == ""


def test_an_older_one_is_warned_of_each_time(tmp_path: Path) -> None:
    assert [told(tmp_path, "0.1.0").startswith("warning: flyctl 0.1.0 is older") for _ in "ab"] == [True, True]
    assert told(tmp_path, "0.4.87") == "" and not list(tmp_path.iterdir())


def test_where_nothing_can_be_kept_it_is_said_again(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    assert [bool(told(in_the_way / "state", "0.99.0")) for _ in "ab"] == [True, True]
