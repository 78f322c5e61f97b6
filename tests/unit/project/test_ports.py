"""Which services the shared IPv4 serves."""

from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.project.flytoml.ports import shared_address_will_do

WEB = [{"port": 80, "handlers": ["http"]}, {"port": 443, "handlers": ["tls", "http"]}]


@pytest.mark.parametrize(
    ("services", "will_do"),
    [
        ([], True),
        ([{"ports": WEB}], True),
        ([{"ports": []}], True),
        ([{"ports": [{"port": 443, "handlers": ["http", "tls"]}]}], True),
        ([{"ports": [{"port": 443, "handlers": ["tls"]}]}], False),
        ([{"ports": [{"port": 80}]}], False),
        ([{"ports": [{"port": 8080, "handlers": ["http"]}]}], False),
        ([{"ports": [{"start_port": 1, "end_port": 9}]}], False),
        ([{"ports": WEB}, {"protocol": "udp", "ports": []}], False),
    ],
)
def test_http_on_80_and_tls_on_443_alone(services: list[dict[str, Any]], will_do: bool) -> None:
    assert shared_address_will_do({"http_service": {}, "services": services}) is will_do
