"""What stands where the lock keeps its file on this computer, and how its leases are given back."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.fleet.http import HttpError
from flyctl_orchestrator.rollout.journal.activity import FILE, Activity, ActivityLog
from flyctl_orchestrator.rollout.lock.computer import ComputerLock
from flyctl_orchestrator.rollout.lock.leases import Leases
from flyctl_orchestrator.rollout.state.lock_record import LockRecord
from tests.unit.rollout.rollout_world import APP, World

ADA = LockRecord("a", "ada", "flyo deploy", "rollout")


def loop(path: Path) -> None:
    path.symlink_to(path)


def nested(path: Path) -> None:
    path.write_text("[" * 100_000)


def cut_off(path: Path) -> None:
    path.write_text('{"holder": ')


def bytes_of_another(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00")


MAKE: dict[str, Callable[[Path], object]] = {
    "FIFO": os.mkfifo,
    "looping link": loop,
    "too deep": nested,
    "cut off": cut_off,
    "no text": bytes_of_another,
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("what", MAKE)
def test_whatever_stands_in_its_place_the_lock_is_taken_and_told_of(tmp_path: Path, what: str) -> None:
    MAKE[what](tmp_path / "app.json")
    lock = ComputerLock(tmp_path / "app.lock")
    assert lock.take(ADA) is None
    said = json.loads((tmp_path / "app.json").read_text())
    assert said == {"holder": ADA.as_value(), "nonces": []}
    holder = ComputerLock(tmp_path / "app.lock").take(LockRecord("b", "bob", "", "rollout"))
    assert holder is not None and holder.who == "ada"
    lock.release()


@pytest.mark.timeout(20)
def test_what_is_left_beside_it_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"app.{os.getpid()}.tmp")
    lock = ComputerLock(tmp_path / "app.lock")
    assert lock.take(ADA) is None
    assert json.loads((tmp_path / "app.json").read_text())["holder"] == ADA.as_value()
    lock.release()


@pytest.mark.timeout(20)
@pytest.mark.parametrize("what", ["FIFO", "looping link"])
def test_a_list_of_activities_that_is_no_file_is_not_waited_for(tmp_path: Path, what: str) -> None:
    MAKE[what](tmp_path / FILE)
    log = ActivityLog(tmp_path)
    assert log.add(Activity(1.0, "ada", "secrets", "set", "K"))
    assert log.all() == []


# --- giving back


@pytest.mark.parametrize(
    ("ends", "calls"),
    [
        (["refused", "refused", "refused"], 1),
        (["timeout", "timeout", "timeout"], 2),
        (["timeout", "", "timeout"], 3),
        (["html", "html", "html"], 3),
    ],
)
def test_leases_are_given_back_as_long_as_anybody_may_answer(
    world: World, tmp_path: Path, ends: list[str], calls: int
) -> None:
    """A connection that is refused is everybody's; silence may be one machine's host; a strange answer is quick."""
    image = world.push("one")
    ids = [world.flyctl_create("app", image.ref or "", region) for region in ("iad", "fra", "nrt")]
    leases = Leases(world.api, APP, "a", ComputerLock(tmp_path / "app.lock"))
    for id in ids:
        leases.take(id)
    asked: list[str] = []
    send = world.http.send

    def answer(method: str, url: str, **more: Any) -> Any:
        if method != "DELETE":
            return send(method, url, **more)
        machine = next(id for id in ids if id in url)
        if machine not in asked:
            asked.append(machine)
        end = ends[ids.index(machine)]
        if end == "html":
            from flyctl_orchestrator.fleet.http import HttpAnswer

            return HttpAnswer(200, {"content-type": "text/html"}, b"<html>please log in</html>")
        if end:
            world.pass_time(3.0)
            raise HttpError("refused" if end == "refused" else "timeout")
        return send(method, url, **more)

    world.http.send = answer  # type: ignore[method-assign]
    leases.give_back()
    assert len(asked) == calls
