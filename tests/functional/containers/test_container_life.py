"""What stays in the engine, and what does not: when a daemon ends, is killed, or shares the engine with another."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.local.containers.names import Names
from flyctl_orchestrator.local.daemon import control
from tests.engine_bases import SMALL, TestEngine
from tests.functional.containers.conftest import contained, leave_nothing
from tests.platform_client import Api
from tests.waiting import eventually

pytestmark = pytest.mark.containers

Daemons = Callable[[], Api]


def _sleeper(api: Api, place: Path, app: str = "small") -> str:
    """A machine that does nothing; its id."""
    place.mkdir(exist_ok=True)
    place.joinpath("Dockerfile").write_text(f'FROM {SMALL}\nCMD ["sleep", "600"]\n')
    return api.started(app, api.build(api.app(app), place))


def _names(engine: TestEngine, state: Path) -> list[str]:
    return [found["Names"][0] for found in engine.labelled("containers", state)]


def _killed(api: Api) -> None:
    os.kill(api.running.pid, signal.SIGKILL)
    eventually(lambda: control.locate(api.running.state) is None)


def test_down_leaves_no_container_and_no_network(container_daemon: Daemons, engine: TestEngine, tmp_path: Path) -> None:
    api = container_daemon()
    _sleeper(api, tmp_path / "app")
    state = api.running.state
    assert len(_names(engine, state)) == len(engine.labelled("networks", state)) == 1
    control.stop(state)
    assert not _names(engine, state) and not engine.labelled("networks", state)
    again = container_daemon()
    machine = again.call("GET", "/v1/apps/small/machines").body[0]["id"]
    again.wait("small", machine, "started")


def test_the_next_daemon_removes_what_a_killed_one_left(
    container_daemon: Daemons, engine: TestEngine, tmp_path: Path
) -> None:
    api = container_daemon()
    machine = _sleeper(api, tmp_path / "app")
    state = api.running.state
    (before,) = _names(engine, state)
    _killed(api)
    assert _names(engine, state) == [before], "the engine keeps it running"
    again = container_daemon()
    again.wait("small", machine, "started")
    (now,) = eventually(lambda: _names(engine, state), lambda names: len(names) == 1)
    assert f"removed container {before.lstrip('/')}" in (state / "daemon.log").read_text()
    assert machine in now


def test_down_removes_what_a_killed_daemon_left(container_daemon: Daemons, engine: TestEngine, tmp_path: Path) -> None:
    api = container_daemon()
    _sleeper(api, tmp_path / "app")
    _killed(api)
    assert control.stop(api.running.state), "something was stopped"
    assert not _names(engine, api.running.state) and not engine.labelled("networks", api.running.state)


def test_after_a_kill_and_a_reset_no_image_and_no_volume_is_left(
    container_daemon: Daemons, engine: TestEngine, tmp_path: Path
) -> None:
    api = container_daemon()
    state = api.running.state
    _sleeper(api, tmp_path / "app")
    image = api.build("small", tmp_path / "app", "again")
    volume = api.call("POST", "/v1/apps/small/volumes", {"name": "data", "region": "iad"}).body["id"]
    api.started("small", image, {"mounts": [{"volume": volume, "path": "/data"}]})
    assert len(engine.labelled("volumes", state)) == 1
    _killed(api)
    assert control.stop(state) and len(engine.labelled("volumes", state)) == 1, "volumes are the app's"
    again = container_daemon()
    assert again.call("POST", "/_local/reset").status == 200
    control.stop(state)
    left = {what: engine.labelled(what, state) for what in ("containers", "networks", "volumes")}
    assert not any(left.values()) and not engine.images_of(Names(state).prefix), left


def test_two_platforms_share_an_engine(container_daemon: Daemons, engine: TestEngine, tmp_path: Path) -> None:
    mine = container_daemon()
    machine = _sleeper(mine, tmp_path / "app")
    other = Api(control.start(tmp_path / "other", 0, environ=contained(engine)))
    try:
        _sleeper(other, tmp_path / "app")
    finally:
        leave_nothing(engine, tmp_path / "other")
    assert mine.machine("small", machine)["state"] == "started"
    again = mine.build("small", tmp_path / "app", "two")
    assert mine.started("small", again), "its image is still there"


def test_a_killed_main_process_is_started_again(container_daemon: Daemons, engine: TestEngine, tmp_path: Path) -> None:
    api = container_daemon()
    machine = _sleeper(api, tmp_path / "app")
    (found,) = engine.labelled("containers", api.running.state)
    engine.call("POST", f"/containers/{found['Id']}/kill?signal=SIGKILL")
    exits: Any = eventually(
        lambda: [event for event in api.machine("small", machine)["events"] if event["type"] == "exit"]
    )
    assert exits[0]["request"]["exit_event"]["exit_code"] == 137
    api.wait("small", machine, "started")
    assert len(_names(engine, api.running.state)) <= 2


def test_an_image_goes_with_its_app(container_daemon: Daemons, engine: TestEngine, tmp_path: Path) -> None:
    api = container_daemon()
    _sleeper(api, tmp_path / "app")

    prefix = Names(api.running.state).prefix
    assert len(engine.images_of(prefix)) == 1
    api.call("POST", "/_local/reset")
    eventually(lambda: not engine.images_of(prefix))


def test_the_same_image_built_right_after_a_reset_stays(container_daemon: Daemons, tmp_path: Path) -> None:
    api = container_daemon()
    for _ in range(4):
        _sleeper(api, tmp_path / "app")
        api.call("POST", "/_local/reset")
    machine = _sleeper(api, tmp_path / "app")
    api.wait("small", machine, "started")


def test_without_an_engine_containers_are_refused_and_auto_takes_processes(tmp_path: Path) -> None:
    environ = {**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/nobody.sock", "FLYO_LOCAL_RUNTIME": "auto"}
    state = tmp_path / "state"
    api = Api(control.start(state, 0, environ=environ))
    try:
        api.app("small")
        context = tmp_path / "app"
        context.mkdir()
        (context / "Dockerfile").write_text('FROM scratch\nCMD ["sleep", "60"]\n')
        wanted = {"app": "small", "context": str(context), "label": "one"}
        said = api.call("POST", "/_local/builds", wanted).raw.decode().splitlines()
        assert "machines run as processes, since no container engine answers" in json.loads(said[0])["line"]
        assert json.loads(said[-1])["notices"][0] == json.loads(said[0])["line"]
        refused = api.call("POST", "/_local/builds", {**wanted, "runtime": "container"}).raw.decode().splitlines()
        assert json.loads(refused[-1])["code"] == "build.engine"
    finally:
        control.stop(state)
