"""What flyctl and Fly's API answer that is no good: the whole line, from programs and servers that say so."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flyctl_orchestrator.environment import SystemClock
from flyctl_orchestrator.fleet.flyctl.flyctl import Flyctl
from flyctl_orchestrator.report.words import sentence
from tests.functional.cli.test_unreadable_api import http
from tests.functional.printed.in_process import nobody, program, said
from tests.functional.printed.simulated import plain, simulated
from tests.refusals import refused
from tests.unit.fleet.socket_server import server
from tests.unit.rollout.recovery.killed_world import KilledWorld
from tests.unit.rollout.rollout_world import World
from tests.unit.rollout.stumbling_flyctl import Stumbling
from tests.unit.rollout.test_flyctl_patience import PASSING

BASES = ("FLY_API_BASE_URL", "FLY_FLAPS_BASE_URL", "FLY_UIEX_BASE_URL")
LOGIN = "Log in with 'flyctl auth login', or set FLY_API_TOKEN"


def error(status: int, text: str) -> bytes:
    return http(json.dumps({"error": text}).encode(), status)


@contextmanager
def answering(*answers: bytes) -> Iterator[dict[str, str]]:
    """A server that gives these answers one after the other, and the last one for ever; what leads to it."""
    left = list(answers)

    def talk(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(left.pop(0) if len(left) > 1 else left[0])
        connection.shutdown(socket.SHUT_RDWR)

    with server(talk) as (port, _):
        yield dict.fromkeys(BASES, f"http://127.0.0.1:{port}") | {"FLY_API_TOKEN": "fo1_token"}


@pytest.mark.parametrize(
    ("answers", "words", "status", "line"),
    [
        (
            [error(401, "unauthorized")], "status -a shop", 8,
            "flyo: app shop: could not list the machines: 401 unauthorized. Check FLY_API_TOKEN, or log in with "
            "'flyctl auth login' [api.unauthorized]",
        ),
        (
            [error(401, "unauthorized")], "logs -a shop", 8,
            "flyo: app shop: the logs cannot be read: it was refused (unauthorized). Check FLY_API_TOKEN, or log in "
            "with 'flyctl auth login' [api.unauthorized]",
        ),
        (
            [http(b"<html>Sign in</html>")], "status -a shop", 8,
            "flyo: app shop: could not list the machines: the answer of 127.0.0.1:PORT (200) cannot be read: it is not "
            "JSON; it begins with <html>Sign in</html>. Check what answers in its place (an HTTP proxy, a login page, "
            "FLY_FLAPS_BASE_URL), then try again [api.unreadable]",
        ),
        (
            [error(404, "no route"), http(b'{"id": "a1", "name": "shop"}')], "status -a shop", 1,
            "flyo: app shop: could not list the machines: 404 no route. 'flyctl apps list' shows the apps that the "
            "token may see, 'flyo status -a shop' their machines [api.not_found]",
        ),
        (
            [error(404, "no route"), http(b'{"id": "a1", "name": "shop"}')], "logs -a shop", 1,
            "flyo: app shop: the logs cannot be read: it was refused (no route). 'flyctl apps list' shows the apps "
            "that the token may see, 'flyo status -a shop' their machines [api.not_found]",
        ),
    ],
)  # fmt: skip
def test_what_the_api_answers(tmp_path: Path, answers: list[bytes], words: str, status: int, line: str) -> None:
    with answering(*answers) as variables:
        ran = said(words, tmp_path, nobody(tmp_path) | variables)
    assert (ran.status, plain(ran.line), ran.out) == (status, line, "")


@pytest.mark.parametrize(
    ("flyctl", "status", "line"),
    [
        (
            "echo 'Validating fly.toml'; echo \"Check 'live' interval is too short: 1s, minimum is 2 seconds\"; "
            "echo 'Error: App configuration is not valid' >&2; exit 1", 2,
            "flyo: fly.toml: flyctl refuses it: Check 'live' interval is too short: 1s, minimum is 2 seconds. Correct "
            "that; 'flyctl config validate' says it, too [config.refused]",
        ),
        (
            "exit 1", 2,
            "flyo: fly.toml: flyctl refuses it: it does not say why. Correct that; 'flyctl config validate' says it, "
            "too [config.refused]",
        ),
        (
            "echo 'nothing to say'", 8,
            "flyo: fly.toml: what flyctl config validate printed is neither a yes nor a no. Run 'flyctl config "
            "validate' to see what it prints [flyctl.unreadable]",
        ),
        (
            "echo 'Error: No access token available. Please login' >&2; exit 1", 8,
            f"flyo: app shop: flyctl config validate: No access token available. Please login. {LOGIN} [flyctl.token]",
        ),
    ],
)  # fmt: skip
def test_what_flyctl_says_of_fly_toml(tmp_path: Path, flyctl: str, status: int, line: str) -> None:
    killed = KilledWorld(tmp_path / "here")
    with simulated(killed) as there:
        ran = there.flyo(f"deploy --image {killed.world.push('one').ref}", flyctl)
    assert (ran.status, ran.line) == (status, line)


@pytest.mark.parametrize(
    ("flyctl", "line"),
    [
        (
            "exit 0",
            "flyo: what flyctl auth token printed cannot be read: it is empty. Run 'flyctl auth token --json' to see "
            "what it prints [flyctl.unreadable]",
        ),
        ('echo \'{"token": ""}\'', f"flyo: there is no token for Fly.io. {LOGIN} [target.token]"),
        (
            "echo 'Error: No access token available. Please login' >&2; exit 1",
            f"flyo: flyctl auth token: No access token available. Please login. {LOGIN} [flyctl.token]",
        ),
    ],
)
def test_whose_login_it_is(tmp_path: Path, flyctl: str, line: str) -> None:
    ran = said("status -a shop", tmp_path, nobody(tmp_path) | {"FLYO_FLYCTL": program(tmp_path, flyctl)})
    assert (ran.status, ran.line, ran.out) == (8, line, "")


def test_a_token_that_cannot_be_one(tmp_path: Path) -> None:
    ran = said("status -a shop", tmp_path, nobody(tmp_path) | {"FLY_API_TOKEN": "fo1_tok\N{EN DASH}en"})
    assert (ran.status, ran.line, ran.out) == (
        8,
        "flyo: FLY_API_TOKEN: the token holds characters that no Fly token has. Copy it again, without quotes or line "
        "breaks [target.token]",
        "",
    )


def test_a_flyctl_that_stumbles_is_started_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert world.deploy(world.desired(world.push("one"))).kind == "done"
    world.events.clear()
    world.flyctl = Stumbling(world, PASSING[1])
    assert world.deploy(world.desired(world.push("two"))).kind == "done"
    warned = [said.text for event in world.events if event.name == "warning" and (said := sentence(event))]
    assert warned == [
        "flyctl is run again in 3 s: failed to update VM 148e21d7: internal: the server could not handle the request "
        "(Request ID: 01ABC-iad) [flyctl.again]"
    ]


def test_a_flyctl_that_hangs(tmp_path: Path) -> None:
    flyctl = Flyctl((program(tmp_path, "exec sleep 60"),), {"PATH": "/usr/bin:/bin"}, SystemClock())
    with refused(
        1,
        "flyo: flyctl config validate gave no result within 1 s and was stopped. Run 'flyctl config validate' by hand "
        "to see what it waits for [flyctl.timeout]",
    ):
        flyctl.check(flyctl.run(["config", "validate"], timeout=1.0))
