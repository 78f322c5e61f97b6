"""Apps whose kind is recognized, and for which we write no Dockerfile: `fly launch` knows how they are built."""

from __future__ import annotations

import json
import re

from flyctl_orchestrator.project.detect.detected import Detected, Sources

_MANIFESTS = (
    ("Gemfile", "a Ruby app"),
    ("mix.exs", "an Elixir app"),
    ("composer.json", "a PHP app"),
    ("Cargo.toml", "a Rust app"),
    ("pom.xml", "a Java app"),
    ("build.gradle", "a Java app"),
    ("build.gradle.kts", "a Kotlin app"),
)


def detect_framework(sources: Sources) -> Detected | None:
    """A framework or runtime that brings its own tools, even where a package.json or a script lies beside it."""
    texts, names = sources.texts, sources.names
    if re.search(r"""^\s*gem\s+["']rails["']""", texts.get("Gemfile", ""), re.MULTILINE):
        return _known("a Rails app")
    if re.search(r"\{\s*:phoenix\s*,", texts.get("mix.exs", "")):
        return _known("a Phoenix app")
    if "artisan" in names or "laravel/framework" in _requires(texts.get("composer.json", "")):
        return _known("a Laravel app")
    if names & {"deno.json", "deno.jsonc"}:
        return _known("a Deno app")
    if names & {"bun.lock", "bun.lockb"} and "package-lock.json" not in names:
        return _known("a Bun app")
    return None


def detect_language(sources: Sources) -> Detected | None:
    """A language by its manifest, where nothing better is known."""
    for name, label in _MANIFESTS:
        if name in sources.names:
            return _known(label)
    projects = (name for name in sources.names if "/" not in name)
    return _known("a .NET app") if any(name.endswith((".csproj", ".fsproj", ".sln")) for name in projects) else None


def _known(label: str) -> Detected:
    return Detected(label=label, known=True)


def _requires(composer: str) -> frozenset[str]:
    try:
        content = json.loads(composer or "{}")
    except (ValueError, RecursionError):
        return frozenset()
    requires = content.get("require") if isinstance(content, dict) else None
    return frozenset(requires) if isinstance(requires, dict) else frozenset()
