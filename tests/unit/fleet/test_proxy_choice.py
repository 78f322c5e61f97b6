from __future__ import annotations

import pytest

from flyctl_orchestrator.fleet.proxy_choice import proxies_for

PROXY = "http://proxy.corp:3128"


@pytest.mark.parametrize(
    ("url", "variables", "proxies"),
    [
        ("https://api.machines.dev/v1", {"HTTPS_PROXY": PROXY}, {"https": PROXY}),
        ("https://api.machines.dev/v1", {"https_proxy": PROXY}, {"https": PROXY}),
        ("https://api.machines.dev/v1", {"ALL_PROXY": PROXY}, {"https": PROXY}),
        ("https://api.machines.dev/v1", {"HTTP_PROXY": PROXY}, {}),
        ("https://api.machines.dev/v1", {"HTTPS_PROXY": PROXY, "NO_PROXY": "x.org,.machines.dev"}, {}),
        ("https://api.machines.dev/v1", {"HTTPS_PROXY": PROXY, "NO_PROXY": "achines.dev"}, {"https": PROXY}),
        ("https://api.machines.dev/v1", {"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, {}),
        ("http://127.0.0.1:4280/v1", {"HTTP_PROXY": PROXY}, {}),
        ("http://[::1]:4280/v1", {"HTTP_PROXY": PROXY}, {}),
        ("http://web.localhost:4280/", {"HTTP_PROXY": PROXY, "ALL_PROXY": PROXY}, {}),
        ("https://api.machines.dev/v1", {}, {}),
    ],
)
def test_which_requests_go_through_a_proxy(url: str, variables: dict[str, str], proxies: dict[str, str]) -> None:
    assert proxies_for(url, variables) == proxies
