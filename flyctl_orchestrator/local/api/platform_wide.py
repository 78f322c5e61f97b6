"""What belongs to no app: regions; and the operations of Fly.io that are not offered here."""

from __future__ import annotations

from flyctl_orchestrator.local.api import render
from flyctl_orchestrator.local.api.routing import not_modelled, route
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
    """Every machine of the organization."""
    platform.apps.organization_of(request.params["org"])
    found = [machine for app in platform.apps.list() for machine in platform.machines.list(app.name)]
    shown = [{"app_name": machine.app, **render.machine_summary(machine)} for machine in found]
    return Response(200, {"machines": shown, "next_cursor": ""})


@route("GET", "/v1/orgs/{org}/volumes", op="orgs.volumes")
def list_org_volumes(platform: Platform, request: Request) -> Response:
    """Every volume of the organization."""
    platform.apps.organization_of(request.params["org"])
    found = [volume for app in platform.apps.list() for volume in platform.volumes.list(app.name)]
    shown = [{"app_name": volume.app, **render.volume(volume)} for volume in found]
    return Response(200, {"volumes": shown, "next_cursor": ""})


for _method, _path, _op in (
    ("POST", "/v1/tokens/oidc", "tokens.oidc"),
    ("POST", "/v1/tokens/kms", "tokens.kms"),
    ("GET", "/v1/tokens/current", "tokens.current"),
    ("POST", "/v1/tokens/authenticate", "tokens.authenticate"),
    ("POST", "/v1/tokens/authorize", "tokens.authorize"),
    ("POST", "/v1/apps/{app}/deploy_token", "apps.deploy_token"),
    ("GET", "/v1/apps/{app}/certificates", "certificates.list"),
    ("POST", "/v1/apps/{app}/certificates/acme", "certificates.acme"),
    ("POST", "/v1/apps/{app}/certificates/custom", "certificates.custom"),
    ("GET", "/v1/apps/{app}/certificates/{hostname}", "certificates.get"),
    ("DELETE", "/v1/apps/{app}/certificates/{hostname}", "certificates.delete"),
    ("POST", "/v1/apps/{app}/certificates/{hostname}/check", "certificates.check"),
    ("GET", "/v1/apps/{app}/secretkeys", "secretkeys.list"),
    ("POST", "/v1/apps/{app}/machines/{machine}/exec", "machines.exec"),
    ("GET", "/v1/apps/{app}/machines/{machine}/memory", "machines.memory.get"),
    ("PUT", "/v1/apps/{app}/machines/{machine}/memory", "machines.memory.set"),
    ("POST", "/v1/apps/{app}/machines/{machine}/memory/reclaim", "machines.memory.reclaim"),
):
    not_modelled(_method, _path, op=_op)
