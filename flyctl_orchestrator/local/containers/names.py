"""What the platform calls its things in an engine, and how it knows them again: by a label with its directory."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Network
from pathlib import Path

from flyctl_orchestrator.local.base.identifiers import private_network
from flyctl_orchestrator.local.containers.endpoint import Endpoint

STATE_LABEL = "flyctl-orchestrator.state"
MACHINE_LABEL = "flyctl-orchestrator.machine"
_NOTE = "engine.json"
_ERASE = "engine-erase.json"


@dataclass(frozen=True)
class Names:
    """Names for the platform of one state directory; several platforms may share an engine."""

    state: Path

    @property
    def prefix(self) -> str:
        """Begins every name; another directory has another one."""
        return f"flyo-{hashlib.sha256(str(self.state).encode()).hexdigest()[:10]}"

    @property
    def labels(self) -> dict[str, str]:
        """Labels of everything that is the platform's."""
        return {STATE_LABEL: str(self.state)}

    @property
    def label_filter(self) -> str:
        """What lists of the engine are filtered by."""
        return f"{STATE_LABEL}={self.state}"

    def container(self, machine_id: str, boot: int) -> str:
        """A container's name; `boot` tells one start of a machine from the next."""
        return f"{self.prefix}-{machine_id}-{boot}"

    def network(self, network: str) -> str:
        """The engine's network for one of Fly's."""
        return f"{self.prefix}-{network}"

    def addresses(self, network: str) -> IPv6Network:
        """The addresses of the machines in it."""
        return IPv6Network(f"{private_network(str(self.state), network)}::/64")

    def volume(self, volume_id: str) -> str:
        """The engine's volume for one of Fly's."""
        return f"{self.prefix}-{volume_id}"

    def image(self, digest: str) -> str:
        """The name that keeps an image from being pruned as long as the platform has it; never one of a registry."""
        return f"{self.prefix}:{digest.removeprefix('sha256:')}"

    @property
    def empty_image(self) -> str:
        """An image of nothing, there while volumes are copied."""
        return f"{self.prefix}:empty"


def note_engine(state: Path, endpoint: Endpoint) -> None:
    """Remember which engine was used, so that the next daemon finds what a killed one left there. Raises OSError."""
    (state / _NOTE).write_text(json.dumps({"address": endpoint.address}))


def noted_engine(state: Path) -> Endpoint | None:
    """The engine that was used last, None when there was none."""
    try:
        said = json.loads((state / _NOTE).read_text())
    except (OSError, ValueError):
        return None
    address = said.get("address") if isinstance(said, Mapping) else None
    return Endpoint(address, "earlier use") if isinstance(address, str) else None


def note_erasures(state: Path, paths: Iterable[str]) -> None:
    """Remember what the engine still has to remove, by the paths of its API; a disk that refuses costs just that."""
    with contextlib.suppress(OSError):
        (state / _ERASE).write_text(json.dumps(list(paths)))


def noted_erasures(state: Path) -> list[str]:
    """What the engine still has to remove."""
    try:
        said = json.loads((state / _ERASE).read_text())
    except (OSError, ValueError):
        return []
    return [path for path in said if isinstance(path, str)] if isinstance(said, list) else []
