"""Images made by the user's own Dockerfile in a container engine, and which apps get one."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flyctl_orchestrator.local.containers.build_failures import failed
from flyctl_orchestrator.local.containers.builder_kinds import GETS_BUILDKIT, NAMES
from flyctl_orchestrator.local.containers.connection import NEEDED_SECONDS, Connection
from flyctl_orchestrator.local.containers.docker_command import DockerCommand, find_docker, has_docker
from flyctl_orchestrator.local.containers.endpoint import PING_SECONDS, NoEngine, find_engine
from flyctl_orchestrator.local.containers.engine import Engine, EngineError
from flyctl_orchestrator.local.containers.here_documents import refuse_here_documents
from flyctl_orchestrator.local.containers.rewritten import (
    knows_no_link,
    missing_frontend,
    rewritten,
    text_of,
    without_link,
    without_syntax,
)
from flyctl_orchestrator.local.images.failure import BuildFailed, failure_of
from flyctl_orchestrator.local.images.image_build import BuildRequest, Built
from flyctl_orchestrator.local.images.images import ImageStore
from flyctl_orchestrator.local.images.installation import BuildSettings
from flyctl_orchestrator.local.images.recipe import Recipe

# A build that has to fetch base images and packages takes longer than one of a snapshot.
BUILD_SECONDS = 1800.0
_GONE = 404
_HOW = 'runtime = "{}" under [local] in flyo.toml, or flyo local up --runtime {}, changes that'


@dataclass(frozen=True)
class Choice:
    """How an app runs: whether in containers, why in one sentence, and whether a person should see that."""

    in_container: bool
    why: str
    shown: bool = False


class ContainerBuilds:
    """Builds images in the engine of this computer.

    Args:
        store: keeps their descriptions.
        settings: the platform's environment, for the `docker` command.
        connection: to the engine.
        default: "auto", "process" or "container", for apps that say nothing.
    """

    def __init__(
        self, store: ImageStore, settings: BuildSettings, connection: Connection, default: Callable[[], str]
    ) -> None:
        self._store = store
        self._settings = settings
        self._connection = connection
        self._default = default
        # Kept once it has BuildKit: nothing better can be installed meanwhile.
        self._best: DockerCommand | None = None

    async def choose(self, request: BuildRequest) -> Choice:
        """Whether an app runs in containers: as it says, else as the platform was told, else by what there is.

        Raises:
            BuildFailed: containers are asked for, and there is no engine.
        """
        asked = request.runtime or self._default()
        said_by = "[local] runtime in flyo.toml" if request.runtime else "flyo local up --runtime"
        if asked == "process":
            return Choice(False, f"machines run as processes: {said_by} says so")
        if asked == "auto" and request.command is not None:
            why = "[local] build in flyo.toml says how to install without Docker"
            return Choice(False, f"machines run as processes: {why}; {_HOW.format('container', 'container')}")
        try:
            # One that is asked for, or was there before, may take its time on a busy computer.
            patience = NEEDED_SECONDS if asked == "container" or self._connection.open else PING_SECONDS
            endpoint = await asyncio.to_thread(find_engine, self._settings.environ, patience)
        except NoEngine as problem:
            if asked == "container":
                raise BuildFailed(
                    "build.engine",
                    f"{said_by} asks for containers, but {problem}",
                    "Start the engine, name it with DOCKER_HOST before `flyo local up`, or let the runtime be auto.",
                ) from problem
            why = f"machines run as processes, since {problem}; start one, or name it with DOCKER_HOST, for containers"
            return Choice(False, why, shown=True)
        at = endpoint.address.removeprefix("unix://")
        if asked == "container":
            return Choice(True, f"machines run in containers ({at}): {said_by} says so")
        if not has_docker(self._settings.host_path):
            why = f"an engine answers at {at}, but there is no `docker` command on PATH to build with"
            return Choice(False, f"machines run as processes, since {why}; install it for containers", shown=True)
        why = f"machines run in containers, since an engine answers at {at}; {_HOW.format('process', 'process')}"
        return Choice(True, why, shown=True)

    async def build(self, request: BuildRequest, log: Callable[[str], None]) -> Built:
        """Build an image and label it.

        Raises:
            BuildFailed: for any reason a person can act on.
        """
        try:
            engine = await self._connection.get()
            docker = await self._docker(engine)
            if docker.passed_over:
                log(f"built by {docker.program}: {', '.join(docker.passed_over)}, before it on PATH, has no BuildKit")
            return await self._made(engine, docker, request, log)
        except (NoEngine, EngineError) as problem:
            raise BuildFailed("build.engine", str(problem), "Look whether the container engine runs.") from problem
        except OSError as error:
            raise failure_of(error) from error

    async def _made(
        self, engine: Engine, docker: DockerCommand, request: BuildRequest, log: Callable[[str], None]
    ) -> Built:
        """Build, and keep the image. One that was removed before it had its name is built a second time."""
        for last in (False, True):
            with tempfile.TemporaryDirectory(prefix="flyo-build-") as place:
                engine_id, notices = await _built(docker, request, Path(place), log)
            try:
                async with self._connection.naming:
                    return await self._kept(engine, request, engine_id, (*docker.notices, *notices))
            except EngineError as problem:
                if last or problem.status != _GONE:
                    raise
        raise AssertionError("unreachable")

    async def _docker(self, engine: Engine) -> DockerCommand:
        if self._best is not None:
            return self._best
        about = await engine.call("GET", "/version")
        podman = any("podman" in str(part.get("Name", "")).lower() for part in about.get("Components") or [])
        found = await find_docker(self._settings.environ, self._settings.host_path, engine.endpoint, podman=podman)
        self._best = found if found.buildkit else None
        return found

    async def _kept(self, engine: Engine, request: BuildRequest, engine_id: str, notices: tuple[str, ...]) -> Built:
        found = await engine.image(engine_id)
        name, _, tag = self._connection.names.image(engine_id).partition(":")
        await engine.call("POST", f"/images/{engine_id}/tag", query={"repo": name, "tag": tag})
        stored = await asyncio.to_thread(
            self._store.put_in_engine,
            request.app,
            request.label,
            engine_id,
            recipe_of(found.get("Config") or {}),
            int(found.get("Size", 0)),
        )
        self._connection.on_kept(engine_id)
        return Built(stored.image, stored.existed, notices)


def recipe_of(config: Mapping[str, Any]) -> Recipe:
    """How an image starts, from its configuration. Environment, user and directory stay the engine's business."""
    exposed = sorted(int(port.partition("/")[0]) for port in config.get("ExposedPorts") or {} if port[:1].isdigit())
    return Recipe(
        workdir=config.get("WorkingDir") or "/",
        entrypoint=tuple(config.get("Entrypoint") or ()),
        cmd=tuple(config.get("Cmd") or ()),
        exposed=exposed[0] if exposed else None,
    )


async def _built(
    docker: DockerCommand, request: BuildRequest, place: Path, log: Callable[[str], None]
) -> tuple[str, tuple[str, ...]]:
    """The ID of the image, and notices."""
    iidfile, dockerfile = place / "image-id", request.dockerfile
    notices: tuple[str, ...] = ()
    if request.ignorefile is not None:
        dockerfile = await asyncio.to_thread(_with_ignorefile, docker, request, place)
    refuse_here_documents(await asyncio.to_thread(text_of, dockerfile), docker.builder)
    ended = await docker.build(request, dockerfile, iidfile, log, BUILD_SECONDS)
    frontend = missing_frontend(ended, await asyncio.to_thread(text_of, dockerfile))
    if frontend:
        notices = (f"`# syntax={frontend}` cannot be fetched: built with what the engine itself understands",)
        log(notices[0])
        dockerfile = await asyncio.to_thread(rewritten, dockerfile, place / "plain", without_syntax)
        ended = await docker.build(request, dockerfile, iidfile, log, BUILD_SECONDS)
    if knows_no_link(ended):
        notices = (*notices, "this builder knows no COPY --link: built without it, which changes its cache alone")
        log(notices[-1])
        dockerfile = await asyncio.to_thread(rewritten, dockerfile, place / "unlinked", without_link)
        ended = await docker.build(request, dockerfile, iidfile, log, BUILD_SECONDS)
    if ended.status:
        text = await asyncio.to_thread(text_of, request.dockerfile)
        raise failed(ended, text, docker.builder)
    return (await asyncio.to_thread(iidfile.read_text)).strip(), notices


def _with_ignorefile(docker: DockerCommand, request: BuildRequest, place: Path) -> Path:
    """A copy of the Dockerfile beside which the rules are found that the request names."""
    assert request.ignorefile is not None
    if not docker.buildkit:
        raise BuildFailed(
            "build.engine",
            f"{NAMES[docker.builder]} reads .dockerignore only, and not {request.ignorefile.name}",
            f"{GETS_BUILDKIT[docker.builder]}, or call the file .dockerignore.",
        )
    copy = place / request.dockerfile.name
    shutil.copyfile(request.dockerfile, copy)
    shutil.copyfile(request.ignorefile, place / f"{copy.name}.dockerignore")
    return copy
