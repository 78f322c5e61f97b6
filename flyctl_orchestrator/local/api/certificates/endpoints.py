"""Certificates: ask for one, see how far it is, and give the hostname back."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.api import render
from flyctl_orchestrator.local.api.parameters import page
from flyctl_orchestrator.local.api.routing import body_of, not_modelled, route
from flyctl_orchestrator.local.api.wire import Request, Response
from flyctl_orchestrator.local.base.errors import invalid
from flyctl_orchestrator.local.core.certificates.records import Certificate
from flyctl_orchestrator.local.platform import Platform


@route("GET", "/v1/apps/{app}/certificates", op="certificates.list")
def list_certificates(platform: Platform, request: Request) -> Response:
    """List an app's hostnames, a page at a time, those that hold `filter`."""
    every, wanted = platform.certificates.list(request.params["app"]), request.arg("filter").lower()
    found = [one for one in every if wanted in one.hostname]
    shown, cursor = page(request, found, lambda one: one.hostname)
    body = {"certificates": [_summary(one) for one in shown], "total_count": len(found)}
    return Response(200, body | ({"next_cursor": cursor} if cursor else {}))


@route("POST", "/v1/apps/{app}/certificates/acme", op="certificates.acme")
def request_certificate(platform: Platform, request: Request) -> Response:
    """Ask for a certificate for a hostname."""
    hostname = body_of(request).get("hostname")
    if not isinstance(hostname, str):
        raise invalid("hostname must be a string")
    return Response(201, _detail(platform, platform.certificates.request(request.params["app"], hostname)))


@route("GET", "/v1/apps/{app}/certificates/{hostname}", op="certificates.get")
def get_certificate(platform: Platform, request: Request) -> Response:
    """Read how far a hostname's certificate is."""
    found = platform.certificates.get(request.params["app"], request.params["hostname"])
    return Response(200, _detail(platform, found))


@route("POST", "/v1/apps/{app}/certificates/{hostname}/check", op="certificates.check")
def check_certificate(platform: Platform, request: Request) -> Response:
    """Look again; nobody looks at DNS here, so that nothing has changed."""
    found = platform.certificates.get(request.params["app"], request.params["hostname"])
    return Response(200, _detail(platform, found))


@route("DELETE", "/v1/apps/{app}/certificates/{hostname}", op="certificates.delete")
def delete_certificate(platform: Platform, request: Request) -> Response:
    """Give a hostname back, with its certificate."""
    platform.certificates.remove(request.params["app"], request.params["hostname"])
    return Response(204)


not_modelled("POST", "/v1/apps/{app}/certificates/custom", op="certificates.custom")


def _status(one: Certificate) -> str:
    return "pending_validation" if one.expires_at is None else "active"


def _summary(one: Certificate) -> dict[str, Any]:
    issued = one.expires_at is not None
    return {
        "hostname": one.hostname,
        "status": _status(one),
        "acme_dns_configured": False,
        "acme_alpn_configured": one.leads_here,
        "acme_http_configured": one.leads_here,
        "ownership_txt_configured": False,
        "configured": one.leads_here,
        "acme_requested": True,
        "has_custom_certificate": False,
        "has_fly_certificate": issued,
        "created_at": render.timestamp(one.created_at),
        "updated_at": render.timestamp(one.created_at),
    }


def _detail(platform: Platform, one: Certificate) -> dict[str, Any]:
    addresses = platform.addresses.list(one.app)
    issued = []
    if one.expires_at is not None:
        until = render.timestamp(one.expires_at)
        issued = [{"type": "ecdsa", "expires_at": until, "certificate_authority": "none"}]
    held = {"source": "fly", "status": _status(one), "created_at": render.timestamp(one.created_at), "issued": issued}
    challenge = {"name": f"_acme-challenge.{one.hostname}", "target": f"{one.hostname}.localhost"}
    return {
        "hostname": one.hostname,
        "configured": one.leads_here,
        "acme_requested": True,
        "status": _status(one),
        "certificates": [held],
        "validation": {
            "dns_configured": False,
            "alpn_configured": one.leads_here,
            "http_configured": one.leads_here,
            "ownership_txt_configured": False,
        },
        "dns_requirements": {
            "a": [each.ip for each in addresses if each.type in ("v4", "shared_v4")],
            "aaaa": [each.ip for each in addresses if each.type == "v6"],
            "cname": f"{one.app}.localhost",
            "acme_challenge": challenge,
            "ownership": {"name": f"_fly-ownership.{one.hostname}", "app_value": f"app-{one.app}", "org_value": ""},
        },
    }
