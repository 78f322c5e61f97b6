"""What Fly.io writes into a machine's config where the request said nothing: its size, its init and its restarts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flyctl_orchestrator.local.base.errors import invalid
from flyctl_orchestrator.local.base.machine_config import DEFAULT_MAX_RETRIES, guest

_CPUS = {"shared-cpu": ("shared", (1, 2, 4, 6, 8)), "performance": ("performance", (1, 2, 4, 6, 8, 10, 12, 14, 16))}


def with_defaults(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config as a machine has it, made of one whose types are right; what was said stays as it is.

    Raises:
        PlatformError: 400, its `size` is none.
    """
    filled = dict(config)
    size = filled.get("size")
    said = {**(_of_size(size) if size else {}), **_said(filled.get("guest"))}
    filled["guest"] = {**said, **guest({"guest": said})}
    filled["init"] = filled.get("init") or {}
    restart = _said(filled.get("restart"))
    if not restart.get("policy"):
        filled["restart"] = {"policy": "on-failure", "max_retries": DEFAULT_MAX_RETRIES, **_kept(restart)}
    return filled


def _said(value: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: one for key, one in (value or {}).items() if one is not None}


def _kept(restart: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in restart.items() if key != "policy"}


def _of_size(size: str) -> dict[str, Any]:
    """The guest of a preset such as "shared-cpu-2x"; the memory is the least that it can have."""
    name, _, factor = size.rpartition("-")
    kind, allowed = _CPUS.get(name, ("", ()))
    count = factor.removesuffix("x")
    if not factor.endswith("x") or not (count.isascii() and count.isdigit()) or int(count) not in allowed:
        known = ", ".join(f"{one}-{cpus}x" for one, (_, many) in _CPUS.items() for cpus in many)
        raise invalid(f"invalid_argument: config.size must be one of {known}")
    return {"cpu_kind": kind, "cpus": int(count)}
