"""What is asked of the platform to know a fleet."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.rollout.state.observe import observe, with_secrets
from tests.unit.rollout.rollout_world import APP, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def asked(world: World, since: int) -> list[str]:
    return [path.removeprefix(f"/apps/{APP}") for _, path in world.calls[since:]]


def test_an_app_with_a_machine_is_there(world: World) -> None:
    ref = world.push("one").ref
    assert ref is not None
    world.flyctl_create("app", ref, "iad")
    since = len(world.calls)
    assert observe(world.api, APP).exists
    assert asked(world, since) == ["/machines", "/secrets"]


def test_one_without_a_machine_is_asked_for(world: World) -> None:
    since = len(world.calls)
    fleet = observe(world.api, APP)
    assert fleet.exists and not fleet.machines
    assert asked(world, since) == ["/machines", "", "/secrets"]
    assert not observe(world.api, "nobodys").exists
    with pytest.raises(ApiError):
        observe(world.api, "nobodys", known=True)


def test_secrets_are_read_later_where_they_are_not_needed_yet(world: World) -> None:
    since = len(world.calls)
    fleet = observe(world.api, APP, known=True, secrets=False)
    assert fleet.secrets == "" and asked(world, since) == ["/machines"]
    assert with_secrets(world.api, fleet) == observe(world.api, APP)
