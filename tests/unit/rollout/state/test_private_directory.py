"""Directories of flyo's own: nobody else may look into them, whoever makes them first."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from flyctl_orchestrator.cli.complete.seen import remember_machines
from flyctl_orchestrator.cli.local.notices import Notices
from flyctl_orchestrator.cli.state import remembers
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.rollout.context.events import Event
from flyctl_orchestrator.rollout.journal.activity import Activity
from flyctl_orchestrator.rollout.journal.journals import JournalStore
from flyctl_orchestrator.rollout.state.plain_file import private_directory
from tests.unit.fleet.fleet_doubles import ManualClock


def keep_notices(state: Path) -> None:
    notices = Notices(state / "rollouts" / "local" / "shop")
    notices.is_new(Event("warning", 0.0, "shop", {"code": "build.notice", "what": "x"}))
    notices.keep()


def environment(state: Path) -> Environment:
    return Environment({"FLYO_STATE_DIR": str(state)}, state.parent)


MAKERS: dict[str, Callable[[Path], object]] = {
    "journal": lambda state: JournalStore.under(state, "fly", "shop").open("0001", ManualClock()).close(),
    "activity": lambda state: JournalStore.under(state, "fly", "shop").activities.add(
        Activity(0.0, "ann", "lock", "taken", "")
    ),
    "machines": lambda state: remember_machines(environment(state), "shop", []),
    "what was said": lambda state: remembers(environment(state), "notice", "x"),
    "notices": keep_notices,
}


@pytest.mark.parametrize("maker", MAKERS)
def test_whoever_comes_first_makes_them_private(maker: str, tmp_path: Path) -> None:
    state = tmp_path / "home" / "state"
    MAKERS[maker](state)
    made = [state.parent, *(each for each in (state, *state.rglob("*")) if each.is_dir())]
    assert len(made) >= 2
    assert {each.name: stat.S_IMODE(each.stat().st_mode) for each in made} == {each.name: 0o700 for each in made}


def test_one_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    private_directory(tmp_path)
    private_directory(tmp_path / "a")
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        private_directory(tmp_path / "file")
