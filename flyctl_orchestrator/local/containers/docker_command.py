"""The `docker` command: which builder it brings, and one build by it.

Builds need it, since BuildKit, build contexts and credential helpers are its work; everything else asks the engine.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from flyctl_orchestrator.local.base.inherited import for_builds
from flyctl_orchestrator.local.containers.endpoint import Endpoint
from flyctl_orchestrator.local.images import build_command
from flyctl_orchestrator.local.images.failed_command import advice, reasons
from flyctl_orchestrator.local.images.failure import BuildFailed
from flyctl_orchestrator.local.images.image_build import BuildRequest

# From this version on BuildKit is a plugin of its own, buildx; before, it is built in.
_NEEDS_PLUGIN = 23
_LOOK_SECONDS = 10.0
_SHOWN_LINES = 5
# BuildKit's number of the step and its seconds; what it puts around a step's own lines; and how it ends.
_STEP = re.compile(r"#\d+ (?:\d+\.\d{1,3} )?|\d+\.\d{3} ")
_FRAME = re.compile(
    r"-+$|> \[|\d+ \||\S*Dockerfile\S*:\d+$|\[(?:internal|(?:[\w.-]+ )?\d+/\d+)\]"
    r"|(?:DONE|CACHED|transferring|sha256:|resolve|extracting|exporting)\b"
    r"|Step \d+/\d+ :|---> |Removing intermediate container "
)
_VERDICT = re.compile(r"(?:ERROR: |error: )?(?:executor failed|failed to solve|process \"|The command ')")
# The command of the step that failed, as the verdict has it: it is no reason.
_COMMAND = re.compile(r"\[.*\]|process \".*\"|The command '.*'")
_LEAST_PART = 6
_CLASSIC = (
    "this `docker` has no BuildKit (install its buildx plugin): the classic builder has no RUN --mount, no build"
    " secrets, no here-documents and no COPY --link"
)


@dataclass(frozen=True)
class DockerCommand:
    """A `docker` that can build.

    Attributes:
        program: its path.
        buildkit: whether builds are BuildKit's.
        env: what it finds in its environment.
    """

    program: str
    buildkit: bool
    env: Mapping[str, str] = field(repr=False)

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know about the builder, one sentence each."""
        return () if self.buildkit else (_CLASSIC,)

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
                f"the classic builder of this `docker` takes no build secrets ({', '.join(request.secrets)})",
                "Install docker's buildx plugin, or build without --build-secret.",
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


async def find_docker(environ: Mapping[str, str], path: str, endpoint: Endpoint, *, podman: bool) -> DockerCommand:
    """The `docker` of a PATH, for builds in an engine.

    Args:
        environ: the platform's environment.
        path: where to look.
        podman: the engine is podman, which refuses BuildKit.

    Raises:
        BuildFailed: there is none.
    """
    program = shutil.which("docker", path=path)
    if program is None:
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
    buildkit = not podman and await _has_buildkit(program, env)
    return DockerCommand(program, buildkit, {**env, "DOCKER_BUILDKIT": "1" if buildkit else "0"})


async def _has_buildkit(program: str, env: Mapping[str, str]) -> bool:
    said: list[str] = []
    asked = shlex.join([program, "buildx", "version"])
    if (await build_command.run(asked, Path("/"), env, said.append, _LOOK_SECONDS)).status == 0:
        return True
    said.clear()
    await build_command.run(shlex.join([program, "--version"]), Path("/"), env, said.append, _LOOK_SECONDS)
    version = re.search(r"version v?(\d+)\.", "\n".join(said))
    return version is not None and int(version[1]) < _NEEDS_PLUGIN


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


def failed(ended: build_command.Ended) -> BuildFailed:
    """What a build that failed said last: what the step wrote, each line once, and how the builder ended."""
    wrote: dict[str, None] = {}
    end = ""
    for line in ended.last_lines:
        text = _STEP.sub("", line.strip())
        if _VERDICT.match(text):
            end = text
        elif text and not _FRAME.match(text):
            wrote[text] = None
    said = " | ".join([*reasons(wrote, _SHOWN_LINES), *([end] if end else [])]) or "it wrote nothing"
    return BuildFailed(
        "build.failed",
        f"`docker build` ended with exit status {ended.status}: {said}",
        f"{advice([*wrote, _COMMAND.sub('', end)])} 'flyo deploy --verbose' shows its whole output.".lstrip(),
    )
