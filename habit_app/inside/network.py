"""Where machines of the primary region are reached: by name on Fly's private network."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Any machine of a region.

    Attributes:
        name: host and port on the private network, such as "iad.my-app.internal:8080"; a stand-in needs no port.
        asks: the region of the machine that asks.
        via: host and port to connect to instead, of a platform that stands in for the private network; "" on Fly.io.
    """

    name: str
    asks: str
    via: str = ""

    def connect(self, seconds: float) -> http.client.HTTPConnection:
        """A new connection, on which an answer may take `seconds`."""
        host, _, port = (self.via or self.name).rpartition(":")
        return http.client.HTTPConnection(host, int(port), timeout=seconds)


def primary_place(environment: Mapping[str, str]) -> Place | None:
    """Where a far machine asks, or None when there is no private network.

    Fly.io gives every machine an address (FLY_PRIVATE_IP) and every region of an app a name. A platform on a laptop has
    neither; it may name a stand-in that takes requests for such names (FLY_LOCAL_INTERNAL).
    """
    region, app = environment.get("PRIMARY_REGION", ""), environment.get("FLY_APP_NAME", "")
    via, port = environment.get("FLY_LOCAL_INTERNAL", ""), environment.get("PORT") or "8080"
    asks = environment.get("FLY_REGION", "")
    if not region or not app:
        return None
    if via:
        return Place(f"{region}.{app}.internal", asks, via)
    if _is_ours(environment.get("FLY_PRIVATE_IP", "")):
        return Place(f"{region}.{app}.internal:{port}", asks)
    return None


def _is_ours(address: str) -> bool:
    """Whether this computer has that address."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return bool(address)
