"""How an image starts: what its Dockerfile says, and which installed dependencies belong to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from flyctl_orchestrator.local.images.snapshot import Fingerprint


@dataclass(frozen=True)
class Recipe:
    """Everything of an image but its files.

    Attributes:
        env, workdir, entrypoint, cmd, exposed: as the Dockerfile's stage says.
        dependencies: key of what was installed, or "".
        path_prefix: directories with installed executables. Where they are has no part in the digest.
        links: path in the root -> absolute place of something installed; where the path ends with CONTENT, it is
            a directory whose content belongs there, beside what is there already.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/"
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    exposed: int | None = None
    dependencies: str = ""
    path_prefix: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)

    def digest(self, files: Fingerprint) -> str:
        """The image's digest, 64 hex characters: the same files, instructions and dependencies give the same one."""
        facts = {
            **{name: value for name, value in asdict(self).items() if name not in ("path_prefix", "links")},
            "links": sorted(self.links),
            "files": files.digest,
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """Something JSON can hold, for `of_dict`."""
        return asdict(self)

    @classmethod
    def of_dict(cls, content: Mapping[str, Any]) -> Recipe:
        """What `as_dict` gave, other keys ignored."""
        lists = ("entrypoint", "cmd", "path_prefix")
        known: dict[str, Any] = {name: content[name] for name in cls.__dataclass_fields__}
        return cls(**{**known, **{name: tuple(known[name]) for name in lists}})
