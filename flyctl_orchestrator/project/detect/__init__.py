"""What kind of app lies in a directory: how it starts, where it listens, where it answers for its health.

Guesses only, each of which the user sees and can change before anything is written.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.detect.database import found_databases
from flyctl_orchestrator.project.detect.detected import CODE, Detected, Sources
from flyctl_orchestrator.project.detect.elsewhere import detect_framework, detect_language
from flyctl_orchestrator.project.detect.go import detect_go
from flyctl_orchestrator.project.detect.node import detect_node
from flyctl_orchestrator.project.detect.python import detect_python
from flyctl_orchestrator.project.detect.secrets import wanted_secrets
from flyctl_orchestrator.project.tomlfile import read_text

SKIPPED = {"node_modules", "venv", "env", "build", "dist", "vendor", "tests", "test", "__pycache__"}
MOST_FILES = 300
MOST_BYTES = 64 * 1024

_HEALTH = re.compile(
    r"""["'`](?:(?:GET|HEAD)\s)?(/(?:api/|_|internal/)?(?:health(?:z|check|-check|_check)?|healthz|livez|readyz|up|ping))/?["'`]"""
)
_EXPOSE = re.compile(r"^\s*EXPOSE\s+(\d{1,5})(?:/tcp)?\b", re.MULTILINE | re.IGNORECASE)


def detect(root: Path) -> Detected:
    """Look at the app in `root`; files that cannot be read are passed over."""
    return detect_in(read_sources(root))


def detect_in(sources: Sources) -> Detected:
    """The same for files that are read already."""
    kinds = (detect_framework, detect_python, detect_node, detect_go, detect_language, _detect_static)
    found = next((found for kind in kinds if (found := kind(sources))), Detected())
    exposed = _exposed_port(sources)
    databases, addresses, unread = found_databases(sources)
    return replace(
        found,
        known=found.known or bool(found.kind),
        secrets=wanted_secrets(sources, addresses),
        databases=databases,
        unread=unread,
        health=_health_path(sources) or found.health,
        port=exposed or found.port,
        # What starts by our own command is told its port; a Dockerfile of theirs has the last word.
        port_found=bool(exposed or (found.start and "Dockerfile" not in sources.names)),
    )


def read_sources(root: Path) -> Sources:
    """Small text files of `root` worth looking into, by relative path, in a stable order."""
    texts: dict[str, str] = {}
    names: set[str] = set()
    for path in _walk(root):
        name = path.relative_to(root).as_posix()
        names.add(name)
        if path.suffix in CODE or "/" not in name:
            text = _small_text(path)
            if text is not None:
                texts[name] = text
    return Sources(texts, frozenset(names))


def _walk(root: Path) -> Iterator[Path]:
    seen = 0
    for directory, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in SKIPPED)
        for name in sorted(files):
            seen += 1
            if seen > MOST_FILES:
                return
            yield Path(directory) / name


def _small_text(path: Path) -> str | None:
    try:
        return read_text(path, path.name, limit=MOST_BYTES)
    except UsageError:
        return None


def _health_path(sources: Sources) -> str | None:
    """The route in the code that looks most like a health check; the longest, so /api/health comes before /up."""
    routes = {found for name, text in sources.texts.items() if name.endswith(CODE) for found in _HEALTH.findall(text)}
    return max(routes, key=lambda route: ("health" in route, len(route), route), default=None)


def _exposed_port(sources: Sources) -> int | None:
    ports = [int(port) for port in _EXPOSE.findall(sources.texts.get("Dockerfile", ""))]
    return next((port for port in ports if 1 <= port <= 65535), None)


def _detect_static(sources: Sources) -> Detected | None:
    if "index.html" not in sources.names:
        return None
    return Detected(
        kind="static",
        label="a static site",
        start="python -m http.server $PORT",
        notes=("Python's own file server is enough for a small site; put nginx or Caddy in the Dockerfile for more",),
    )
