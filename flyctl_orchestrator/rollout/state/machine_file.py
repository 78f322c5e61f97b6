"""A machine as journals keep it: everything needed to give it back what it had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flyctl_orchestrator.fleet.machine import Machine, release_of


def machine_of_dict(app: str, data: Mapping[str, Any]) -> Machine:
    """The machine that `machine_as_dict` wrote.

    Raises:
        KeyError: it did not.
    """
    config = data["config"]
    metadata = {str(key): str(value) for key, value in (config.get("metadata") or {}).items()}
    return Machine(
        id=data["id"],
        name=data["name"],
        app=app,
        region=data["region"],
        state=data["state"],
        instance_id=data["instance_id"],
        image=str(config.get("image", "")),
        digest=data["digest"],
        group=data["group"],
        config=config,
        metadata=metadata,
        cordoned=data["cordoned"],
        created_at=str(data.get("created_at", "")),
        release=release_of(metadata),
    )


def machine_as_dict(machine: Machine) -> dict[str, Any]:
    """Everything needed to give a machine back what it had, as plain JSON values."""
    return {
        "id": machine.id,
        "name": machine.name,
        "region": machine.region,
        "group": machine.group,
        "state": machine.state,
        "instance_id": machine.instance_id,
        "digest": machine.digest,
        "cordoned": machine.cordoned,
        "created_at": machine.created_at,
        "config": dict(machine.config),
    }
