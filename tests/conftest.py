"""Fixtures for tests against a real daemon of the local platform.

`platform_daemon` is one daemon for all tests of a process, emptied before each; `fresh_daemon` makes daemons of a
test's own. `api` talks to the shared one, `server_image` gives it an image of a small server.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from flyctl_orchestrator.local.daemon import control
from tests import planted
from tests.platform_client import DOCKERFILE, SERVER, Api

FreshDaemon = Callable[..., Api]

# How long one example takes is no assertion: a busy computer would fail it.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
# Apps run as processes, whatever engine the developer has; tests marked `containers` say otherwise.
os.environ["FLYO_LOCAL_RUNTIME"] = "process"
# Nor does the region that flyo init suggests depend on where the developer is.
os.environ["TZ"] = "UTC"


@pytest.fixture(autouse=True)
def _nothing_planted_gets_out() -> Iterator[None]:
    """Whatever a test was about: the secret of its app is in no journal, event, output or error of it."""
    yield
    assert planted.found() == []


@pytest.fixture(scope="session")
def _shared_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[control.Running]:
    state = tmp_path_factory.mktemp("platform")
    running = control.start(state, 0)
    yield running
    control.stop(state)


@pytest.fixture
def platform_daemon(_shared_daemon: control.Running) -> control.Running:
    """A running daemon with no apps and the usual settings, but without request limits."""
    api = Api(_shared_daemon)
    assert api.call("POST", "/_local/reset").status == 200
    usual = {"delays": False, "rate_limits": False, "autostop_tick_seconds": 300, "boot_seconds": 0}
    assert api.call("PUT", "/_local/settings", usual).status == 200
    return _shared_daemon


@pytest.fixture
def api(platform_daemon: control.Running) -> Api:
    """Talks to the shared daemon."""
    return Api(platform_daemon)


@pytest.fixture
def fresh_daemon(tmp_path: Path) -> Iterator[FreshDaemon]:
    """Starts a daemon of the test's own: `fresh_daemon()`; a second call starts it again on the same directory."""
    state = tmp_path / "state"

    def start(port: int = 0) -> Api:
        return Api(control.start(state, port))

    yield start
    control.stop(state)


@pytest.fixture(scope="session")
def server_context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that builds into a small server without dependencies."""
    context = tmp_path_factory.mktemp("server")
    (context / "app.py").write_text(SERVER)
    (context / "Dockerfile").write_text(DOCKERFILE)
    return context


@pytest.fixture
def server_image(api: Api, server_context: Path) -> str:
    """An image of the small server, pushed for app "shop", which exists."""
    return api.build(api.app("shop"), server_context)
