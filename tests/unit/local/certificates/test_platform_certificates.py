"""Certificates of the local platform: asked for, issued for names that lead here, kept, and gone with their app."""

from __future__ import annotations

from tests.unit.local.simulated_fly import Fly

CERTIFICATES = "/v1/apps/shop/certificates"


def ask(fly: Fly, hostname: str) -> int:
    return fly.call("POST", f"{CERTIFICATES}/acme", {"hostname": hostname}).status


def test_a_name_that_leads_here_has_its_certificate_at_once(fly: Fly) -> None:
    assert ask(fly, "Shop.localhost") == 201
    (row,) = fly.call("GET", CERTIFICATES).body["certificates"]
    assert (row["hostname"], row["configured"], row["has_fly_certificate"]) == ("shop.localhost", True, True)
    detail = fly.call("GET", f"{CERTIFICATES}/shop.localhost").body
    assert detail["certificates"][0]["issued"][0]["expires_at"] > row["created_at"]
    assert fly.call("POST", f"{CERTIFICATES}/shop.localhost/check").body == detail


def test_any_other_name_waits_for_its_dns(fly: Fly) -> None:
    address = fly.call("POST", "/v1/apps/shop/ip_assignments", {"type": "v6"}).body["ip"]
    assert ask(fly, "www.example.com") == 201
    detail = fly.call("GET", f"{CERTIFICATES}/www.example.com").body
    assert (detail["configured"], detail["certificates"][0]["issued"]) == (False, [])
    assert detail["dns_requirements"]["aaaa"] == [address]


def test_what_is_no_hostname_or_anothers_is_refused(fly: Fly) -> None:
    fly.platform.apps.create("other")
    assert ask(fly, "www.example.com") == ask(fly, "*.example.com") == 201
    for wrong in ("", "localhost", "a b.example.com", "-a.example.com", "*.*.example.com", "a." + "b" * 64 + ".c"):
        assert ask(fly, wrong) == 422
    other = fly.call("POST", "/v1/apps/other/certificates/acme", {"hostname": "www.example.com"})
    assert (other.status, "already been taken" in other.body["error"]) == (422, True)
    assert fly.call("POST", f"{CERTIFICATES}/acme", {"hostname": 7}).status == 400
    assert fly.call("GET", "/v1/apps/nobody/certificates").status == 404


def test_asking_again_changes_nothing_and_giving_back_ends_it(fly: Fly) -> None:
    assert ask(fly, "www.example.com") == 201
    before = fly.call("GET", f"{CERTIFICATES}/www.example.com").body
    fly.after(60)
    assert fly.call("POST", f"{CERTIFICATES}/acme", {"hostname": "www.example.com"}).body == before
    assert fly.call("DELETE", f"{CERTIFICATES}/www.example.com").status == 204
    assert fly.call("GET", f"{CERTIFICATES}/www.example.com").status == 404


def test_names_go_with_their_app(fly: Fly) -> None:
    ask(fly, "www.example.com")
    fly.platform.destroy_app("shop")
    fly.platform.apps.create("shop")
    assert fly.call("GET", CERTIFICATES).body["certificates"] == []


def test_a_long_list_comes_in_pages(fly: Fly) -> None:
    for number in range(3):
        ask(fly, f"www{number}.example.com")
    first = fly.call("GET", f"{CERTIFICATES}?limit=2").body
    assert ([row["hostname"] for row in first["certificates"]], first["total_count"]) == (
        ["www0.example.com", "www1.example.com"],
        3,
    )
    rest = fly.call("GET", f"{CERTIFICATES}?limit=2&cursor={first['next_cursor']}").body
    assert ([row["hostname"] for row in rest["certificates"]], "next_cursor" in rest) == (["www2.example.com"], False)
    assert len(fly.call("GET", f"{CERTIFICATES}?filter=WWW1").body["certificates"]) == 1
