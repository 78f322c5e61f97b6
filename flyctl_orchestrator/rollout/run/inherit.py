"""Gives a machine what flyctl gave to the first machine of its process group, and leaves what is its own.

flyctl builds a machine's configuration from fly.toml on top of the machine's own, key by key (its
`internal/appconfig/machines.go`). The keys it sets are the same for every machine of a process group; all others belong
to the machine. So copying those keys does to a machine what flyctl would have done, without translating fly.toml again.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.rollout.state.metadata import BEFORE, CREATED, REPLACES, ROLLOUT, SLEPT, VERIFIED

OWN_KEYS = frozenset({VERIFIED, ROLLOUT, CREATED, BEFORE, REPLACES, SLEPT})
"""What flyo writes about one machine and no other."""

FOLLOW = (
    "image",
    "env",
    "init",
    "services",
    "checks",
    "statics",
    "metrics",
    "stop_config",
    "files",
    "restart",
    "containers",
)
"""Keys that flyctl sets anew with every deploy. `guest` is one of them only if fly.toml has a [[vm]] section."""

RELEASE_KEYS = (
    "fly_release_id",
    "fly_release_version",
    "fly_flyctl_version",
    "fly_builder_id",
    "fly_platform_version",
    "fly_process_group",
    "fly-managed-postgres",
)
"""Metadata that goes with a release and not with a machine."""


def inherit(first: Machine, own: Machine, *, with_guest: bool, tags: Mapping[str, str]) -> dict[str, Any]:
    """The new configuration of an existing machine.

    Args:
        first: the machine that has the wanted configuration.
        own: the machine to change, of the same process group.
        with_guest: whether its size follows, too (fly.toml says what it is).
        tags: metadata to set on top.
    """
    config = copy.deepcopy(dict(own.config))
    for key in (*FOLLOW, *(("guest",) if with_guest else ())):
        config.pop(key, None)
        if key in first.config:
            config[key] = copy.deepcopy(first.config[key])
    _keep_standby(config, own.config)
    config["metadata"] = {**_metadata(first, own.metadata), **tags}
    if mounts := _mounts(first.config, own.config):
        config["mounts"] = mounts
    return config


def replacement_config(first: Machine, own: Machine, *, with_guest: bool, tags: Mapping[str, str]) -> dict[str, Any]:
    """The configuration of the replacement of `own`, with all that is `own`'s but what flyo wrote about it."""
    bare = replace(own, metadata=without_own_keys(own.metadata))
    return inherit(first, bare, with_guest=with_guest, tags=tags)


def without_own_keys(metadata: Mapping[str, str]) -> dict[str, str]:
    """Metadata without what flyo wrote about that one machine."""
    return {key: value for key, value in metadata.items() if key not in OWN_KEYS}


def newborn(first: Machine, *, tags: Mapping[str, str]) -> dict[str, Any]:
    """The configuration of a machine that is created like `first`, with nothing that is `first`'s alone."""
    config = copy.deepcopy(dict(first.config))
    for key in ("mounts", "standbys"):
        config.pop(key, None)
    (config.get("env") or {}).pop("FLY_STANDBY_FOR", None)
    config["metadata"] = {**_metadata(first, {}), **tags}
    return config


def _metadata(first: Machine, own: Mapping[str, str]) -> dict[str, str]:
    kept = {key: value for key, value in own.items() if key not in (*RELEASE_KEYS, SLEPT)}
    return kept | {key: first.metadata[key] for key in RELEASE_KEYS if key in first.metadata}


def _mounts(first: Mapping[str, Any], own: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A machine keeps its volume; where it is mounted and how it grows follow."""
    mine = [dict(mount) for mount in own.get("mounts") or ()]
    theirs = list(first.get("mounts") or ())
    for mount, model in zip(mine, theirs, strict=False):
        if mount.get("name") in (None, "", model.get("name")):
            follow = ("path", "extend_threshold_percent", "add_size_gb", "size_gb_limit")
            mount |= {key: model[key] for key in follow if key in model}
    return mine


def _keep_standby(config: dict[str, Any], own: Mapping[str, Any]) -> None:
    """A machine with a service cannot be a standby (flyctl says the same); others stay what they are."""
    if config.get("services"):
        config.pop("standbys", None)
    standing_in = (own.get("env") or {}).get("FLY_STANDBY_FOR")
    env = config.get("env") or {}
    env.pop("FLY_STANDBY_FOR", None)
    if config.get("standbys") and standing_in:
        env["FLY_STANDBY_FOR"] = standing_in
