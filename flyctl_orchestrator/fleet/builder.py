"""Makes an image of the project: flyctl builds and pushes it, or the local platform takes a snapshot."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.errors import FlyoError, UnreachableError
from flyctl_orchestrator.fleet.api_call import authorization
from flyctl_orchestrator.fleet.flyctl import FlyctlError
from flyctl_orchestrator.fleet.http import HttpError
from flyctl_orchestrator.fleet.target import Target

REGISTRY = "registry.fly.io"
# Seconds: for a whole remote build, and for the longest silence of a local one (a big `pip install` is quiet).
LONGEST_BUILD = 1800.0
LONGEST_SILENCE = 600.0

OnLine = Callable[[str], None]


class BuildError(FlyoError):
    """The image could not be made; nothing on the fleet was touched."""


@dataclass(frozen=True)
class BuildRequest:
    """What to build.

    Attributes:
        context: directory sent to the builder, absolute.
        config: the fly.toml, absolute.
        dockerfile: relative to `context`, None for the default.
        label: the tag of the image, see `new_label`.
        install: shell command that installs dependencies (local platform only).
        inputs: files whose content decides whether installed dependencies can be used again (local platform only).
        stage: the last stage to build, None for all.
    """

    app: str
    context: Path
    config: Path
    label: str
    dockerfile: str | None = None
    install: str | None = None
    inputs: tuple[str, ...] | None = None
    stage: str | None = None


@dataclass(frozen=True)
class BuiltImage:
    """A finished image. `digest` is None when the builder does not tell (flyctl); the machines will."""

    ref: str
    digest: str | None = None
    cached: bool = False
    notices: tuple[str, ...] = ()


def new_label(clock: Clock, random: random.Random) -> str:
    """A tag that sorts by time and never repeats, e.g. "flyo-20261123-064812-9f3a1c"."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(clock.now()))
    return f"flyo-{stamp}-{random.getrandbits(24):06x}"


def build(target: Target, request: BuildRequest, on_line: OnLine | None = None) -> BuiltImage:
    """Build an image and have it where machines can pull it.

    Args:
        on_line: called with every line of the build's log.

    Raises:
        BuildError: the build failed.
        UnreachableError: the builder does not answer, or flyctl is missing.
    """
    if target.builder_url:
        return _build_at(target, target.builder_url, request, on_line)
    return _build_with_flyctl(target, request, on_line)


def _build_with_flyctl(target: Target, request: BuildRequest, on_line: OnLine | None) -> BuiltImage:
    args = ["deploy", "--build-only", "--push", "--image-label", request.label, "--app", request.app]
    args += ["--config", str(request.config), "--yes"]
    # flyctl takes both relative to where it runs and not to fly.toml; fly.toml's own [build] is left to it.
    args += ["--dockerfile", str(request.context / request.dockerfile)] if request.dockerfile else []
    args += ["--build-target", request.stage] if request.stage else []
    ran = target.flyctl.run(args, timeout=LONGEST_BUILD, cwd=request.context, on_line=on_line)
    try:
        target.flyctl.check(ran, where=f"app {request.app}")
    except FlyctlError as error:
        if error.code == "flyctl.token":
            raise
        raise BuildError(
            f"the image could not be built: {ran.complaint or error.what}",
            where=f"app {request.app}",
            next="The build's log is above; nothing was deployed",
            code="build.failed",
        ) from None
    registry = target.flyctl.env.get("FLY_REGISTRY_HOST") or REGISTRY
    return BuiltImage(f"{registry}/{request.app}:{request.label}")


def _build_at(target: Target, url: str, request: BuildRequest, on_line: OnLine | None) -> BuiltImage:
    last: dict[str, Any] = {}

    def hear(line: str) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            return
        if not isinstance(said, dict):
            return
        if said.get("event") == "log":
            if on_line:
                on_line(str(said.get("line", "")))
        else:
            last.update(said)

    body = {
        "app": request.app,
        "context": str(request.context),
        "dockerfile": request.dockerfile,
        "label": request.label,
        "build": request.install,
        "inputs": list(request.inputs) if request.inputs is not None else None,
        "target": request.stage,
    }
    headers = {"Authorization": authorization(target.token)}
    try:
        answer = target.http.stream("POST", url, headers=headers, json=body, idle_timeout=LONGEST_SILENCE, on_line=hear)
    except HttpError as failure:
        raise UnreachableError(
            f"the builder at {url} gave no result ({failure.detail})",
            next="Look at 'flyo local status'",
            code="build.unreachable",
        ) from None
    if answer.status >= 400:
        said = answer.json()
        last.update(said if isinstance(said, dict) else {})
        last.setdefault("error", f"the builder answered {answer.status}")
    return _outcome(request, last)


def _outcome(request: BuildRequest, last: dict[str, Any]) -> BuiltImage:
    if last.get("event") == "built" and last.get("image"):
        return BuiltImage(
            ref=str(last["image"]),
            digest=last.get("digest") or None,
            cached=bool(last.get("cached")),
            notices=tuple(str(each) for each in last.get("notices") or ()),
        )
    raise BuildError(
        f"the image could not be built: {last.get('error') or 'the builder stopped without a result'}",
        where=f"app {request.app}",
        next=str(last.get("hint") or ""),
        code=f"build.{str(last.get('code') or 'failed').removeprefix('build.')}",
    )
