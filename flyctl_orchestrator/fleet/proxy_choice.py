"""Which HTTP proxy a request goes through, decided from the variables that were handed in."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this very computer."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def proxies_for(url: str, variables: Mapping[str, str]) -> dict[str, str]:
    """The proxy for `url` as requests wants it ({} for none), by HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY.

    This computer is never reached through a proxy.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or _excepted(host, _variable(variables, "no_proxy")):
        return {}
    proxy = _variable(variables, f"{parts.scheme}_proxy") or _variable(variables, "all_proxy")
    return {parts.scheme: proxy} if proxy else {}


def _variable(variables: Mapping[str, str], name: str) -> str:
    return variables.get(name) or variables.get(name.upper()) or ""


def _excepted(host: str, no_proxy: str) -> bool:
    for entry in (each.strip().lower().lstrip("*").lstrip(".") for each in no_proxy.split(",")):
        if entry and (host == entry or host.endswith(f".{entry}")):
            return True
    return no_proxy.strip() == "*"
