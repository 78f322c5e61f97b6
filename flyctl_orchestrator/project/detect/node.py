"""Recognizes Node apps by their package.json."""

from __future__ import annotations

import json
import re
from typing import Any

from flyctl_orchestrator.project.detect.detected import DEFAULT_PORT, Detected, Sources
from flyctl_orchestrator.project.detect.nextjs import with_next

RUNTIME = "22"
FRAMEWORKS = {"next": "Next.js", "express": "Express", "fastify": "Fastify", "koa": "Koa", "hono": "Hono"}

_LISTEN = re.compile(r"\.listen\(\s*(\d{2,5})\b")


def detect_node(sources: Sources) -> Detected | None:
    """A guess, or None when this is no Node app."""
    if "package.json" not in sources.names:
        return None
    package = _package(sources)
    scripts, dependencies = package.get("scripts"), package.get("dependencies")
    known = [label for name, label in FRAMEWORKS.items() if isinstance(dependencies, dict) and name in dependencies]
    start = _start(scripts if isinstance(scripts, dict) else {}, package, sources)
    fixed = _fixed_port(sources)
    notes = () if start else ("package.json has no start script: give --start 'COMMAND'",)
    if fixed:
        notes = (*notes, f"It listens on {fixed} whatever PORT says")
    build = ("npm run build",) if isinstance(scripts, dict) and "build" in scripts else ()
    found = Detected(
        "node",
        f"{_article(known[0])} {known[0]} app" if known else "a Node app",
        start,
        port=fixed or DEFAULT_PORT,
        notes=notes,
        install=(_install(sources, development=bool(build) or "Next.js" in known), *build),
        runtime=_runtime(package),
    )
    if "Next.js" not in known:
        return found
    script = scripts.get("start") if isinstance(scripts, dict) else None
    return with_next(found, sources, script if isinstance(script, str) else None, builds=bool(build))


def _package(sources: Sources) -> dict[str, Any]:
    try:
        data = json.loads(sources.texts.get("package.json", ""))
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _start(scripts: dict[str, Any], package: dict[str, Any], sources: Sources) -> str | None:
    script = scripts.get("start")
    if isinstance(script, str):
        # Without npm in between, node gets the stop signal itself.
        return script if re.fullmatch(r"node [\w./-]+", script) else "npm start"
    main = package.get("main")
    candidates = [main] if isinstance(main, str) else []
    for name in [*candidates, "server.js", "index.js", "app.js"]:
        if name in sources.names:
            return f"node {name}"
    return None


def _install(sources: Sources, *, development: bool) -> str:
    if "pnpm-lock.yaml" in sources.names:
        return "corepack enable && pnpm install --frozen-lockfile" + ("" if development else " --prod")
    if "yarn.lock" in sources.names:
        return "corepack enable && yarn install --frozen-lockfile" + ("" if development else " --production")
    command = "npm ci" if "package-lock.json" in sources.names else "npm install"
    return command + ("" if development else " --omit=dev")


def _fixed_port(sources: Sources) -> int | None:
    """A port written into the code, when nothing reads PORT."""
    code = [text for name, text in sources.texts.items() if name.endswith((".js", ".mjs", ".cjs", ".ts"))]
    if any("env.PORT" in text or "env['PORT']" in text or 'env["PORT"]' in text for text in code):
        return None
    ports = [int(found[1]) for text in code if (found := _LISTEN.search(text))]
    return next((port for port in ports if 1 <= port <= 65535), None)


def _runtime(package: dict[str, Any]) -> str:
    engines = package.get("engines")
    wanted = engines.get("node") if isinstance(engines, dict) else None
    found = re.search(r"\d{2}", wanted) if isinstance(wanted, str) else None
    return found[0] if found else RUNTIME


def _article(word: str) -> str:
    return "an" if word[0] in "AEIOU" else "a"
