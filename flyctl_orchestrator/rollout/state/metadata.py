"""What flyo writes on machines, and how it tells from that whether a machine is as it should be.

A machine gets its verification only after it has passed the gate. One whose verification is of what is wanted, runs the
wanted image and has not been edited since is done: that is how a second deploy knows that there is nothing to do, and
how any computer can carry on where another one stopped. All of it lives in the machine's metadata; changing metadata
does not restart a machine (https://docs.fly.io/machines/runtime-environment/).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flyctl_orchestrator.fleet.machine import Machine, bare

VERIFIED = "flyo_verified"
"""What the machine was when it passed the gate: a Verification."""
ROLLOUT = "flyo_rollout"
"""Id of the rollout that changed the machine last."""
CREATED = "flyo_create_id"
"""Idempotency tag of a create: after an ambiguous answer the machine is looked up by it."""
REPLACES = "flyo_replaces"
"""Id of the machine that this one was created to take the place of."""
BEFORE = "flyo_before"
"""`instance_id` of the version the machine had before the rollout in ROLLOUT."""

SLEPT = "flyo_slept"
"""How the machine slept before the rollout in ROLLOUT ("stopped" or "suspended"); no such key when it was awake."""

FORMAT = "2"


def digest_of(value: Any) -> str:
    """A short, stable hash of JSON-able data; the order of keys does not matter."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def definition_digest(raw: Mapping[str, Any]) -> str:
    """Digest of what fly.toml says, comments and layout aside.

    `[build]` is left out: it decides the image, and the image is compared by itself.
    """
    return digest_of({key: value for key, value in raw.items() if key != "build"})


def secrets_digest(secrets: Iterable[tuple[str, str]]) -> str:
    """Digest of the (name, digest) pairs of an app's secrets, staged ones included."""
    return digest_of(sorted(secrets))


# What a mount says of the volume itself.
OF_VOLUME = frozenset({"volume", "size_gb", "encrypted"})


def config_digest(machine: Machine) -> str:
    """Digest of a machine's configuration without its metadata and without how its image is spelled.

    Nor does it count which volume a machine has: it keeps the one it was made with, and its copy has another one.
    """
    config = {key: value for key, value in machine.config.items() if key not in ("metadata", "image")}
    if machine.mounts:
        mounts = [mount for mount in config["mounts"] if isinstance(mount, dict)]
        config["mounts"] = [{key: mount[key] for key in mount if key not in OF_VOLUME} for mount in mounts]
    return digest_of(config)


def image_identity(machine: Machine) -> str:
    """A short hash of the image a machine runs: of its digest, or of its reference where no digest is known."""
    return digest_of(machine.digest or machine.bare_image)


@dataclass(frozen=True)
class Verification:
    """What a machine was when it passed the gate.

    A changed machine keeps its metadata, so a verification has to tell by itself that it is about what was there
    before: otherwise a machine changed by a run that was killed before its gate would look as if it had passed.

    Attributes:
        definition: digest of fly.toml, "" when it is not known from which fly.toml the machine comes (it is a copy).
        secrets: digest of the secrets' names and digests.
        config: digest of the machine's own configuration.
        image: identity of the image it ran.
    """

    definition: str
    secrets: str
    config: str
    image: str

    def __str__(self) -> str:
        return ".".join((FORMAT, self.definition, self.secrets, self.config, self.image))

    @classmethod
    def on(cls, machine: Machine) -> Verification | None:
        """What a machine carries of it, or None when there is nothing that can be read."""
        parts = machine.metadata.get(VERIFIED, "").split(".")
        return cls(*parts[1:]) if len(parts) == 5 and parts[0] == FORMAT else None

    def fits(self, machine: Machine) -> bool:
        """Whether it is about the machine as it is now, and not about what it was before a change."""
        return self.config == config_digest(machine) and self.image == image_identity(machine)


def verified(machine: Machine) -> bool:
    """Whether a machine has passed the gate of a rollout as it is now."""
    verification = Verification.on(machine)
    return verification is not None and verification.fits(machine)


def verification_for(machine: Machine, definition: str, secrets: str) -> Verification:
    """What to write on a machine that has just passed the gate."""
    return Verification(definition, secrets, config_digest(machine), image_identity(machine))


def same_image(machine: Machine, ref: str | None, digest: str | None) -> bool:
    """Whether a machine runs an image: by digest where both sides know it, else by reference."""
    if digest and machine.digest:
        return machine.digest == digest
    return ref is not None and machine.bare_image == bare(ref)


def pinned(ref: str, digest: str | None) -> str:
    """An image reference that can only ever mean one image: with its digest, when that is known."""
    return f"{ref}@{digest}" if digest and "@" not in ref else ref


def alike(now: Machine, before: Machine) -> bool:
    """Whether a machine has the very configuration and image it had before, in this version or in a later one."""
    if now.instance_id == before.instance_id:
        return True

    def own(machine: Machine) -> dict[str, Any]:
        return {key: value for key, value in machine.config.items() if key != "image"}

    return own(now) == own(before) and same_image(now, before.image, before.digest)


def reasons_to_change(
    machine: Machine, ref: str | None, digest: str | None, definition: str, secrets: str
) -> list[str]:
    """Why a machine is not what it should be; empty when it is.

    Returns: of "unverified" (never passed a gate of flyo), "image", "config" (fly.toml changed), "secrets",
        "edited" (somebody changed the machine since).
    """
    found = Verification.on(machine)
    reasons = []
    if ref is not None and not same_image(machine, ref, digest):
        reasons.append("image")
    if found is None or not found.definition:
        return [*reasons, "unverified"]
    if found.definition != definition:
        reasons.append("config")
    if found.secrets != secrets:
        reasons.append("secrets")
    if found.config != config_digest(machine):
        reasons.append("edited")
    if not reasons and found.image != image_identity(machine):
        # Changed, but never proved: whoever did it was stopped before the gate, or was no rollout of flyo's.
        reasons.append("unverified")
    return reasons
