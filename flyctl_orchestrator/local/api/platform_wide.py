"""What belongs to no app: regions; and the operations of Fly.io that are not offered here."""

from __future__ import annotations

from flyctl_orchestrator.local.api import render
from flyctl_orchestrator.local.api.parameters import listed, machine_states, moment, page
from flyctl_orchestrator.local.api.routing import flag, not_modelled, route
from flyctl_orchestrator.local.api.volumes import shape
from flyctl_orchestrator.local.api.wire import Request, Response
from flyctl_orchestrator.local.base.regions import NEAREST, REGIONS
from flyctl_orchestrator.local.platform import Platform


@route("GET", "/v1/platform/regions", op="platform.regions")
def list_regions(platform: Platform, request: Request) -> Response:
    """The regions there are."""
    shown = [
        {
            "code": region.code,
            "name": region.name,
            "latitude": region.latitude,
            "longitude": region.longitude,
            "gateway_available": region.gateway,
            "requires_paid_plan": False,
            "deprecated": region.deprecated,
            "capacity": 1000,
            "geo_region": region.geo,
            "mpg_available": region.managed_postgres,
        }
        for region in REGIONS.values()
    ]
    return Response(200, {"Regions": shown, "Nearest": NEAREST})


@route("GET", "/v1/orgs/{org}/machines", op="orgs.machines")
def list_org_machines(platform: Platform, request: Request) -> Response:
    """The machines of the organization, by region, state or last change, a page at a time."""
    platform.apps.organization_of(request.params["org"])
    deleted, since = flag(request, "include_deleted"), moment(request, "updated_after")
    regions, states = listed(request, "region"), machine_states(request)
    found = [
        machine
        for app in platform.apps.list()
        for machine in platform.machines.list(app.name, include_deleted=deleted)
        if (not regions or machine.region in regions)
        and (not states or machine.state in states)
        and machine.updated_at > since
    ]
    shown, cursor = page(request, found, lambda machine: machine.id)
    machines = [{"app_name": machine.app, **render.machine_summary(machine)} for machine in shown]
    return Response(200, {"machines": machines, "next_cursor": cursor})


@route("GET", "/v1/orgs/{org}/volumes", op="orgs.volumes")
def list_org_volumes(platform: Platform, request: Request) -> Response:
    """The volumes of the organization, by region, state or last change, a page at a time."""
    platform.apps.organization_of(request.params["org"])
    deleted, since = flag(request, "include_deleted"), moment(request, "updated_after")
    regions, states = listed(request, "region"), listed(request, "state")
    found = [
        volume
        for app in platform.apps.list()
        for volume in platform.volumes.list(app.name)
        if (deleted or volume.destroyed_at is None)
        and (not regions or volume.region in regions)
        and (not states or volume.state in states)
        and volume.updated_at > since
    ]
    shown, cursor = page(request, found, lambda volume: volume.id)
    volumes = [{"app_name": volume.app, **shape(platform, volume, flag(request, "summary"))} for volume in shown]
    return Response(200, {"volumes": volumes, "next_cursor": cursor})


@route("GET", "/v1/tokens/current", op="tokens.current")
def current_token(platform: Platform, request: Request) -> Response:
    """What the request's token is for."""
    token = platform.tokens.authenticate(request.headers.get("authorization", "")) or platform.tokens.own
    organization = platform.apps.organization
    shown = {
        "token_id": token.id,
        "user": token.user,
        "organization": organization.name,
        "org_slug": organization.slug,
        "apps": ["*"] if token.app is None else [token.app],
        "restricted_to_machine": "",
        "source_machine_id": "",
    }
    return Response(200, {"tokens": [shown]})


for _method, _path, _op in (
    ("POST", "/v1/tokens/oidc", "tokens.oidc"),
    ("POST", "/v1/tokens/kms", "tokens.kms"),
    ("POST", "/v1/tokens/authenticate", "tokens.authenticate"),
    ("POST", "/v1/tokens/authorize", "tokens.authorize"),
    ("POST", "/v1/apps/{app}/deploy_token", "apps.deploy_token"),
    ("GET", "/v1/apps/{app}/secretkeys", "secretkeys.list"),
    ("GET", "/v1/apps/{app}/machines/{machine}/memory", "machines.memory.get"),
    ("PUT", "/v1/apps/{app}/machines/{machine}/memory", "machines.memory.set"),
    ("POST", "/v1/apps/{app}/machines/{machine}/memory/reclaim", "machines.memory.reclaim"),
):
    not_modelled(_method, _path, op=_op)
