"""Ports of fly.toml's services: which kind of public address they need."""

from __future__ import annotations

from flyctl_orchestrator.project.flytoml.values import Values, pick, tables_of, text_of, whole_of, words_of

# Port -> handlers with which the shared IPv4 serves it, in any order.
SHARED = {80: ({"http"},), 443: ({"http", "tls"},)}


def shared_address_will_do(top: Values) -> bool:
    """Whether the IPv4 that apps share is enough: for HTTP on port 80 and TLS on 443. [http_service] is just that."""
    services = tables_of(pick(top, "services")) or ()
    return all(_shared(service) for service in services)


def _shared(service: Values) -> bool:
    ports = tables_of(pick(service, "ports")) or ()
    return text_of(pick(service, "protocol")) != "udp" and all(_shared_port(port) for port in ports)


def _shared_port(port: Values) -> bool:
    number, handlers = whole_of(pick(port, "port")), set(words_of(pick(port, "handlers")))
    return number is not None and handlers in SHARED.get(number, ())
