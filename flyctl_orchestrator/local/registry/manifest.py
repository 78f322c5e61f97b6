"""Manifests and indexes, in Docker's and in OCI's words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flyctl_orchestrator.local.base.image_names import DIGEST
from flyctl_orchestrator.local.registry.failure import RegistryRefused

IMAGE_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
LARGEST = 4 * 1024**2


@dataclass(frozen=True)
class Child:
    """One manifest of an index, and the platform it is for ("" where nothing is said)."""

    digest: str
    system: str = ""
    architecture: str = ""


@dataclass(frozen=True)
class Manifest:
    """One manifest.

    Attributes:
        digest: of its bytes.
        media_type: one of `IMAGE_TYPES` or `INDEX_TYPES`.
        content: its bytes as they were pushed.
        config: digest of the configuration, "" for an index.
        blobs: everything it needs that has to be in the registry, configuration included.
        children: of an index.
        size_bytes: of its layers.
    """

    digest: str
    media_type: str
    content: bytes = field(repr=False)
    config: str = ""
    blobs: tuple[str, ...] = ()
    children: tuple[Child, ...] = ()
    size_bytes: int = 0

    def child_for(self, architecture: str) -> str:
        """The digest of the manifest for linux on an architecture ("amd64"), "" when an index has none."""
        found = [one.digest for one in self.children if (one.system, one.architecture) == ("linux", architecture)]
        return found[0] if found else ""


def read_manifest(content: bytes, media_type: str) -> Manifest:
    """Understand a manifest.

    Args:
        media_type: as the client says; what the manifest itself says must be the same.

    Raises:
        RegistryRefused: it is none, or one of a kind that is not kept here.
    """
    said = _decoded(content)
    known = said.get("mediaType") or media_type.partition(";")[0].strip()
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if known in INDEX_TYPES:
        return Manifest(digest, known, content, children=tuple(_child(one) for one in _listed(said, "manifests")))
    if known not in IMAGE_TYPES:
        raise RegistryRefused("MANIFEST_INVALID", f"manifests of type {known or 'unknown'} are not kept here")
    config = _digest_of(said.get("config"))
    layers = _listed(said, "layers")
    # A layer with addresses of its own is fetched from there, and never pushed.
    pushed = [_digest_of(one) for one in layers if not one.get("urls")]
    size = sum(one["size"] for one in layers if isinstance(one.get("size"), int))
    return Manifest(digest, known, content, config, (config, *pushed), size_bytes=size)


def _decoded(content: bytes) -> Mapping[str, Any]:
    if len(content) > LARGEST:
        raise RegistryRefused("SIZE_INVALID", f"a manifest may have {LARGEST} bytes")
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or said.get("schemaVersion") != 2:
        raise RegistryRefused("MANIFEST_INVALID", "the manifest is not JSON of schema version 2")
    return said


def _listed(said: Mapping[str, Any], name: str) -> Iterable[Mapping[str, Any]]:
    found = said.get(name)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise RegistryRefused("MANIFEST_INVALID", f"the manifest has no list of {name}")
    return found


def _child(said: Mapping[str, Any]) -> Child:
    platform = said.get("platform")
    platform = platform if isinstance(platform, dict) else {}
    return Child(_digest_of(said), str(platform.get("os", "")), str(platform.get("architecture", "")))


def _digest_of(said: Any) -> str:
    digest = said.get("digest") if isinstance(said, dict) else None
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        raise RegistryRefused("MANIFEST_INVALID", "the manifest names something without a sha256 digest")
    return digest
