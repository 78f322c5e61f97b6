"""Recognizes Go apps by their go.mod."""

from __future__ import annotations

import re

from flyctl_orchestrator.project.detect.detected import Detected, Sources

RUNTIME = "1.24"

_VERSION = re.compile(r"^go (\d+\.\d+)", re.MULTILINE)


def detect_go(sources: Sources) -> Detected | None:
    """A guess, or None when this is no Go app."""
    if "go.mod" not in sources.names:
        return None
    mains = sorted(
        name for name, text in sources.texts.items() if name.endswith(".go") and "\npackage main" in f"\n{text}"
    )
    root = [name for name in mains if "/" not in name]
    folder = "." if root or not mains else "./" + mains[0].rsplit("/", 1)[0]
    version = _VERSION.search(sources.texts.get("go.mod", ""))
    return Detected(
        "go",
        "a Go app",
        "/app/server" if mains else None,
        notes=() if mains else ("No package main was found: give --start 'COMMAND'",),
        local_build=f"CGO_ENABLED=0 go build -o server {folder}" if mains else "",
        install=(f"CGO_ENABLED=0 go build -o /out/server {folder}",),
        runtime=version[1] if version else RUNTIME,
    )
