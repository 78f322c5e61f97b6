"""A volume's files are in one place: in the platform's directory, or in a container engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.local.base.errors import NotModelled, PlatformError
from flyctl_orchestrator.local.core.volumes import Volumes
from tests.unit.local.simulated_fly import Fly


@pytest.fixture
def volumes(fly: Fly, tmp_path: Path) -> Volumes:
    """Volumes of app "shop" with directories."""
    return Volumes(fly.platform.kernel, tmp_path)


def _volume(volumes: Volumes, **wanted: Any) -> str:
    return volumes.create("shop", {"name": "data", "region": "iad", **wanted}).id


def test_an_empty_one_may_go_to_the_engine_and_does_not_come_back(volumes: Volumes) -> None:
    volume = _volume(volumes)
    volumes.take_for(volume, engine=False)
    volumes.take_for(volume, engine=True)
    volumes.take_for(volume, engine=True)
    with pytest.raises(PlatformError, match="in the container engine"):
        volumes.take_for(volume, engine=False)


def test_one_with_files_of_processes_is_not_shown_empty_to_a_container(volumes: Volumes, tmp_path: Path) -> None:
    volume = _volume(volumes)
    (tmp_path / volume / "kept").touch()
    with pytest.raises(PlatformError, match="in the platform's own directory"):
        volumes.take_for(volume, engine=True)
    volumes.take_for(volume, engine=False)


def test_what_is_in_the_engine_goes_with_the_volume_and_needs_an_engine_to_be_copied(volumes: Volumes) -> None:
    erased: list[str] = []
    volumes.on_erased = erased.append
    volume = _volume(volumes)
    volumes.take_for(volume, engine=True)
    with pytest.raises(NotModelled):
        volumes.snapshot("shop", volume)
    volumes.destroy("shop", volume)
    volumes.destroy("shop", _volume(volumes))
    assert erased == [volume]


class Engine:
    """Notes the copies that are asked for, and makes them when told."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self._waiting: list[Callable[[int | None], None]] = []

    def copy(self, source: str, target: str, done: Callable[[int | None], None]) -> None:
        self.asked.append((source, target))
        self._waiting.append(done)

    def finish(self, size: int | None) -> None:
        self._waiting.pop(0)(size)


def test_copies_of_what_is_in_the_engine_are_ready_when_the_engine_is(volumes: Volumes) -> None:
    engine, erased = Engine(), list[str]()
    volumes.copy_in_engine, volumes.on_erased = engine.copy, erased.append
    volume = _volume(volumes)
    volumes.take_for(volume, engine=True)
    taken = volumes.snapshot("shop", volume)
    assert (taken.status, taken.size) == ("creating", 0)
    engine.finish(700)
    assert (taken.status, taken.size) == ("created", 700)
    forked = _volume(volumes, snapshot_id=taken.id)
    refused = _volume(volumes, source_volume_id=volume)
    assert engine.asked == [(volume, taken.id), (taken.id, forked), (volume, refused)]
    assert volumes.get("shop", forked).state == "creating"
    engine.finish(700)
    engine.finish(None)
    assert [volumes.get("shop", one).state for one in (forked, refused)] == ["created", "failed"]
    volumes.take_for(forked, engine=True)
    volumes.forget("shop")
    assert sorted(erased) == sorted([volume, taken.id, forked, refused])


def test_a_copy_that_is_ready_after_its_app_went_is_erased(volumes: Volumes) -> None:
    engine, erased = Engine(), list[str]()
    volumes.copy_in_engine, volumes.on_erased = engine.copy, erased.append
    volume = _volume(volumes)
    volumes.take_for(volume, engine=True)
    taken, forked = volumes.snapshot("shop", volume).id, _volume(volumes, source_volume_id=volume)
    volumes.forget("shop")
    erased.clear()
    engine.finish(1)
    engine.finish(1)
    assert erased == [taken, forked]


def test_a_copy_that_was_not_ready_when_the_daemon_ended_is_none(volumes: Volumes, fly: Fly) -> None:
    engine = Engine()
    volumes.copy_in_engine = engine.copy
    volume = _volume(volumes)
    volumes.take_for(volume, engine=True)
    volumes.snapshot("shop", volume)
    again = Volumes(fly.platform.kernel, None)
    for one in (volume, _volume(volumes, source_volume_id=volume)):
        again.adopt(volumes.get("shop", one))
    assert [one.state for one in again.list("shop")] == ["created", "failed"]
    assert again.get("shop", volume).snapshots[0].status == "failed"
