"""Makes an image of the project: flyctl builds and pushes it, or the local platform takes a snapshot."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.errors import FlyoError, UnreachableError
from flyctl_orchestrator.fleet.api_answer import complaint, understood
from flyctl_orchestrator.fleet.api_call import authorization
from flyctl_orchestrator.fleet.decode import Unreadable, decode, first_words
from flyctl_orchestrator.fleet.flyctl.flyctl import FlyctlError
from flyctl_orchestrator.fleet.flyctl.trouble import build_may_pass
from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.build_options import BuildOptions
from flyctl_orchestrator.project.building import BuildPlan

REGISTRY = "registry.fly.io"
_LOG_ABOVE = "The build's log is above"
_BUILDKIT = "Set DOCKER_BUILDKIT=1: before version 23 an engine builds with BuildKit only when it is told to"
# Seconds: for a whole remote build, and for the longest silence of a local one (a big `pip install` is quiet).
LONGEST_BUILD = 1800.0
LONGEST_SILENCE = 600.0
# Seconds before the second and the third attempt, when what failed is the way to the builder and not the build.
PAUSES = (2.0, 6.0)
# Seconds a flyctl that is cancelled may take to end its remote build, which otherwise goes on and is paid for.
CANCEL_GRACE = 15.0

OnLine = Callable[[str], None]


class BuildError(FlyoError):
    """The image could not be made; nothing on the fleet was touched."""


@dataclass(frozen=True)
class BuildRequest:
    """What to build.

    Attributes:
        context: directory sent to the builder, absolute.
        config: the fly.toml, absolute; flyctl reads its [build] itself.
        build: what a builder that does not read fly.toml has to know.
        options: what the command line says; flyctl gets it as it is.
        label: the tag of the image, see `new_label`.
        install: shell command that installs dependencies (local platform only).
        inputs: files whose content decides whether installed dependencies can be used again (local platform only).
        runtime: how machines are to run, None for what the platform was told (local platform only).
    """

    app: str
    context: Path
    config: Path
    label: str
    build: BuildPlan = field(default_factory=BuildPlan)
    options: BuildOptions = field(default_factory=BuildOptions)
    install: str | None = None
    inputs: tuple[str, ...] | None = None
    runtime: str | None = None


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


class _Event(Struct):
    """One line of what a builder says: of its log, or how it ended."""

    event: str
    line: str = ""
    image: Annotated[str, Meta(max_length=512)] = ""
    digest: str | None = None
    cached: bool = False
    notices: list[str] | None = None
    error: str = ""
    hint: str | None = None
    code: str | None = None


class _Gone(Exception):
    """The builder did not come to a result for reasons that pass; `error` is what to say when they do not."""

    def __init__(self, why: str, error: FlyoError) -> None:
        super().__init__(why)
        self.why = why
        self.error = error


def build(target: Target, request: BuildRequest, on_line: OnLine | None = None) -> BuiltImage:
    """Build an image and have it where machines can pull it.

    A builder that goes away in between is asked again, twice: the same label means the same image.

    Args:
        on_line: called with every line of the build's log.

    Raises:
        BuildError: the build failed.
        UnreachableError: the builder does not answer, or flyctl is missing.
    """
    tell = on_line or (lambda line: None)
    notices: tuple[str, ...] = ()
    for pause in (*PAUSES, None):
        try:
            if target.builder_url:
                built = _build_at(target, target.builder_url, request, tell)
            else:
                built = _build_with_flyctl(target, request, tell)
            return replace(built, notices=(*notices, *built.notices))
        except _Gone as gone:
            if pause is None:
                raise gone.error from None
            notices = (*notices, f"the builder gave no result ({gone.why}) and was asked again")
            tell(f"flyo: no result from the builder ({gone.why}); again in {pause:g} s")
            target.clock.sleep(pause)
    raise AssertionError("unreachable")


def _build_with_flyctl(target: Target, request: BuildRequest, tell: OnLine) -> BuiltImage:
    args = ["deploy", "--build-only", "--push", "--image-label", request.label, "--app", request.app]
    args += ["--config", str(request.config), "--yes"]
    args += _flags(request.options)
    flyctl = replace(target.flyctl, private=(*target.flyctl.private, *request.options.secrets.values()))
    ran = flyctl.run(args, timeout=LONGEST_BUILD, cwd=request.context, on_line=tell, grace=CANCEL_GRACE)
    try:
        target.flyctl.check(ran, where=f"app {request.app}")
    except FlyctlError as error:
        if error.code == "flyctl.token":
            raise
        failed = BuildError(
            f"the image could not be built: {ran.complaint or error.what}",
            where=f"app {request.app}",
            next=f"{_BUILDKIT if _wants_buildkit(ran.complaint) else _LOG_ABOVE}; nothing was deployed",
            code="build.failed",
        )
        if build_may_pass(ran.complaint) and not ran.timed_out:
            raise _Gone(ran.complaint, failed) from None
        raise failed from None
    registry = target.flyctl.env.get("FLY_REGISTRY_HOST") or REGISTRY
    return BuiltImage(f"{registry}/{request.app}:{request.label}")


def _wants_buildkit(complaint: str) -> bool:
    """Whether the engine of --local-only said that its classic builder does not know what the Dockerfile uses."""
    return any(words in complaint for words in ("requires BuildKit", "failed to parse platform"))


def _flags(options: BuildOptions) -> list[str]:
    """The command line's build options for flyctl, which has no other way in for build secrets than its arguments."""
    files = {"--dockerfile": options.dockerfile, "--ignorefile": options.ignorefile, "--build-target": options.target}
    flags = [word for flag, value in files.items() if value for word in (flag, str(value))]
    for flag, values in (("--build-arg", options.args), ("--build-secret", options.secrets)):
        flags += [word for name, value in values.items() for word in (flag, f"{name}={value}")]
    return [*flags, *options.switches]


def _build_at(target: Target, url: str, request: BuildRequest, tell: OnLine) -> BuiltImage:
    ends: list[_Event] = []
    strange: list[str] = []

    def hear(line: str) -> None:
        try:
            event = decode(line.encode(), _Event)
        except Unreadable as failure:
            words = first_words(line.encode(), (target.token,))
            strange.append(f"{failure.reason}; it begins with {words}" if words else failure.reason)
            return
        if event.event == "log":
            tell(event.line)
        else:
            ends.append(event)

    headers = {"Authorization": authorization(target.token)}
    try:
        answer = target.http.stream(
            "POST", url, headers=headers, json=_body(request), idle_timeout=LONGEST_SILENCE, on_line=hear
        )
    except HttpError as failure:
        error = UnreachableError(
            f"the builder at {url} gave no result ({failure.detail})",
            next="'flyo local status' shows whether the platform runs; then run this again",
            code="build.unreachable",
        )
        # Whoever has been silent for that long will be again.
        raise error if failure.kind == "timeout" else _Gone(failure.detail, error) from None
    if not 200 <= answer.status < 300:
        raise _refused(request, answer, target.token)
    if not ends:
        why = strange[0] if strange else "the builder stopped without a result"
        raise _Gone(why, _failed(request, f"its answer cannot be read: {why}" if strange else why))
    return _outcome(request, ends[-1])


def _body(request: BuildRequest) -> dict[str, Any]:
    return {
        "app": request.app,
        "context": str(request.context),
        "dockerfile": str(request.build.dockerfile) if request.build.dockerfile else None,
        "ignorefile": str(request.build.ignorefile) if request.build.ignorefile else None,
        "args": dict(request.build.args),
        "label": request.label,
        "build": request.install,
        "inputs": list(request.inputs) if request.inputs is not None else None,
        "target": request.build.target,
        "runtime": request.runtime,
        "secrets": dict(request.options.secrets),
        "starts_image_command": request.build.starts_image_command,
        "no_cache": "--no-cache" in request.options.switches,
    }


def _refused(request: BuildRequest, answer: HttpAnswer, token: str) -> Exception:
    said = complaint(answer, (token,))
    error = _failed(request, said if understood(answer) else f"the builder answered {answer.status} {said}".strip())
    in_trouble = answer.status in (408, 429) or answer.status >= 500
    return _Gone(f"it answered {answer.status}", error) if in_trouble else error


def _outcome(request: BuildRequest, end: _Event) -> BuiltImage:
    if end.event == "built" and end.image:
        return BuiltImage(end.image, end.digest or None, end.cached, tuple(end.notices or ()))
    why = end.error or "the builder stopped without a result"
    raise _failed(request, why, next=(end.hint or "").removesuffix("."), code=end.code or "failed")


def _failed(request: BuildRequest, why: str, *, next: str = "", code: str = "failed") -> BuildError:
    return BuildError(
        f"the image could not be built: {why}",
        where=f"app {request.app}",
        next=next,
        code=f"build.{code.removeprefix('build.')}",
    )
