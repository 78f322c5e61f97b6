"""Journals from which nothing can be learnt: each is named in one sentence, and nothing is waited for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flyctl_orchestrator import __version__
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.project.model import RolloutPolicy
from flyctl_orchestrator.report.history_text import history_lines
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.rollout.journal.history import history_of
from flyctl_orchestrator.rollout.journal.journal import being_written
from flyctl_orchestrator.rollout.journal.journals import JournalStore
from flyctl_orchestrator.rollout.plan.file import plan_as_dict
from tests.unit.rollout.journal.kept_rollouts import Kept, machine, rollout_id
from tests.unit.rollout.rollout_world import World

NAME = "20261129-120000-abcdef.jsonl"


def unreadable(path: Path) -> None:
    path.write_text("{}")
    path.chmod(0)


def loop(path: Path) -> None:
    path.symlink_to(path)


def deep(path: Path) -> None:
    path.write_text('{"entry":"begin","before":' + "[" * 200_000 + "]" * 200_000 + "}\n")


def another_kind(path: Path) -> None:
    path.write_text('{"entry":"begin","before":[],"rollout":"r","at":1,"plan":{"schema":"flyo.plan/9"}}\n')


KINDS: dict[str, tuple[Callable[[Path], None], str]] = {
    "another user's": (unreadable, "Permission denied"),
    "a loop": (loop, "Too many levels of symbolic links"),
    "a directory": (Path.mkdir, "it is a directory"),
    "a pipe": (os.mkfifo, "it is no ordinary file"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "it is no ordinary file"),
    "deeply nested": (deep, "a line of it is nested too deeply"),
    "of another version": (another_kind, "not a plan of this version"),
}


def needs_rights(kind: str) -> None:
    if kind == "another user's" and os.geteuid() == 0:
        pytest.skip("root reads everything")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_named_in_one_sentence(tmp_path: Path, kind: str) -> None:
    needs_rights(kind)
    make, why = KINDS[kind]
    make(tmp_path / NAME)
    store = JournalStore(tmp_path, "web")
    with pytest.raises(FlyoError) as raised:
        store.unfinished()
    assert (raised.value.code, raised.value.where) == ("journal.bad", str(tmp_path / NAME))
    assert why in raised.value.what and "\n" not in str(raised.value)
    assert "move it away" in raised.value.next
    found, bad = store.readable()
    assert (found, [each.where for each in bad]) == ([], [str(tmp_path / NAME)])


def test_that_root_may_not_read_it_either_is_said(tmp_path: Path) -> None:
    """As another user, in a process of its own, where the tests run as root."""
    if os.geteuid() != 0:
        pytest.skip("another user's file cannot be made here")
    (tmp_path / NAME).write_text("{}")
    (tmp_path / NAME).chmod(0o600)
    tmp_path.chmod(0o755)
    code = (
        "import os, sys; from pathlib import Path; "
        "from flyctl_orchestrator.rollout.journal.journals import JournalStore; "
        "os.chdir(sys.argv[1]); os.setuid(65534); print(JournalStore(Path('.'), 'web').readable()[1][0])"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert ran.stdout.startswith(f"{NAME}: this journal of a rollout cannot be read (Permission denied). Make it")


@pytest.mark.parametrize("name", ["file", "loop"])
def test_a_directory_that_is_none_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("") if name == "file" else loop(path)
    with pytest.raises(FlyoError) as raised:
        JournalStore(path, "web").all()
    assert (raised.value.code, raised.value.where) == ("journal.bad", str(path))


def test_a_directory_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert JournalStore(tmp_path / "none", "web").readable() == ([], [])


def test_whether_a_pipe_is_written_to_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NAME)
    assert not being_written(tmp_path / "missing")
    being_written(tmp_path / NAME)


def of_a_later_version(directory: Path, *, ended: bool) -> JournalStore:
    """The journal of a rollout that a later version of flyo wrote, with parts that this one does not know."""
    kept = Kept(directory)
    kept.begin(1, [machine("a")], flyo="7.1.0", policy={"soak": 5})
    kept.change(1)
    if ended:
        kept.end(1)
    (path,) = directory.glob("*.jsonl")
    begin, *rest = path.read_text().splitlines()
    entry = json.loads(begin)
    entry["plan"]["waves"][0]["lanes"][0]["steps"][-1]["glow"] = True
    path.write_text("".join(f"{line}\n" for line in (json.dumps(entry), *rest)))
    return kept.store


def test_a_finished_rollout_of_another_version_stops_nothing(tmp_path: Path) -> None:
    store = of_a_later_version(tmp_path, ended=True)
    assert store.unfinished() is None
    (past,) = store.all()
    assert (past.good, past.image, sorted(past.before)) == (True, "registry.fly.io/shop:new", ["a"])


def test_an_unfinished_rollout_of_another_version_is_left_to_that(tmp_path: Path) -> None:
    store = of_a_later_version(tmp_path, ended=False)
    with pytest.raises(FlyoError) as raised:
        store.unfinished()
    assert str(raised.value) == (
        f"{store.path(rollout_id(1))}: this journal of a rollout cannot be read (flyo 7.1.0 wrote it, this is "
        f"{__version__}: the plan is damaged, or of another version of flyo ('glow' is not known here)). Use flyo "
        "7.1.0 to finish it, or move it away: the machines' own metadata tells the rest"
    )


def test_a_damaged_journal_that_has_been_overtaken_stops_nothing(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.whole(1, [machine("a")])
    kept.store.path(rollout_id(0)).write_text('{"entry":"begin","before":7}\n')
    assert kept.store.ids() == [rollout_id(0), rollout_id(1)]
    assert kept.store.unfinished() is None


def lines_of_a_rollout(world: World, directory: Path) -> list[dict[str, Any]]:
    plan = world.plan(world.desired(world.push("one")))
    world.run(plan, RolloutPolicy())
    (path,) = directory.glob("*.jsonl")
    begin, *rest = [json.loads(line) for line in path.read_text().splitlines()]
    return [{**begin, "rollout": path.stem, "plan": plan_as_dict(plan), "policy": asdict(RolloutPolicy())}, *rest]


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@settings(
    deadline=None,
    max_examples=int(os.environ.get("EXAMPLES", "200")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_whatever_a_journal_holds_it_is_read_or_named(world: World, tmp_path: Path, data: st.DataObject) -> None:
    """Any value anywhere in a real journal is replaced."""
    if not (tmp_path / "real").exists():
        (tmp_path / "real").write_text(json.dumps(lines_of_a_rollout(world, tmp_path)))
    entries = json.loads((tmp_path / "real").read_text())
    place: Any = data.draw(st.sampled_from(entries))
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not place[key] or not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(VALUES)
    directory = tmp_path / "journals"
    directory.mkdir(exist_ok=True)
    (directory / NAME).write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    found, bad = JournalStore(directory, "web").readable()
    assert len(found) + len(bad) <= 1
    for each in bad:
        assert each.where == str(directory / NAME)
    rows = history_of(found, [], [])
    assert len(history_lines(rows, Style(), None)) == 1 + len(json.loads(json.dumps([row.as_dict() for row in rows])))
