"""A volume's files are in one place: in the platform's directory, or in a container engine."""

from __future__ import annotations

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


def test_what_is_in_the_engine_is_not_copied_and_goes_with_the_volume(volumes: Volumes) -> None:
    erased: list[str] = []
    volumes.on_erased = erased.append
    volume = _volume(volumes)
    volumes.take_for(volume, engine=True)
    with pytest.raises(NotModelled):
        volumes.snapshot("shop", volume)
    with pytest.raises(NotModelled):
        _volume(volumes, source_volume_id=volume)
    volumes.destroy("shop", volume)
    volumes.destroy("shop", _volume(volumes))
    assert erased == [volume]
