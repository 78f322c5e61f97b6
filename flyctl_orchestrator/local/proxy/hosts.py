"""Which app a request is for, and where its client pretends to be, or which machine it asks: all of it in the Host."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from flyctl_orchestrator.local.proxy.geography import LABEL

REGION_HEADER = "Fly-Local-Region"

APP_NAME = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(
    rf"(?:(?:(?P<region>[a-z]{{3}})|(?P<place>{LABEL}))\.)?(?P<app>{APP_NAME})\.localhost\.?(?::[0-9]{{1,5}})?",
    re.ASCII,
)
_FLYCAST = re.compile(rf"(?P<app>{APP_NAME})\.flycast\.?(?::[0-9]{{1,5}})?", re.ASCII)
_INTERNAL = re.compile(
    r"(?:(?P<machine>[0-9a-f]{14})\.vm\.|(?P<region>[a-z]{3})\.)?"
    rf"(?P<app>{APP_NAME})\.internal\.?(?::(?P<port>[0-9]{{1,5}}))?",
    re.ASCII,
)


@dataclass(frozen=True)
class AppHost:
    """What a proxied Host names: an app, and perhaps the client's region, or the label of its place."""

    app: str
    region: str | None
    place: str | None = None


@lru_cache(maxsize=1024)
def parse_host(host: str) -> AppHost | None:
    """Read `APP.localhost[:P]`, after `REGION.` or `PLACE.`, or `APP.flycast[:P]`.

    None when it is none of these, and so not for the proxy.

    The region is any three letters here; whether it exists is for the caller to say, and as much of a place.
    """
    match = _HOST.fullmatch(host.strip().lower())
    return parse_flycast(host) if match is None else AppHost(match["app"], match["region"], match["place"])


@lru_cache(maxsize=1024)
def parse_flycast(host: str) -> AppHost | None:
    """Read `APP.flycast[:P]`, which is the same app for machines of the private network; None when it is not that."""
    match = _FLYCAST.fullmatch(host.strip().lower())
    return None if match is None else AppHost(match["app"], None)


@dataclass(frozen=True)
class InternalHost:
    """What a name of the private network stands for: machines of an app, of one region or one by its id.

    Attributes:
        port: the port the app believes it listens on; None when the name says none.
    """

    app: str
    region: str | None
    machine: str | None
    port: int | None


@lru_cache(maxsize=1024)
def parse_internal(host: str) -> InternalHost | None:
    """Read `[REGION.]APP.internal[:P]` or `ID.vm.APP.internal[:P]`; None when it is neither."""
    match = _INTERNAL.fullmatch(host.strip().lower())
    if match is None:
        return None
    port = int(match["port"]) if match["port"] else None
    return InternalHost(match["app"], match["region"], match["machine"], port)


def is_proxied(host: str) -> bool:
    """Whether requests with this Host are for apps, and not for the platform itself."""
    return parse_host(host) is not None or parse_internal(host) is not None
