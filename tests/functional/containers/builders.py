"""The builders that `docker` commands bring, and a platform that builds with one of them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.local.containers.names import Names
from tests.engine_bases import TestEngine
from tests.platform_client import Api

# The classic builder, BuildKit as docker has it before version 23, and BuildKit by the plugin that is needed since.
KINDS = ("classic", "built in", "buildx")
WITH_BUILDKIT = KINDS[1:]
_NEEDS = {
    "built in": "needs a `docker` command before version 23 on PATH (Debian 12: docker.io)",
    "buildx": "needs a `docker` command from version 23 on with its buildx plugin (DOCKER_CONFIG may name it)",
}
_PLUGIN_SINCE = 23
_HERE_DOCUMENTS_SINCE = 23
# It notes what it is asked for. The last line of one without BuildKit: it has no plugin, and does not say its version.
_NOTING = '#!/bin/sh\necho "$@" >>{notes}\n{lacks}exec {program} "$@"\n'
_LACKS = 'case "$1" in buildx | --version) exit 1 ;; esac\n'


def put_docker(kind: str, place: Path) -> None:
    """Put a `docker` with a builder of a kind into a directory; the test is skipped where there is none."""
    programs = [program for path in os.environ["PATH"].split(":") if (program := shutil.which("docker", path=path))]
    if kind == "classic":
        # Every docker has it, and uses it when it is told to.
        capable, lacks = programs, _LACKS
    else:
        capable, lacks = [program for program in programs if _kind(program) == kind], ""
    if not capable:
        pytest.skip(_NEEDS[kind])
    docker = place / "docker"
    docker.write_text(_NOTING.format(notes=place / "arguments", lacks=lacks, program=capable[0]))
    docker.chmod(0o755)


def _kind(program: str) -> str:
    version = re.search(r"version v?(\d+)\.", _says(program, "--version"))
    if version is not None and int(version[1]) < _PLUGIN_SINCE:
        return "built in"
    return "buildx" if _says(program, "buildx", "version") else "classic"


def _says(*command: str) -> str:
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if ran.returncode else ran.stdout


@dataclass(frozen=True)
class Said:
    """What a build said, an object for each line."""

    events: list[dict[str, Any]]

    @property
    def log(self) -> str:
        """The lines of its log."""
        return "\n".join(event["line"] for event in self.events if event["event"] == "log")

    @property
    def built(self) -> dict[str, Any]:
        """How it ended: well."""
        assert self.events[-1]["event"] == "built", self.events
        return self.events[-1]

    @property
    def failed(self) -> dict[str, Any]:
        """How it ended: not well."""
        assert self.events[-1]["event"] == "failed", self.events
        return self.events[-1]


@dataclass(frozen=True)
class Builder:
    """A platform that builds with one kind of builder, and a directory to build.

    Attributes:
        kind: of KINDS.
        docker: the directory of its `docker`.
        context: what is built.
    """

    kind: str
    docker: Path
    api: Api
    engine: TestEngine
    context: Path

    @property
    def buildkit(self) -> bool:
        """Whether it is BuildKit."""
        return self.kind in WITH_BUILDKIT

    @property
    def here_documents(self) -> bool:
        """Whether it knows them."""
        major = int(self.engine.call("GET", "/version")["Version"].partition(".")[0])
        return self.buildkit and major >= _HERE_DOCUMENTS_SINCE

    @property
    def names(self) -> Names:
        """What its images are called in the engine."""
        return Names(self.api.running.state)

    @property
    def arguments(self) -> str:
        """What its `docker` was asked for until now."""
        return (self.docker / "arguments").read_text()

    def write(self, dockerfile: str, **files: str) -> None:
        """Write what is built."""
        for name, text in {"Dockerfile": dockerfile, **files}.items():
            (self.context / name).write_text(text)

    def build(self, **wanted: Any) -> Said:
        """Build it."""
        asked = {"app": "small", "context": str(self.context), "label": "one", **wanted}
        lines = self.api.call("POST", "/_local/builds", asked).raw.decode().splitlines()
        return Said([json.loads(line) for line in lines])
