"""The grammar of fly-replay."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.local.proxy.replay import (
    InvalidReplay,
    Replay,
    Transform,
    failed_header,
    parse_replay,
    source_header,
)
from flyctl_orchestrator.local.proxy.replay_json import parse_replay_json
from flyctl_orchestrator.local.proxy.route_constraints import RouteConstraints


@pytest.mark.parametrize(
    ("text", "replay"),
    [
        ("region=sjc", Replay(regions=("sjc",))),
        ('region="iad,ord,us,na"', Replay(regions=("iad", "ord", "us", "na"))),
        ('region="sjc, any"; app=other-app', Replay(regions=("sjc", "any"), app="other-app")),
        ("instance=00bb33ff", Replay(instance="00bb33ff")),
        ("prefer_instance=abc;region=iad", Replay(prefer_instance="abc", regions=("iad",))),
        ("elsewhere=true", Replay(elsewhere=True)),
        ("elsewhere=false;state=a=b", Replay(state="a=b")),
        ("region=iad;timeout=800ms;fallback=force_self;", Replay(("iad",), timeout=0.8, fallback="force_self")),
        ("region=iad;timeout=1.5s", Replay(("iad",), timeout=1.5)),
        ("region=IAD", Replay(("iad",))),
    ],
)
def test_what_is_understood(text: str, replay: Replay) -> None:
    assert parse_replay(text) == replay


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            ";",
            "region",
            "region=",
            "region=iad,ord",
            'region=""',
            "region=frankfurt",
            'region="iad',
            "regions=iad",
        ),
        *("instance=a b", "app=UPPER", "app=-x", "elsewhere=maybe", "timeout=10", "timeout=0s", "timeout=-1s"),
        *("fallback=self", "region=iad;region=fra", "instance=a;prefer_instance=b", "state=é", "Region=iad"),
    ],
)
def test_what_is_not(text: str) -> None:
    with pytest.raises(InvalidReplay):
        parse_replay(text)


def test_the_wish_it_makes() -> None:
    assert parse_replay("elsewhere=true").constraints("me") == RouteConstraints(avoid="me")
    assert parse_replay('region="iad,eu"').constraints("me") == RouteConstraints(("iad", "eu"), True)
    assert parse_replay("prefer_instance=x").constraints("me") == RouteConstraints(prefer_instance="x")


def test_the_json_form() -> None:
    document = {
        "region": "iad,us",
        "elsewhere": True,
        "cache": {"prefix": "/*", "ttl": 60},
        "allow_bypass": True,
        "instance": None,
        "transform": {
            "path": "/p?x=1",
            "delete_headers": ["cookie"],
            "set_headers": [{"name": "x-a", "value": "b c"}],
        },
    }
    assert parse_replay_json(json.dumps(document).encode()) == Replay(
        regions=("iad", "us"), elsewhere=True, transform=Transform("/p?x=1", ("cookie",), (("x-a", "b c"),))
    )


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"{", b"{}", b'"iad"', b'{"region": 3}', b'{"region": "\\"iad\\""}', b'{"state": "a\\r\\nX: y"}'),
        *(b'{"transform": 1}', b'{"transform": {"path": "x"}}', b'{"transform": {"path": "/a b"}}'),
        *(b'{"transform": {"set_headers": [{"name": "a b", "value": "c"}]}}', b'{"transform": {"rename": 1}}'),
        b'{"transform": {"set_headers": [{"name": "a", "value": "c\\r\\nX: y"}]}}',
    ],
)
def test_json_that_is_not_understood(body: bytes) -> None:
    with pytest.raises(InvalidReplay):
        parse_replay_json(body)


def test_the_headers_it_leads_to() -> None:
    assert source_header("m1", "nrt", 1_700_000_000.5, "w") == "instance=m1;region=nrt;t=1700000000500000;state=w"
    assert source_header("m1", "nrt", 0, None) == "instance=m1;region=nrt;t=0"
    replay = parse_replay("region=iad;fallback=force_self")
    assert failed_header(replay, "shop", "m1", "timeout", 1.25) == (
        "app=shop;region=iad;replay_source=m1;reason=timeout;elapsed_ms=1250"
    )


pieces = st.sampled_from(
    ["region=", "iad", '"', ",", ";", "instance=", "app=", "state=", "timeout=", "5s", "ms", "fallback=", "=", " ", "é"]
)


@given(st.text() | st.lists(pieces).map("".join))
def test_no_header_crashes_the_parser(text: str) -> None:
    try:
        replay = parse_replay(text)
    except InvalidReplay as error:
        assert "\n" not in str(error)
    else:
        assert parse_replay_json(_as_json(replay)) == replay


_NAMES = ["region", "instance", "app", "state", "transform", "path", "set_headers", "delete_headers", "name", "value"]
json_keys = st.sampled_from(_NAMES) | st.text(max_size=4)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(json_keys, inner, max_size=4),
    max_leaves=12,
)


@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_no_body_crashes_the_parser(body: bytes) -> None:
    try:
        assert isinstance(parse_replay_json(body), Replay)
    except InvalidReplay:
        pass


def test_deep_nesting_is_only_invalid() -> None:
    with pytest.raises(InvalidReplay):
        parse_replay_json(b"[" * 60_000)


def _as_json(replay: Replay) -> bytes:
    fields = {
        "region": ",".join(replay.regions) or None,
        "instance": replay.instance,
        "prefer_instance": replay.prefer_instance,
        "app": replay.app,
        "state": replay.state,
        "elsewhere": replay.elsewhere,
        "timeout": f"{replay.timeout * 1000:.3f}ms" if replay.timeout is not None else None,
        "fallback": replay.fallback,
    }
    return json.dumps(fields).encode()
