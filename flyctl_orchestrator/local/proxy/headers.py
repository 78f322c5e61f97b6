"""Headers on their way through the proxy: what is dropped, what is added. Facts: Fly's page on request headers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from multidict import CIMultiDict

from flyctl_orchestrator.local.proxy.hosts import REGION_HEADER, parse_host
from flyctl_orchestrator.local.proxy.replay import FAILED_HEADER, REPLAY_HEADER, SOURCE_HEADER, Transform
from flyctl_orchestrator.local.proxy.route_constraints import INSTANCE_UNAVAILABLE

SERVER = "Fly/local"
VIA = "1.1 fly.io"

_HOP_BY_HOP = frozenset(
    (
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade", "http2-settings"),
    )
)
_OURS_ALONE = frozenset(
    name.lower()
    for name in (
        *(SOURCE_HEADER, FAILED_HEADER, INSTANCE_UNAVAILABLE, REGION_HEADER),
        *("fly-client-ip", "fly-forwarded-port", "fly-region", "fly-request-id", "fly-replay-cache-status"),
        *("x-forwarded-proto", "x-forwarded-ssl", "expect"),
    )
)
_NOT_FROM_CLIENTS = _HOP_BY_HOP | _OURS_ALONE
_CACHE_HEADERS = frozenset(("fly-replay-cache", "fly-replay-cache-ttl-secs", "fly-replay-cache-allow-bypass"))
_NOT_TO_CLIENTS = _HOP_BY_HOP | _CACHE_HEADERS | {REPLAY_HEADER, "server", "via", "fly-request-id"}
_FRAMING = _HOP_BY_HOP | {"content-length", "expect"}


def request_headers(
    headers: Mapping[str, str], *, client_ip: str, proxy_ip: str, port: int, edge_region: str, request_id: str
) -> CIMultiDict[str]:
    """A client's headers as every machine gets them, whatever happens to the request later.

    Args:
        headers: the client's, repeated names included.
        proxy_ip: the address the client connected to; the app's own, on Fly.
        edge_region: where the client came in (`Fly-Region`; not where the machine is).
    """
    listed = _listed_in_connection(headers)
    kept: CIMultiDict[str] = CIMultiDict(
        (name, value)
        for name, value in headers.items()
        if (lower := name.lower()) not in _NOT_FROM_CLIENTS and lower not in listed
    )
    came_through = kept.popall("X-Forwarded-For", [])
    kept["X-Forwarded-For"] = ", ".join([*came_through, client_ip, proxy_ip])
    kept["X-Forwarded-Proto"] = "http"
    kept["X-Forwarded-SSL"] = "off"
    kept.setdefault("X-Forwarded-Port", str(port))
    kept["Fly-Client-IP"] = client_ip
    kept["Fly-Forwarded-Port"] = str(port)
    kept["Fly-Region"] = edge_region
    kept["Fly-Request-Id"] = request_id
    kept["Via"] = ", ".join([*kept.popall("Via", []), VIA])
    return kept


def under_fly_name(headers: CIMultiDict[str]) -> CIMultiDict[str] | None:
    """The same headers for the name that the app has on Fly.io, None when they are for no name of this computer."""
    host = headers.get("Host", "")
    named = parse_host(host)
    if named is None:
        return None
    name = f"{named.app}.fly.dev"
    changed = headers.copy()
    changed["Host"] = name
    for header in ("Origin", "Referer"):
        if header in changed:
            changed[header] = changed[header].replace(f"//{host}", f"//{name}", 1)
    return changed


def inside_headers(headers: Mapping[str, str]) -> CIMultiDict[str]:
    """What one machine says to another: the proxy is not between them, adds nothing, and nobody can claim it did."""
    listed = _listed_in_connection(headers)
    return CIMultiDict(
        (name, value)
        for name, value in headers.items()
        if (lower := name.lower()) not in _NOT_FROM_CLIENTS and lower not in listed
    )


def transformed(headers: CIMultiDict[str], transform: Transform) -> CIMultiDict[str]:
    """The headers after a replay's rewriting. What frames the message cannot be rewritten."""
    changed = headers.copy()
    for name in transform.delete_headers:
        if name.lower() not in _FRAMING and name.lower() != "host":
            changed.popall(name, None)
    for name, value in transform.set_headers:
        if name.lower() not in _FRAMING and name.lower() not in _OURS_ALONE:
            changed[name] = value
    return changed


def response_headers(headers: Mapping[str, str], request_id: str) -> CIMultiDict[str]:
    """A machine's headers as the client gets them: never a `fly-replay`."""
    listed = _listed_in_connection(headers)
    kept: CIMultiDict[str] = CIMultiDict(
        (name, value)
        for name, value in headers.items()
        if (lower := name.lower()) not in _NOT_TO_CLIENTS and lower not in listed
    )
    kept.extend(own_headers(request_id))
    return kept


def own_headers(request_id: str) -> Iterable[tuple[str, str]]:
    """What the proxy puts on every answer, its own errors included."""
    return (("Server", SERVER), ("Via", VIA), ("Fly-Request-Id", request_id))


def wants_websocket(headers: Mapping[str, str]) -> bool:
    """Whether the request asks to leave HTTP for a websocket."""
    return headers.get("Upgrade", "").strip().lower() == "websocket" and "upgrade" in _listed_in_connection(headers)


def _listed_in_connection(headers: Mapping[str, str]) -> frozenset[str]:
    value = headers.get("Connection")
    if value is None:
        return frozenset()
    return frozenset(part.strip().lower() for part in value.split(","))
