"""Images that were pushed, as machines and clients see them."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flyctl_orchestrator.local.base.image_names import DOCKER_HUB, ImageName, image_name
from flyctl_orchestrator.local.core.seams import Image, ImageNotFound
from flyctl_orchestrator.local.registry.manifest import Manifest
from flyctl_orchestrator.local.registry.store import RegistryStore

_PORT = re.compile(r"[0-9]{1,5}")
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def this_architecture() -> str:
    """What images call this computer's processor, which is the engine's, too."""
    machine = platform.machine().lower()
    return _ARCHITECTURES.get(machine, machine)


class PushedImages:
    """Resolves references among what was pushed.

    Args:
        store: the registry's.
        address: host and port at which a container engine can pull from the registry.
        architecture: chosen where an image is for several.
    """

    def __init__(
        self, store: RegistryStore, address: Callable[[], str], architecture: Callable[[], str] = this_architecture
    ) -> None:
        self._store = store
        self._address = address
        self._architecture = architecture

    def resolve(self, ref: str) -> Image:
        """The image of a reference; its `pull` says where an engine gets it.

        Raises:
            ImageNotFound: nothing was pushed under it, or nothing for this computer's processor.
        """
        name = image_name(ref)
        for repository in _repositories(name):
            assert name is not None
            found = self._store.manifest(repository, name.digest or name.tag)
            if found is not None:
                return self._image(ref, repository, name, found)
        raise ImageNotFound(f"{ref}: nothing was pushed under that name")

    def pushed_at(self, ref: str) -> float:
        """When the tag of a reference was last pushed, 0 when it never was."""
        name = image_name(ref)
        return max((self._store.tagged_at(one, name.tag) for one in _repositories(name) if name), default=0.0)

    def _image(self, ref: str, repository: str, name: ImageName, top: Manifest) -> Image:
        manifest: Manifest | None = top
        if top.children:
            architecture = self._architecture()
            child = top.child_for(architecture)
            manifest = self._store.manifest(repository, child) if child else None
            if manifest is None:
                raise ImageNotFound(f"{ref}: it was pushed, but not for linux/{architecture}")
        assert manifest is not None
        described = self._store.config(manifest).get("config")
        config: dict[str, Any] = described if isinstance(described, dict) else {}
        return Image(
            ref=ref,
            digest=top.digest,
            root=Path("/"),
            size_bytes=manifest.size_bytes,
            env=dict(one.partition("=")[::2] for one in _texts(config.get("Env"))),
            workdir=str(config.get("WorkingDir") or "/"),
            entrypoint=_texts(config.get("Entrypoint")),
            cmd=_texts(config.get("Cmd")),
            exposed_port=_port(config.get("ExposedPorts")),
            labels=_labels(config.get("Labels")),
            user=str(config.get("User") or ""),
            engine_id=f"{self._address()}/{repository}@{manifest.digest}",
            pull=f"{self._address()}/{repository}@{manifest.digest}",
        )


def _repositories(name: ImageName | None) -> tuple[str, ...]:
    if name is None:
        return ()
    return (name.repository, f"{DOCKER_HUB}/library/{name.repository}") if name.bare else (name.repository,)


def _labels(said: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in said.items()} if isinstance(said, dict) else {}


def _texts(said: Any) -> tuple[str, ...]:
    return tuple(map(str, said)) if isinstance(said, list) else ()


def _port(said: Any) -> int | None:
    named = [str(one).partition("/")[0] for one in said] if isinstance(said, dict) else []
    return min((int(one) for one in named if _PORT.fullmatch(one)), default=None)
