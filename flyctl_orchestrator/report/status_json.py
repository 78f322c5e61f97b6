"""`flyo status --json`: schema flyo.status/1, described in docs/reference/status-json.md."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.rollout.survey import Seen, Survey, SurveyedPlace

SCHEMA = "flyo.status/1"


def status_as_dict(found: Survey, *, target: str, url: str, now: float) -> dict[str, Any]:
    """The survey as one JSON object.

    Args:
        target: "fly" or "local".
        now: seconds since the epoch.
    """
    return {
        "schema": SCHEMA,
        "app": found.app,
        "target": target,
        "url": url,
        "observed_at": datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "healthy": not found.unhealthy,
        "mixed": len(found.images) > 1,
        "drifted": bool(found.findings),
        "regions": [_place(each) for each in found.places],
        "findings": [
            {
                "kind": each.kind,
                "region": each.region or None,
                "group": each.group or None,
                "machine": each.machine or None,
                "what": each.what,
            }
            for each in found.findings
        ],
    }


def _place(place: SurveyedPlace) -> dict[str, Any]:
    states: dict[str, int] = {}
    for seen in place.seen:
        states[seen.machine.state] = states.get(seen.machine.state, 0) + 1
    return {
        "region": place.region,
        "group": place.group,
        "wanted": place.wanted,
        "count": len(place.seen),
        "states": states,
        "machines": [_machine(each) for each in place.seen],
    }


def _machine(seen: Seen) -> dict[str, Any]:
    machine = seen.machine
    return {
        "id": machine.id,
        "name": machine.name,
        "state": machine.state,
        "instance_id": machine.instance_id,
        "release": machine.release,
        "image": machine.image,
        "digest": machine.digest,
        "cordoned": machine.cordoned,
        "host_status": machine.host_status,
        "updated_at": machine.updated_at or None,
        "healthy": seen.healthy,
        "checks": [{"name": check.name, "status": check.status} for check in machine.checks],
        "probe": _probe(seen.answer) if seen.answer else None,
    }


def _probe(answer: Answer) -> dict[str, Any]:
    return {
        "ok": answer.ok,
        "status": answer.status,
        "latency_ms": round(answer.latency_s * 1000, 1) if answer.latency_s is not None else None,
        "region": answer.region,
        "machine": answer.machine,
        "release": answer.release,
        "error": answer.error,
    }
