"""A plan as JSON and back: what `flyo plan --json` prints, `plan --out` writes and the journal keeps."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.rollout.plan.plan import (
    Drift,
    FlyctlRun,
    Lane,
    LeftOut,
    MachineCount,
    Plan,
    PlannedImage,
    Wave,
)
from flyctl_orchestrator.rollout.plan.steps import step_of_dict

SCHEMA = "flyo.plan/1"
# How Python says that a class of ours does not have, or lacks, what a document tells of it.
_UNKNOWN = re.compile(r"unexpected keyword argument '(\w+)'")
_MISSING = re.compile(r"missing \d+ required [\w-]+ arguments?: '(\w+)'")


class Damaged(ValueError):
    """A document that cannot be so; its text is a sentence for people."""


def plan_as_dict(plan: Plan) -> dict[str, Any]:
    """The whole plan as plain JSON values (schema flyo.plan/1)."""
    return {
        "schema": SCHEMA,
        "kind": plan.kind,
        "app": plan.app,
        "fingerprint": plan.fingerprint,
        "image": asdict(plan.image),
        "definition": plan.definition,
        "secrets": plan.secrets,
        "groups": list(plan.groups),
        "regions": list(plan.regions),
        "unchanged": plan.unchanged,
        "notes": list(plan.notes),
        "counts": [asdict(count) for count in plan.counts],
        "drift": [asdict(drift) for drift in plan.drift],
        "left_out": [asdict(each) for each in plan.left_out],
        "waves": [_wave_as_dict(wave) for wave in plan.waves],
    }


def plan_of_dict(data: Any, *, where: str = "plan") -> Plan:
    """The plan that `plan_as_dict` wrote.

    Raises:
        UsageError: it is something else.
    """
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise UsageError(
            f"not a plan of this version (expected schema {SCHEMA})",
            where=where,
            next="Write one with 'flyo plan --out FILE'",
            code="plan.bad_file",
        )
    try:
        return Plan(
            app=data["app"],
            fingerprint=data["fingerprint"],
            image=PlannedImage(**data["image"]),
            definition=data["definition"],
            secrets=data["secrets"],
            groups=tuple(data["groups"]),
            regions=tuple(data["regions"]),
            waves=tuple(_wave_of_dict(wave) for wave in data["waves"]),
            drift=tuple(Drift(**drift) for drift in data["drift"]),
            unchanged=data["unchanged"],
            notes=tuple(data["notes"]),
            kind=data.get("kind", "deploy"),
            counts=tuple(MachineCount(**count) for count in data.get("counts", ())),
            left_out=tuple(LeftOut(**each) for each in data.get("left_out", ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"the plan is damaged, or of another version of flyo ({plainly(error)})",
            where=where,
            next="Write a new one with 'flyo plan --out FILE'",
            code="plan.bad_file",
        ) from error


def plainly(error: Exception) -> str:
    """What is wrong with a document, after the error that reading it gave."""
    if isinstance(error, FlyoError):
        return error.what
    if isinstance(error, Damaged):
        return str(error)
    if isinstance(error, KeyError) and error.args:
        return f"{str(error.args[0])[:60]!r} is missing"
    if found := _UNKNOWN.search(str(error)):
        return f"{found[1][:60]!r} is not known here"
    if found := _MISSING.search(str(error)):
        return f"{found[1][:60]!r} is missing"
    return "a value in it has another form"


def _wave_as_dict(wave: Wave) -> dict[str, Any]:
    return {
        "name": wave.name,
        "limit": wave.limit,
        "watch": wave.watch,
        "bake": wave.bake,
        "final": wave.final,
        "flyctl": None if wave.flyctl is None else _lists(asdict(wave.flyctl)),
        "lanes": [_lane_as_dict(lane) for lane in wave.lanes],
    }


def _wave_of_dict(data: dict[str, Any]) -> Wave:
    run = data["flyctl"]
    flyctl = (
        None
        if run is None
        else FlyctlRun(**(run | {key: tuple(run[key]) for key in ("regions", "groups", "machines")}))
    )
    lanes = tuple(_lane_of_dict(lane) for lane in data["lanes"])
    known = {"limit": data["limit"], "bake": data["bake"], "final": data.get("final", False)}
    return Wave(data["name"], lanes, flyctl, **known, watch=data.get("watch"))


def _lane_as_dict(lane: Lane) -> dict[str, Any]:
    plain = {key: getattr(lane, key) for key in ("name", "region", "group", "machine", "action", "weight", "replaces")}
    return plain | {"reasons": list(lane.reasons), "steps": [step.as_dict() for step in lane.steps]}


def _lane_of_dict(data: dict[str, Any]) -> Lane:
    if not data["steps"]:
        raise Damaged(f"lane {data['name']} has no steps")
    rest = {"reasons": tuple(data["reasons"]), "steps": tuple(step_of_dict(step) for step in data["steps"])}
    return Lane(**(data | rest))


def _lists(data: dict[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in data.items()}
