"""Finds the container engine of this computer, the way the `docker` command finds it.

Only an engine here will do: machines' ports are published on loopback, where the proxy and the checks look for them.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

PING_SECONDS = 0.05
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_DEFAULT_CONTEXT = ("", "default")


class NoEngine(Exception):
    """There is no engine that can be used; the message says why, for a person."""


@dataclass(frozen=True)
class Endpoint:
    """Where an engine listens: a Unix socket, or a port on loopback.

    Attributes:
        address: "unix:///path" or "tcp://127.0.0.1:2375".
        found_by: what named it, e.g. "DOCKER_HOST".
    """

    address: str
    found_by: str

    @property
    def socket(self) -> str | None:
        """Path of the Unix socket, None for a port."""
        return self.address.removeprefix("unix://") if self.address.startswith("unix://") else None

    def connect(self, timeout: float) -> http.client.HTTPConnection:
        """A connection that is opened by its first request; `timeout` in seconds for each wait."""
        if self.socket is not None:
            return _UnixConnection(self.socket, timeout)
        parts = urlsplit(self.address)
        return http.client.HTTPConnection(parts.hostname or "", parts.port or 2375, timeout=timeout)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def find_engine(environ: Mapping[str, str], timeout: float = PING_SECONDS) -> Endpoint:
    """The engine that answers. Blocks for `timeout` seconds at most for each place it may be at.

    Args:
        environ: DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG, HOME and XDG_RUNTIME_DIR are looked at.

    Raises:
        NoEngine: none answers, or the one that is asked for is not on this computer.
    """
    places = list(_places(environ))
    for place in places:
        if answers(place, timeout):
            return place
    shown = ", ".join(place.address.removeprefix("unix://") for place in places)
    raise NoEngine(f"no container engine answers at {shown}")


def answers(place: Endpoint, timeout: float) -> bool:
    """Whether an engine is there: it answers a ping."""
    connection = place.connect(timeout)
    try:
        connection.request("GET", "/_ping")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _places(environ: Mapping[str, str]) -> Iterator[Endpoint]:
    """What is named decides alone, as for `docker` itself; else the usual sockets, in order."""
    if environ.get("DOCKER_HOST"):
        yield _usable(environ["DOCKER_HOST"], "DOCKER_HOST")
        return
    home = Path(environ.get("HOME") or "~").expanduser()
    settings = Path(environ.get("DOCKER_CONFIG") or home / ".docker")
    context, named_by = environ.get("DOCKER_CONTEXT", ""), "DOCKER_CONTEXT"
    if not context:
        context, named_by = _text(_json(settings / "config.json"), "currentContext"), f"context of {settings}"
    if context not in _DEFAULT_CONTEXT:
        yield _usable(_address_of(settings, context), f"{named_by} ({context})")
        return
    yield Endpoint("unix:///var/run/docker.sock", "usual socket")
    for name in (".docker/run/docker.sock", ".colima/default/docker.sock", ".orbstack/run/docker.sock"):
        yield Endpoint(f"unix://{home / name}", "usual socket")
    runtime = Path(environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    for name in ("docker.sock", "podman/podman.sock"):
        yield Endpoint(f"unix://{runtime / name}", "usual socket")


def _usable(address: str, found_by: str) -> Endpoint:
    parts = urlsplit(address)
    if parts.scheme == "unix" and parts.path:
        return Endpoint(address, found_by)
    if parts.scheme in ("tcp", "http") and parts.hostname in _LOOPBACK:
        return Endpoint(address, found_by)
    # An address can carry a user's name, and nothing else is needed to know what to change.
    shown = f"{parts.scheme}://{parts.hostname or ''}" if parts.scheme else "no address"
    raise NoEngine(
        f"{found_by} names an engine that is not on this computer ({shown}); machines have to be reached on 127.0.0.1"
    )


def _address_of(settings: Path, context: str) -> str:
    """The address of a context of the `docker` command, "" when it has none."""
    name = hashlib.sha256(context.encode()).hexdigest()
    endpoints = _json(settings / "contexts/meta" / name / "meta.json").get("Endpoints")
    docker = endpoints.get("docker") if isinstance(endpoints, dict) else None
    return _text(docker, "Host") if isinstance(docker, dict) else ""


def _json(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _text(content: Mapping[str, object], name: str) -> str:
    value = content.get(name)
    return value if isinstance(value, str) else ""
