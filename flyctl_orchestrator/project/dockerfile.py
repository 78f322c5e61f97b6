"""A Dockerfile for an app that has none: two stages, no root, and a start command that honours PORT."""

from __future__ import annotations

import json
import re
import shlex

from flyctl_orchestrator.project.detect.detected import Detected

DOCKERIGNORE = """\
.git
.env
.env.*
.venv
venv
__pycache__
*.pyc
node_modules
.next
Dockerfile
.dockerignore
fly.toml
flyo.toml
"""

_HEAD = "# Written by flyo init. It is yours: change what you like, it is never written again.\n"


def dockerfile(detected: Detected, *, start: str, port: int) -> str:
    """The Dockerfile of an app of a known kind.

    Args:
        start: shell command that starts the app; may use $PORT.
        port: port it listens on inside the machine.
    """
    kinds = {"python": _python, "node": _node, "go": _go, "static": _static}
    kinds |= {"next": _next, "next-standalone": _next_standalone}
    body = kinds.get(detected.kind, _plain)(detected)
    return f"{_HEAD}{body}ENV PORT={port}\nEXPOSE {port}\nCMD {command(start)}\n"


def command(start: str) -> str:
    """A shell command as the array of a CMD; through a shell only where it needs one, which it then replaces.

    A process that is not the shell's child gets the stop signal itself.
    """
    if not re.search(r"[$&|;<>()`*?\n\"'\\]", start):
        return json.dumps(shlex.split(start))
    simple = not re.search(r"[&|;\n]", start) and not start.startswith("exec ")
    return json.dumps(["sh", "-c", f"exec {start}" if simple else start], ensure_ascii=False)


def _python(detected: Detected) -> str:
    image = f"python:{detected.runtime}-slim"
    install = detected.install[0] if detected.install else ""
    copied = "requirements.txt" if "requirements.txt" in install else "."
    lines = [f"FROM {image} AS build", "WORKDIR /app", "RUN python -m venv /app/.venv", "ENV PATH=/app/.venv/bin:$PATH"]
    lines += [f"COPY {copied} ./", f"RUN {install}"] if install else []
    lines += [
        "",
        f"FROM {image}",
        "RUN useradd --uid 10001 --create-home app",
        "WORKDIR /app",
        "COPY --from=build /app/.venv /app/.venv",
        "COPY . .",
        "ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1",
        "USER app",
    ]
    return _text(lines)


def _node(detected: Detected) -> str:
    return _text([*_node_build(detected), "COPY --from=build /app /app", "USER node"])


def _next(detected: Detected) -> str:
    # It keeps pages and images that it makes while it runs below .next.
    return _text([*_node_build(detected), "COPY --from=build --chown=node:node /app /app", "USER node"])


def _next_standalone(detected: Detected) -> str:
    """Only what Next.js has traced; its server.js listens on PORT, and on HOSTNAME, which engines set to a name."""
    lines = _node_build(detected, "RUN mkdir -p public")
    for made, place in ((".next/standalone", ""), (".next/static", ".next/static"), ("public", "public")):
        lines.append(f"COPY --from=build --chown=node:node /app/{made} ./{place}")
    return _text([*lines, "ENV HOSTNAME=0.0.0.0", "USER node"])


def _node_build(detected: Detected, *more: str) -> list[str]:
    """The stage that installs and builds, `more` at its end, and the beginning of the one that runs."""
    image = f"node:{detected.runtime}-slim"
    install, *build = detected.install
    lines = [f"FROM {image} AS build", "WORKDIR /app"]
    lines += ["COPY package*.json yarn.lock* pnpm-lock.yaml* ./", f"RUN {install}", "COPY . ."]
    lines += [*(f"RUN {step}" for step in build), *more, ""]
    return [*lines, f"FROM {image}", "WORKDIR /app", "ENV NODE_ENV=production"]


def _go(detected: Detected) -> str:
    return _text(
        [
            f"FROM golang:{detected.runtime} AS build",
            "WORKDIR /src",
            "COPY go.mod go.sum* ./",
            "RUN go mod download",
            "COPY . .",
            *(f"RUN {step}" for step in detected.install),
            "",
            "FROM alpine:3.22",
            "RUN adduser -D -u 10001 app",
            "WORKDIR /app",
            "COPY --from=build /out/server /app/server",
            "USER app",
        ]
    )


def _static(detected: Detected) -> str:
    return _text(
        ["FROM python:3.13-slim", "RUN useradd --uid 10001 --create-home app", "WORKDIR /app", "COPY . .", "USER app"]
    )


def _plain(detected: Detected) -> str:
    return _text(
        ["FROM debian:13-slim", "RUN useradd --uid 10001 --create-home app", "WORKDIR /app", "COPY . .", "USER app"]
    )


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
