"""What `flyo doctor --local` finds out about this computer."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.local.client import (
    NEEDED,
    asked_port,
    asked_runtime,
    find_local,
    local_directory,
    usual_port,
)
from flyctl_orchestrator.cli.state import state_directory
from flyctl_orchestrator.doctor.computer import Facts
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.fleet.flyctl.env import child_environment
from flyctl_orchestrator.fleet.flyctl.find import find_flyctl
from flyctl_orchestrator.fleet.flyctl.flyctl import Flyctl

USUAL_ENGINE = "unix:///var/run/docker.sock"


def facts_of(context: CommandContext) -> Facts:
    """What is known of this computer; starts nothing but flyctl, which is asked for its version and login.

    Raises:
        FlyoError: the environment makes no sense (FLYO_FLYCTL, FLYO_LOCAL_PORT, FLYO_LOCAL_RUNTIME).
    """
    environment = context.environment
    running = find_local(environment)
    directories = (local_directory(environment), state_directory(environment))
    flyctl, trouble, logged_in = _flyctl(context)
    asked = asked_port(environment)
    port = usual_port() if asked is None else asked or None
    return Facts(
        python=sys.version_info[:2],
        has_pip=importlib.util.find_spec("ensurepip") is not None,
        missing=tuple(name for name in NEEDED if importlib.util.find_spec(name) is None),
        flyctl=flyctl,
        flyctl_trouble=trouble,
        logged_in=logged_in,
        port=port,
        port_asked=asked is not None,
        port_taken=port is not None and running is None and _taken(port),
        platform=running.url if running else "",
        engine_trouble=_engine_trouble(environment.variables),
        engine_needed=asked_runtime(environment.variables) == "container",
        free=shutil.disk_usage(_nearest(directories[0])).free,
        unwritable=tuple(str(each) for each in directories if not os.access(_nearest(each), os.W_OK)),
    )


def _flyctl(context: CommandContext) -> tuple[str, str, bool]:
    """Path and version of flyctl, what is wrong with it, and whether somebody is logged in."""
    variables = context.environment.variables
    token = bool(variables.get("FLY_ACCESS_TOKEN") or variables.get("FLY_API_TOKEN"))
    try:
        kind, argv = find_flyctl(variables, local=True)
        if kind == "stand-in":
            forced = variables.get("FLYO_FLYCTL") == "stand-in"
            return "", "is not used, because FLYO_FLYCTL is 'stand-in'" if forced else "", token
        flyctl = Flyctl(argv, child_environment(variables, token=None), context.environment.clock, kind)
        version = flyctl.version()
    except FlyoError as error:
        return "", error.what, token
    return f"{argv[0]} {version.text}", version.remark or "", token or _logged_in(flyctl)


def _logged_in(flyctl: Flyctl) -> bool:
    """Whether flyctl has a token of its own; that Fly.io still takes it is not known."""
    try:
        return bool(flyctl.auth_token())
    except FlyoError:
        return False


def _nearest(directory: Path) -> Path:
    """The directory, or the first above it that is there."""
    return next(each for each in (directory, *directory.absolute().parents) if each.exists())


def _engine_trouble(variables: Mapping[str, str]) -> str:
    """Why no container engine answers; "" when one takes connections, or processes were asked for."""
    if asked_runtime(variables) == "process":
        return ""
    named = variables.get("DOCKER_HOST") or USUAL_ENGINE
    kind, _, at = named.partition("://")
    host, _, port = at.rpartition(":")
    try:
        if kind == "unix":
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as engine:
                engine.settimeout(1.0)
                engine.connect(at)
        elif kind in ("tcp", "http", "https") and port.isdigit():
            socket.create_connection((host, int(port)), 1.0).close()
        else:
            return ""  # a way to one that is not known here, such as ssh
    except (OSError, ValueError) as error:
        return f"no container engine answers at {named} ({getattr(error, 'strerror', None) or error})"
    return ""


def _taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
