"""The `docker` command: which builder it brings, and one build by it.

Builds need it, since BuildKit, build contexts and credential helpers are its work; everything else asks the engine.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from flyctl_orchestrator.local.base.inherited import for_builds
from flyctl_orchestrator.local.containers.builder_kinds import GETS_BUILDKIT, NAMES, Builder
from flyctl_orchestrator.local.containers.endpoint import Endpoint
from flyctl_orchestrator.local.images import build_command
from flyctl_orchestrator.local.images.failure import BuildFailed
from flyctl_orchestrator.local.images.image_build import BuildRequest

# From this version on BuildKit is a plugin of its own, buildx; before, it is built in.
_NEEDS_PLUGIN = 23
_LOOK_SECONDS = 10.0
_LEAST_PART = 6
_CLASSIC = (
    "this `docker` has no BuildKit (install its buildx plugin): the classic builder has no RUN --mount, no build"
    " secrets, no FROM --platform=$BUILDPLATFORM, no here-documents and no COPY --link"
)


@dataclass(frozen=True)
class DockerCommand:
    """A `docker` that can build.

    Attributes:
        program: its path.
        builder: whose builds they are.
        env: what it finds in its environment.
        passed_over: paths of those before it on PATH that have no BuildKit, where it has.
    """

    program: str
    builder: Builder
    env: Mapping[str, str] = field(repr=False)
    passed_over: tuple[str, ...] = ()

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know about the builder, one sentence each."""
        return (_CLASSIC,) if self.builder == "classic" else ()

    @property
    def buildkit(self) -> bool:
        """Whether it is BuildKit that builds."""
        return self.builder == "buildkit"

    async def build(
        self, request: BuildRequest, dockerfile: Path, iidfile: Path, log: Callable[[str], None], timeout: float
    ) -> build_command.Ended:
        """Run `docker build`; the ID of the image is in `iidfile` when it ends well.

        Args:
            dockerfile: read in the place of the request's; NAME.dockerignore beside it decides about the context.
            timeout: in seconds.

        Raises:
            BuildFailed: it took too long, or has secrets that the classic builder does not take.
        """
        if request.secrets and not self.buildkit:
            raise BuildFailed(
                "build.engine",
                f"{NAMES[self.builder]} takes no build secrets ({', '.join(request.secrets)})",
                f"{GETS_BUILDKIT[self.builder]}, or build without --build-secret.",
            )
        # Secrets are in its environment, which no other user can see, and never among its arguments.
        secrets = {f"FLYO_BUILD_SECRET_{number}": value for number, value in enumerate(request.secrets.values())}
        argv = [self.program, "build", "--iidfile", str(iidfile), "--file", str(dockerfile)]
        argv += [word for name, value in request.args.items() for word in ("--build-arg", f"{name}={value}")]
        for name, variable in zip(request.secrets, secrets, strict=True):
            argv += ["--secret", f"id={name},env={variable}"]
        argv += ["--target", request.target] if request.target else []
        argv += ["--no-cache"] if request.no_cache else []
        # The classic builder leaves the container of a RUN that failed.
        argv += [] if self.buildkit else ["--force-rm"]
        command = "exec " + shlex.join([*argv, str(request.context)])
        hide = _without(request.secrets.values())
        env = {**self.env, **secrets}
        try:
            ended = await build_command.run(command, request.context, env, lambda line: log(hide(line)), timeout)
        except TimeoutError as error:
            raise BuildFailed(
                "build.timeout",
                f"`docker build` took longer than {timeout:g} s and was stopped",
                "Make it faster, or see in the log what it waits for.",
            ) from error
        return replace(ended, last_lines=tuple(hide(line) for line in ended.last_lines))


def has_docker(path: str) -> bool:
    """Whether there is a `docker` command on a PATH."""
    return shutil.which("docker", path=path) is not None


async def find_docker(environ: Mapping[str, str], path: str, endpoint: Endpoint, *, podman: bool) -> DockerCommand:
    """The `docker` of a PATH, for builds in an engine: the first one with BuildKit, else the first one.

    Args:
        environ: the platform's environment.
        path: where to look.
        podman: the engine is podman, which refuses BuildKit.

    Raises:
        BuildFailed: there is none.
    """
    programs = _programs(path)
    if not programs:
        raise BuildFailed(
            "build.engine",
            "there is a container engine, but no `docker` command on PATH to build with",
            'Install the docker command line, or write runtime = "process" under [local] in flyo.toml.',
        )
    settings = {name: environ[name] for name in ("DOCKER_CONFIG",) if environ.get(name)}
    env = {
        **for_builds(environ),
        **settings,
        "PATH": path,
        "DOCKER_HOST": endpoint.address,
        # A builder that somebody chose for pushes would keep the image to itself.
        "BUILDX_BUILDER": "default",
        "BUILDKIT_PROGRESS": "plain",
        "DOCKER_CLI_HINTS": "false",
    }
    for number, program in enumerate([] if podman else programs):
        # One that somebody put behind another may be too old for this engine.
        if await _has_buildkit(program, env) and (not number or await _is_understood(program, env)):
            return DockerCommand(program, "buildkit", {**env, "DOCKER_BUILDKIT": "1"}, tuple(programs[:number]))
    return DockerCommand(programs[0], "podman" if podman else "classic", {**env, "DOCKER_BUILDKIT": "0"})


def _programs(path: str) -> list[str]:
    """Every `docker` of a PATH, in its order; one that is there under several names once."""
    found: dict[str, str] = {}
    for place in filter(None, path.split(os.pathsep)):
        program = shutil.which("docker", path=place)
        if program is not None:
            found.setdefault(os.path.realpath(program), program)
    return list(found.values())


async def _has_buildkit(program: str, env: Mapping[str, str]) -> bool:
    if not await _fails(env, program, "buildx", "version"):
        return True
    said: list[str] = []
    await build_command.run(shlex.join([program, "--version"]), Path("/"), env, said.append, _LOOK_SECONDS)
    version = re.search(r"version v?(\d+)\.", "\n".join(said))
    return version is not None and int(version[1]) < _NEEDS_PLUGIN


async def _is_understood(program: str, env: Mapping[str, str]) -> bool:
    return not await _fails(env, program, "version")


async def _fails(env: Mapping[str, str], *argv: str) -> bool:
    ended = await build_command.run(shlex.join(argv), Path("/"), env, lambda line: None, _LOOK_SECONDS)
    return ended.status != 0


def _without(secrets: Iterable[str]) -> Callable[[str], str]:
    """Takes build secrets out of a line, also where a RUN prints one, of several lines too."""
    whole = [secret for secret in secrets if secret]
    # Shorter lines of a secret, such as a brace, stand in any line.
    lines = [line.strip() for secret in whole for line in secret.splitlines() if len(line.strip()) >= _LEAST_PART]
    values = sorted({*whole, *lines}, key=len, reverse=True)

    def hide(line: str) -> str:
        for value in values:
            line = line.replace(value, "***")
        return line

    return hide
