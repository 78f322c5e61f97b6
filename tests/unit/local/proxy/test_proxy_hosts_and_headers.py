"""Hosts, and headers on their way through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from flyctl_orchestrator.local.proxy.headers import (
    request_headers,
    response_headers,
    transformed,
    wants_websocket,
)
from flyctl_orchestrator.local.proxy.hosts import (
    AppHost,
    InternalHost,
    is_proxied,
    parse_flycast,
    parse_host,
    parse_internal,
)
from flyctl_orchestrator.local.proxy.replay import Transform


@pytest.mark.parametrize(
    ("host", "parsed"),
    [
        ("shop.localhost", AppHost("shop", None)),
        ("shop.localhost:4280", AppHost("shop", None)),
        ("NRT.Shop.LOCALHOST:1", AppHost("shop", "nrt")),
        ("nrt.shop.localhost.", AppHost("shop", "nrt")),
        ("iad.localhost", AppHost("iad", None)),
        ("habit-tracker.localhost", AppHost("habit-tracker", None)),
        ("at4886n235e.shop.localhost:4280", AppHost("shop", None, "at4886n235e")),
        ("AT0S18000W.shop.localhost", AppHost("shop", None, "at0s18000w")),
        # An app may be called like that.
        ("at4886n235e.localhost", AppHost("at4886n235e", None)),
    ],
)
def test_hosts_of_apps(host: str, parsed: AppHost) -> None:
    assert parse_host(host) == parsed


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost:80", "127.0.0.1:80", "", "shop.fly.dev", "a.b.c.localhost", "toolong.shop.localhost"),
        *(
            "-shop.localhost",
            "shop.localhost:",
            "shop.localhost:x",
            "shop.localhost.evil.com",
            "evil.com/shop.localhost",
            "at4886n.shop.localhost",
            "at48860n235e.shop.localhost",
        ),
        *(".localhost", "shop_1.localhost", "shop.localhost:123456"),
    ],
)
def test_everything_else_is_not_the_proxys(host: str) -> None:
    assert parse_host(host) is None


@given(st.text())
def test_no_host_crashes(host: str) -> None:
    parsed = parse_host(host)
    assert parsed is None or parsed.app


def through(*pairs: tuple[str, str]) -> CIMultiDict[str]:
    return request_headers(
        CIMultiDict(pairs), client_ip="10.1.1.1", proxy_ip="10.2.2.2", port=443, edge_region="fra", request_id="id-fra"
    )


def test_hop_by_hop_headers_stop_here() -> None:
    got = through(
        ("Connection", "close, X-Private"),
        ("X-Private", "1"),
        ("Keep-Alive", "5"),
        ("TE", "trailers"),
        ("Transfer-Encoding", "chunked"),
        ("Upgrade", "h2c"),
        ("Proxy-Authorization", "Basic x"),
        ("Accept", "a"),
        ("Accept", "b"),
    )
    assert got.getall("Accept") == ["a", "b"]
    gone = ("Connection", "X-Private", "Keep-Alive", "TE", "Transfer-Encoding", "Upgrade", "Proxy-Authorization")
    assert not [name for name in gone if name in got]


def test_forwarded_chain_grows_at_its_end() -> None:
    got = through(("X-Forwarded-For", "1.1.1.1"), ("x-forwarded-for", "2.2.2.2"), ("Via", "1.0 other"))
    assert got["X-Forwarded-For"] == "1.1.1.1, 2.2.2.2, 10.1.1.1, 10.2.2.2"
    assert got["Via"] == "1.0 other, 1.1 fly.io"
    assert got["X-Forwarded-Port"] == "443"


def test_answers_never_carry_a_replay() -> None:
    got = response_headers(CIMultiDict([("Fly-Replay", "region=x"), ("fly-replay-cache", "/*"), ("X-App", "1")]), "id")
    assert sorted(got) == ["Fly-Request-Id", "Server", "Via", "X-App"]


def test_rewriting_cannot_touch_the_framing_or_what_the_proxy_vouches_for() -> None:
    before = CIMultiDict([("Content-Length", "3"), ("Host", "h"), ("Cookie", "c"), ("Fly-Client-IP", "1.1.1.1")])
    change = Transform(
        delete_headers=("content-length", "HOST", "cookie"),
        set_headers=(("Content-Length", "9"), ("Fly-Client-IP", "6.6.6.6"), ("X-A", "1"), ("Transfer-Encoding", "x")),
    )
    after = transformed(before, change)
    assert dict(after) == {"Content-Length": "3", "Host": "h", "Fly-Client-IP": "1.1.1.1", "X-A": "1"}
    assert before["Cookie"] == "c"


def test_websocket_requests_are_recognised() -> None:
    assert wants_websocket(CIMultiDict({"Upgrade": "WebSocket", "Connection": "keep-alive, Upgrade"}))
    assert not wants_websocket(CIMultiDict({"Upgrade": "websocket"}))
    assert not wants_websocket(CIMultiDict({"Upgrade": "h2c", "Connection": "Upgrade"}))


@pytest.mark.parametrize(
    ("host", "parsed"),
    [
        ("shop.internal", InternalHost("shop", None, None, None)),
        ("IAD.shop.internal:8080", InternalHost("shop", "iad", None, 8080)),
        (f"{'0a' * 7}.vm.shop.internal.", InternalHost("shop", None, "0a" * 7, None)),
    ],
)
def test_names_of_the_private_network(host: str, parsed: InternalHost) -> None:
    assert parse_internal(host) == parsed
    assert parse_host(host) is None
    assert is_proxied(host)


@pytest.mark.parametrize(
    "host", ["internal", "a.b.c.internal", "toolong.shop.internal", "shop.internal.evil", "shop.internal:x"]
)
def test_no_names_of_the_private_network(host: str) -> None:
    assert parse_internal(host) is None


def test_a_name_under_flycast_is_the_app_of_no_region() -> None:
    assert parse_flycast("Shop.flycast:4280") == parse_host("shop.flycast") == AppHost("shop", None)
    for other in ("iad.shop.flycast", "shop.localhost", "flycast", "shop.flycast.example.com"):
        assert parse_flycast(other) is None
