"""The builders that a `docker` command can have, and how one gets to BuildKit."""

from __future__ import annotations

from typing import Literal

Builder = Literal["buildkit", "classic", "podman"]

NAMES: dict[Builder, str] = {
    "buildkit": "BuildKit",
    "classic": "the classic builder of this `docker`",
    "podman": "podman, asked by the `docker` command,",
}
# The beginning of a sentence that says what to do.
GETS_BUILDKIT: dict[Builder, str] = {
    "buildkit": "Update the engine",
    "classic": "Install docker's buildx plugin (Debian: docker-buildx or docker-buildx-plugin)",
    "podman": "Use an engine of Docker",
}
