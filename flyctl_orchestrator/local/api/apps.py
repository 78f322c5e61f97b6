"""Apps, their addresses and their secrets."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.api import render
from flyctl_orchestrator.local.api.routing import body_of, route
from flyctl_orchestrator.local.api.wire import Request, Response
from flyctl_orchestrator.local.base.errors import NotModelled, PlatformError, invalid
from flyctl_orchestrator.local.base.ratelimit import DELETE_APP
from flyctl_orchestrator.local.base.shape import flag, record, text
from flyctl_orchestrator.local.core.model import App
from flyctl_orchestrator.local.platform import Platform

NEW_APP = record(
    {
        "name": text,
        "app_name": text,
        "org_slug": text,
        "network": text,
        "app_role_id": text,
        "enable_subdomains": flag,
    }
)


def shape(platform: Platform, app: App) -> dict[str, Any]:
    """An app as the API shows it."""
    machines = platform.machines.list(app.name)
    return render.app(
        app,
        platform.apps.organization,
        status=platform.apps.status(app),
        machines=len(machines),
        volumes=len(platform.volumes.list(app.name)),
    )


@route("GET", "/v1/apps", op="apps.list")
def list_apps(platform: Platform, request: Request) -> Response:
    """List the apps of an organization, all or those of a role."""
    slug = request.arg("org_slug")
    if not slug:
        raise invalid("org_slug is required")
    platform.apps.organization_of(slug)
    role = request.arg("app_role")
    apps = [shape(platform, app) for app in platform.apps.list()]
    # flyctl takes the first app of role remote-docker-builder for its builder, and deletes it when it does not work.
    apps = [app for app in apps if role in ("", app["app_role"])]
    return Response(200, {"total_apps": len(apps), "apps": apps})


@route("POST", "/v1/apps", op="apps.create")
def create_app(platform: Platform, request: Request) -> Response:
    """Create an app."""
    body = body_of(request)
    NEW_APP(body, "")
    if body.get("enable_subdomains"):
        raise NotModelled("apps.create with enable_subdomains")
    app = platform.apps.create(
        body.get("name") or body.get("app_name") or "",
        body.get("org_slug") or "personal",
        body.get("network") or "",
        body.get("app_role_id") or "",
    )
    return Response(201, shape(platform, app))


@route("GET", "/v1/apps/{app}", op="apps.get")
def get_app(platform: Platform, request: Request) -> Response:
    """Read an app."""
    return Response(200, shape(platform, platform.apps.get(request.params["app"])))


@route("DELETE", "/v1/apps/{app}", op="apps.delete", limit=DELETE_APP)
def delete_app(platform: Platform, request: Request) -> Response:
    """Destroy an app with everything in it."""
    platform.destroy_app(request.params["app"])
    return Response(202, {})


@route("GET", "/v1/apps/{app}/ip_assignments", op="ip_assignments.list")
def list_ips(platform: Platform, request: Request) -> Response:
    """List an app's addresses."""
    found = platform.addresses.list(request.params["app"])
    return Response(200, {"ips": [render.ip(one) for one in found]})


@route("POST", "/v1/apps/{app}/ip_assignments", op="ip_assignments.create")
def create_ip(platform: Platform, request: Request) -> Response:
    """Give an app an address."""
    body = body_of(request)
    made = platform.addresses.allocate(
        request.params["app"],
        str(body.get("type") or "v6"),
        region=str(body.get("region") or ""),
        network=str(body.get("network") or ""),
        service_name=str(body.get("service_name") or ""),
    )
    return Response(200, render.ip(made))


@route("DELETE", "/v1/apps/{app}/ip_assignments/{ip}", op="ip_assignments.delete")
def delete_ip(platform: Platform, request: Request) -> Response:
    """Give an address back."""
    platform.addresses.release(request.params["app"], request.params["ip"])
    return Response(204)


@route("GET", "/v1/apps/{app}/secrets", op="secrets.list")
def list_secrets(platform: Platform, request: Request) -> Response:
    """List an app's secrets: names and digests."""
    app = request.params["app"]
    _require_version(platform, request)
    return Response(200, {"secrets": [render.secret(one) for one in platform.secrets.list(app)]})


def _require_version(platform: Platform, request: Request) -> None:
    wanted = request.arg("min_version") or request.arg("version")
    if wanted:
        if not (wanted.isascii() and wanted.isdigit()):
            raise invalid("min_version must be a number")
        platform.secrets.require_version(request.params["app"], int(wanted[:18]))


@route("POST", "/v1/apps/{app}/secrets", op="secrets.change")
def change_secrets(platform: Platform, request: Request) -> Response:
    """Set and remove secrets together; machines get them when they next boot."""
    app = request.params["app"]
    values = body_of(request).get("values")
    if not isinstance(values, dict):
        raise invalid("values must be an object of names and values")
    version = platform.secrets.change(app, values)
    shown = [render.secret(one) for one in platform.secrets.list(app)]
    return Response(200, {"secrets": shown, "version": version, "Version": version})


@route("GET", "/v1/apps/{app}/secrets/{name}", op="secrets.get")
def get_secret(platform: Platform, request: Request) -> Response:
    """Read one secret's name and digest."""
    _require_version(platform, request)
    return Response(200, render.secret(platform.secrets.get(request.params["app"], request.params["name"])))


@route("POST", "/v1/apps/{app}/secrets/{name}", op="secrets.set")
def set_secret(platform: Platform, request: Request) -> Response:
    """Set one secret."""
    app, name = request.params["app"], request.params["name"]
    value = body_of(request).get("value")
    if not isinstance(value, str):
        raise PlatformError(400, "value must be a string")
    version = platform.secrets.change(app, {name: value})
    return Response(201, {**render.secret(platform.secrets.get(app, name)), "version": version, "Version": version})


@route("DELETE", "/v1/apps/{app}/secrets/{name}", op="secrets.delete")
def delete_secret(platform: Platform, request: Request) -> Response:
    """Remove one secret."""
    app, name = request.params["app"], request.params["name"]
    platform.secrets.get(app, name)
    version = platform.secrets.change(app, {name: None})
    return Response(200, {"version": version, "Version": version})
