"""What certificates and tokens tell about themselves, and what is made of answers and tokens that make no sense."""

from __future__ import annotations

import base64
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.certificates import Hostname
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.fleet.token import Lifetime, TokenScope, lifetime_of
from tests.unit.fleet.fleet_doubles import ManualClock, Script, ScriptedHttp, answer

SHOP = Hostname("shop.example.com", issued=True, leads_here=True)


def api_with(*script: Script) -> tuple[MachinesApi, ScriptedHttp]:
    clock = ManualClock()
    http = ScriptedHttp(clock, list(script))
    return MachinesApi("http://api.test", "fo1_secret", http, clock, random.Random(1)), http


def row(name: str, **changes: bool) -> dict[str, Any]:
    return {"hostname": name, "status": "active", "configured": True, "has_fly_certificate": True, **changes}


def macaroon(*caveats: Any) -> str:
    """A token as Fly makes them: a nonce, a place, limits, a signature."""
    body = [[b"key", b"random", False], "https://api.fly.io/v1", list(caveats), b"signature"]
    return "fm2_" + base64.b64encode(msgspec.msgpack.encode(body)).decode()


def test_every_page_of_hostnames_is_read() -> None:
    bare = row("b", configured=False, has_fly_certificate=False)
    api, http = api_with(
        answer(200, {"certificates": [row("a")], "next_cursor": "a/b"}), answer(200, {"certificates": [bare]})
    )
    assert api.certificates.list("shop") == [Hostname("a", issued=True, leads_here=True), Hostname("b", False, False)]
    assert http.sent[1].path == "/apps/shop/certificates?limit=500&cursor=a%2Fb"


def test_a_cursor_that_leads_nowhere_ends_the_list() -> None:
    page = answer(200, {"certificates": [row("a")], "next_cursor": "same"})
    api, http = api_with(page, page)
    assert len(api.certificates.list("shop")) == len(http.sent) == 2


@pytest.mark.parametrize(
    ("said", "expires", "custom"),
    [
        ([], None, False),
        ([{"source": "fly", "issued": [{"expires_at": "2027-02-01T00:00:00Z"}]}], 1_801_440_000.0, False),
        (
            [
                {
                    "source": "fly",
                    "issued": [{"expires_at": "2027-02-02T00:00:00Z"}, {"expires_at": "2027-02-01T00:00:00Z"}],
                }
            ],
            1_801_440_000.0,
            False,
        ),
        (
            [
                {"source": "fly", "issued": [{"expires_at": "2027-02-01T00:00:00Z"}]},
                {"source": "custom", "expires_at": "2027-03-01T00:00:00Z", "issued": []},
            ],
            1_803_859_200.0,
            True,
        ),
        ([{"source": "fly", "issued": [{"expires_at": "0001-01-01T00:00:00Z"}]}], None, False),
    ],
)
def test_the_first_end_of_the_certificate_in_use_counts(
    said: list[dict[str, Any]], expires: float | None, custom: bool
) -> None:
    api, http = api_with(answer(200, {"hostname": SHOP.name, "certificates": said}))
    found = api.certificates.get("shop", SHOP)
    assert (found.expires, found.custom) == (expires, custom)
    assert http.sent[0].path == "/apps/shop/certificates/shop.example.com"


def test_a_certificate_tells_what_it_needs_and_what_went_wrong() -> None:
    needs = {"a": ["192.0.2.1"], "aaaa": ["2001:db8::1"], "cname": "shop.fly.dev"}
    body = {"hostname": SHOP.name, "dns_requirements": needs, "validation_errors": [{"message": "CAA"}, {}]}
    found = api_with(answer(200, body))[0].certificates.get("shop", SHOP)
    assert found.records == ("A 192.0.2.1", "AAAA 2001:db8::1", "CNAME shop.fly.dev")
    assert found.troubles == ("CAA",)


@pytest.mark.parametrize("body", [None, [], {}, {"certificates": "none"}, {"certificates": [{"name": "a"}]}])
def test_a_list_that_makes_no_sense_is_no_list(body: Any) -> None:
    with pytest.raises(ApiError) as refused:
        api_with(*[answer(200, body)] * 20)[0].certificates.list("shop")
    assert refused.value.code == "api.unreadable"


def test_the_platform_says_what_a_token_is_for() -> None:
    said = {"tokens": [{"org_slug": "acme", "apps": ["shop"]}, {"apps": ["*"]}, {"org_slug": "acme"}]}
    scopes = api_with(answer(200, said))[0].token_scopes()
    assert scopes == [TokenScope("acme", ("shop",)), TokenScope("", ("*",)), TokenScope("acme", ())]
    assert [each.whole_organization for each in scopes] == [False, True, False]


def test_a_token_says_until_when_it_is_good() -> None:
    root = macaroon(0, [12, 31], 4, [100, 900], 13, [[3, [{7: 31}]], 0])
    assert lifetime_of(root) == Lifetime(100, 900)
    assert lifetime_of(f"FlyV1 {root},{macaroon(4, [100, 500])},fo1_rest") == Lifetime(100, 500)
    assert lifetime_of(macaroon(13, [[4, [1, 2]], 0])) == Lifetime(1, 2)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "fo1_secret",
        "fm2_",
        "fm2_****",
        "fm2_AAAA",
        macaroon(0, [12, 31]),
        macaroon(4, ["a", "b"]),
        macaroon(4, [1, True]),
    ],
)
def test_a_token_that_does_not_say_is_not_judged(token: str) -> None:
    assert lifetime_of(token) is None


@given(st.binary(max_size=80), st.sampled_from(["fm2_", "fm1r_", "FlyV1 fm2_"]))
def test_no_token_is_too_strange(raw: bytes, prefix: str) -> None:
    lifetime_of(prefix + base64.b64encode(raw).decode())
    lifetime_of(prefix + raw.decode("latin-1"))


def test_an_end_that_cannot_be_read_is_an_error_and_not_no_end() -> None:
    said = [{"source": "fly", "issued": [{"expires_at": "2027-13-45T00:00:00Z"}]}]
    body = {"hostname": SHOP.name, "certificates": said}
    with pytest.raises(ApiError, match="expires_at is no time"):
        api_with(*[answer(200, body)] * 20)[0].certificates.get("shop", SHOP)
