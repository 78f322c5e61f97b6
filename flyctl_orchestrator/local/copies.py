"""Takes a copy of a fleet that runs elsewhere, machine ids and all, for a rehearsal."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from flyctl_orchestrator.local.base.errors import PlatformError, invalid
from flyctl_orchestrator.local.core.machines import MachineRequest
from flyctl_orchestrator.local.core.model import Release
from flyctl_orchestrator.local.platform import Platform

_MACHINE_ID = re.compile(r"[0-9a-f]{8,16}")
_KEYS = {"app": str, "release": int, "secrets": dict, "volumes": list, "machines": list}
_VOLUME_NAME = re.compile(r"[A-Za-z0-9_]{1,30}")


def take_copy(platform: Platform, said: Mapping[str, Any]) -> list[str]:
    """Make an app as another platform has it; all of it or nothing.

    Args:
        said: `app`; `release`, its newest release's number; `secrets`, name and value; `volumes` that no machine has,
            each with `name`, `region` and `size_gb`; `machines`, each with `id`, `name`, `region`, `config`,
            `cordoned`, and `asleep` for those that are not to be started. Their images must be in the store. Every
            mount gets a volume of its own.

    Returns:
        The ids of the machines.

    Raises:
        PlatformError: 400 for what is no copy, 422 for an app that exists, and whatever machines are refused with.
    """
    for key, kind in _KEYS.items():
        if key in said and said[key] is not None and not isinstance(said[key], kind):
            raise invalid(f"`{key}` is not {'an object' if kind is dict else f'a {kind.__name__}'}")
    app = said.get("app") or ""
    if not app:
        raise invalid("`app` is missing")
    platform.apps.create(app)
    try:
        return _fill(platform, app, said)
    except PlatformError:
        platform.destroy_app(app)
        raise


def _fill(platform: Platform, app: str, said: Mapping[str, Any]) -> list[str]:
    if said.get("secrets"):
        platform.secrets.change(app, said["secrets"])
    if said.get("release"):
        platform.releases.adopt(_release(platform, app, said["release"]))
    made = [_machine(platform, app, one) for one in said.get("machines") or []]
    for one in said.get("volumes") or []:
        if not isinstance(one, dict):
            raise invalid("every volume needs a name and a region")
        platform.volumes.create(app, {key: one.get(key) for key in ("name", "region", "size_gb")})
    return made


def _release(platform: Platform, app: str, version: int) -> Release:
    now = platform.clock.now()
    return Release(
        id=platform.kernel.ids.slug(20),
        app=app,
        version=version,
        definition={},
        image_ref="",
        strategy="ROLLING",
        status="complete",
        user=platform.tokens.own.user,
        created_at=now,
        updated_at=now,
        description="as copied",
    )


def _machine(platform: Platform, app: str, said: Any) -> str:
    if not isinstance(said, dict) or not isinstance(said.get("config"), dict):
        raise invalid("every machine needs a config")
    machine_id = str(said.get("id", ""))
    if not _MACHINE_ID.fullmatch(machine_id) or machine_id in platform.kernel.machines:
        raise invalid(f"{machine_id[:40]!r} is no machine id, or taken")
    region = str(said.get("region", ""))
    wanted = MachineRequest(
        config=_with_volumes(platform, app, region, said["config"]),
        id=machine_id,
        name=str(said.get("name") or ""),
        region=region,
        skip_launch=bool(said.get("asleep")),
        skip_service_registration=bool(said.get("cordoned")),
    )
    return platform.machines.create(app, wanted).id


def _with_volumes(platform: Platform, app: str, region: str, config: dict[str, Any]) -> dict[str, Any]:
    if not config.get("mounts"):
        return config
    own = copy.deepcopy(config)
    for mount in own["mounts"]:
        name = str(mount.get("name") or "data")
        wanted = {"name": name if _VOLUME_NAME.fullmatch(name) else "data", "region": region, "size_gb": 1}
        mount["volume"] = platform.volumes.create(app, wanted).id
    return own
