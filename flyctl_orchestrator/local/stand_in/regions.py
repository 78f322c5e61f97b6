"""platform regions."""

from __future__ import annotations

from flyctl_orchestrator.local.stand_in.session import Session

_KEYS = {
    "code": "",
    "name": "",
    "latitude": 0,
    "longitude": 0,
    "gateway_available": False,
    "requires_paid_plan": False,
    "deprecated": False,
    "capacity": 0,
    "geo_region": "",
    "mpg_available": False,
}


def list_regions(session: Session) -> None:
    """`platform regions --json`: by name, without those that are going away."""
    found = session.api.machines("GET", "/platform/regions")
    regions = found.get("Regions") or found.get("regions") or []
    shown = sorted((region for region in regions if not region.get("deprecated")), key=lambda region: region["name"])
    if session.arguments.on("json"):
        session.show([{key: region.get(key, empty) for key, empty in _KEYS.items()} for region in shown])
        return
    for region in shown:
        session.say(f"{region['name']}\t{region['code']}")
