"""How a Next.js app is built and started: by its next.config, and by the start script where that is its own."""

from __future__ import annotations

import re
from dataclasses import replace

from flyctl_orchestrator.project.detect.detected import DEFAULT_PORT, Detected, Sources

CONFIGS = ("next.config.js", "next.config.mjs", "next.config.cjs", "next.config.ts", "next.config.mts")

_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`\w])//[^\n]*", re.DOTALL)
_OUTPUT = re.compile(r"""\boutput["']?\s*:\s*["'`](standalone|export)["'`]""")
# What create-next-app writes, and what it may be changed to without another server.
_PLAIN = re.compile(r"(?:npx\s+)?next start(?:\s+(?:-[pH]|--port|--hostname)[\s=]\S+)*")
_EXPORTS = "next.config says output: 'export', which makes files and no server: write a Dockerfile that serves out/"


def with_next(found: Detected, sources: Sources, start_script: str | None, *, builds: bool) -> Detected:
    """What is known of a Node app, completed for one that uses Next.js.

    Args:
        start_script: of package.json.
        builds: whether package.json has a build script.
    """
    if not builds:
        found = replace(found, install=(*found.install, "npx next build"))
    output = _output(sources)
    if output == "export":
        return replace(found, start=None, notes=(_EXPORTS,))
    if start_script is not None and not _PLAIN.fullmatch(start_script.strip()):
        # A server of the user's own.
        return replace(found, kind="next")
    if output == "standalone":
        return replace(found, kind="next-standalone", start="node server.js", port=DEFAULT_PORT, notes=())
    # Without npm in between, it gets the stop signal itself.
    start = "node_modules/.bin/next start --hostname 0.0.0.0 --port $PORT"
    return replace(found, kind="next", start=start, port=DEFAULT_PORT, notes=())


def _output(sources: Sources) -> str:
    """ "standalone" or "export" where next.config says so as it is usually written."""
    config = next((sources.texts[name] for name in CONFIGS if name in sources.texts), "")
    said = _OUTPUT.search(_COMMENT.sub("", config))
    return said[1] if said else ""
