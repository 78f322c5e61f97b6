"""`POST /_local/builds`: builds an image and tells how it goes, one JSON object per line."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from aiohttp import ClientConnectionResetError, web

from flyctl_orchestrator.local.base.errors import FAULT_HEADER
from flyctl_orchestrator.local.base.settings import RUNTIMES
from flyctl_orchestrator.local.core.fault import Fault, Place
from flyctl_orchestrator.local.core.fault_board import FaultBoard
from flyctl_orchestrator.local.images.failure import BuildFailed
from flyctl_orchestrator.local.images.image_build import BuildRequest, Built, build_image
from flyctl_orchestrator.local.images.images import APP_NAME, LABEL, ImageStore
from flyctl_orchestrator.local.images.installation import BuildSettings

# How soon a client that went away is noticed while its build writes nothing, in seconds.
_LOOK_EVERY = 0.2

Event = dict[str, Any]
BuildHandler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class _Invalid(Exception):
    """A request that is not one: what is wrong, and what would be right."""

    def __init__(self, error: str, hint: str = "") -> None:
        super().__init__(error)
        self.answer = {"error": error, "hint": hint}


class Choice(Protocol):
    """How an app runs: whether in containers, why in one sentence, and whether a person should see that."""

    @property
    def in_container(self) -> bool: ...

    @property
    def why(self) -> str: ...

    @property
    def shown(self) -> bool: ...


class ContainerBuilds(Protocol):
    """Builds images in a container engine."""

    async def choose(self, request: BuildRequest) -> Choice:
        """Whether an app runs in containers. Raises BuildFailed."""
        ...

    async def build(self, request: BuildRequest, log: Callable[[str], None]) -> Built:
        """Build an image and label it. Raises BuildFailed."""
        ...


def build_handler(
    store: ImageStore, settings: BuildSettings, faults: FaultBoard, containers: ContainerBuilds | None = None
) -> BuildHandler:
    """The handler of `POST /_local/builds`.

    The request's body is JSON: `app`, `context` (absolute directory), `dockerfile` and `ignorefile` (absolute or
    relative to it, or null), `args` (names and values), `label`, `build` (shell command or null), `inputs` (paths or
    null), `target` (stage or null), `runtime` ("auto", "process", "container" or null), `secrets` (names and values),
    `no_cache` (true or not), `starts_image_command` (true when machines have no command of their own).

    A request that is not valid gets 400 and `{"error", "hint"}`. Any other gets 200 and lines of JSON:
    `{"event": "log", "line"}`, and at the end
    `{"event": "built", "image", "digest", "size_bytes", "cached", "notices"}` or
    `{"event": "failed", "code", "error", "hint"}`. When the client goes away the build is stopped.

    Args:
        store: where the image goes.
        settings: what commands of the build see, and how long they may take.
        faults: may let the connection drop (builder-drops).
        containers: chooses between the two ways to run an app, and builds for containers; None has processes only.
    """

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            wanted = await asyncio.to_thread(_wanted, await _body(request))
        except _Invalid as invalid:
            return web.json_response(invalid.answer, status=400)
        drop = faults.strikes("builder-drops", Place(app=wanted.app))
        if drop is not None and (drop.text("how") != "closed" or drop.text("when") == "before"):
            return _refuse(request, drop)
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"})
        await response.prepare(request)
        events: asyncio.Queue[Event | None] = asyncio.Queue()
        building = asyncio.create_task(_build(store, settings, containers, wanted, events))
        building.add_done_callback(lambda _: events.put_nowait(None))
        try:
            await _stream(request, response, events, building, drop, settings.quiet_seconds)
        finally:
            building.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await building  # a defect in the build is raised here, and not hidden
        return response

    return handle


async def _build(
    store: ImageStore,
    settings: BuildSettings,
    containers: ContainerBuilds | None,
    wanted: BuildRequest,
    events: asyncio.Queue[Event | None],
) -> None:
    """Build, leaving events in the queue."""

    def log(line: str) -> None:
        events.put_nowait({"event": "log", "line": line})

    try:
        built, notices = await _made(store, settings, containers, wanted, log)
        events.put_nowait(
            {
                "event": "built",
                "image": built.image.ref,
                "digest": built.image.digest,
                "size_bytes": built.image.size_bytes,
                "cached": built.cached,
                "notices": [*notices, *built.notices],
            }
        )
    except BuildFailed as failed:
        events.put_nowait({"event": "failed", "code": failed.code, "error": failed.error, "hint": failed.hint})


async def _made(
    store: ImageStore,
    settings: BuildSettings,
    containers: ContainerBuilds | None,
    wanted: BuildRequest,
    log: Callable[[str], None],
) -> tuple[Built, list[str]]:
    """Build for the runtime that is chosen; the image, and what is to be said about the choice."""
    if containers is None:
        return await build_image(store, settings, wanted, log), []
    choice = await containers.choose(wanted)
    log(choice.why)
    if choice.in_container:
        built = await containers.build(wanted, log)
    else:
        built = await build_image(store, settings, wanted, log)
    return built, [choice.why] if choice.shown else []


async def _stream(
    request: web.BaseRequest,
    response: web.StreamResponse,
    events: asyncio.Queue[Event | None],
    building: asyncio.Task[None],
    drop: Fault | None,
    quiet: float,
) -> None:
    """Send events as they come, until the one that says there are no more (None), or until nobody listens.

    A compiler may write nothing for many minutes: then a line says every `quiet` seconds that the build goes on.
    """
    loop = asyncio.get_running_loop()
    told = loop.time()
    while True:
        try:
            event = await asyncio.wait_for(events.get(), min(_LOOK_EVERY, quiet))
        except TimeoutError:
            if request.transport is None or request.transport.is_closing():
                return
            if loop.time() - told < quiet:
                continue
            event = {"event": "log", "line": f"still building: nothing was written for {quiet:g} s"}
        told = loop.time()
        if drop is not None and _lost(event, drop):
            _hang_up(request)
            return
        try:
            if event is None:
                # After a defect the answer stays unfinished, so that nobody takes it for a whole one.
                if building.exception() is None:
                    await response.write_eof()
                return
            # A name that is not UTF-8 can be in an error; nobody could print it as it is.
            await response.write(json.dumps(event, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        except (ClientConnectionResetError, ConnectionError):
            return


def _refuse(request: web.BaseRequest, drop: Fault) -> web.StreamResponse:
    """No build: an error of the builder's front, or no answer at all."""
    if drop.text("how") != "closed":
        error = f"the builder is not available (fault {drop.id})"
        return web.json_response(
            {"error": error, "hint": ""}, status=int(drop.text("how")), headers={FAULT_HEADER: drop.id}
        )
    _hang_up(request)
    raise ConnectionResetError("the builder closed the connection, as a fault wanted")


def _lost(event: Event | None, drop: Fault) -> bool:
    """Whether the connection is lost before this event is told."""
    return drop.text("when") == "during" or event is None or event["event"] != "log"


def _hang_up(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _body(request: web.BaseRequest) -> Event:
    try:
        body = await request.json()
    except ValueError as error:
        raise _Invalid("the body is not JSON") from error
    if not isinstance(body, dict):
        raise _Invalid("the body is not a JSON object")
    return body


def _wanted(body: Event) -> BuildRequest:
    app = _text(body, "app")
    if not APP_NAME.fullmatch(app):
        raise _Invalid(f"`{app}` is not an app's name", "Lower-case letters, digits and dashes, 63 at most.")
    label = _text(body, "label")
    if not LABEL.fullmatch(label):
        raise _Invalid(f"`{label}` is not an image label", "Letters, digits, dots, dashes, underscores, 128 at most.")
    context = Path(_text(body, "context"))
    if not context.is_absolute() or not context.is_dir():
        raise _Invalid(f"the build context {context} is not a directory", "Give the absolute path of one that exists.")
    ignorefile = _optional_text(body, "ignorefile")
    return BuildRequest(
        app,
        label,
        context,
        _dockerfile(context, _optional_text(body, "dockerfile")),
        _optional_text(body, "build"),
        _inputs(body),
        _optional_text(body, "target"),
        context / ignorefile if ignorefile else None,
        _texts(body, "args"),
        _runtime(body),
        _texts(body, "secrets"),
        body.get("no_cache") is True,
        body.get("starts_image_command") is True,
    )


def _dockerfile(context: Path, named: str | None) -> Path:
    choices = [context / named] if named else [context / "Dockerfile", context / "dockerfile"]
    for path in choices:
        if path.is_file():
            return path
    raise _Invalid(f"there is no {choices[0]}", "Write a Dockerfile, or name it under [build] in fly.toml.")


def _texts(body: Event, name: str) -> dict[str, str]:
    texts = body.get(name) or {}
    if not isinstance(texts, dict) or not all(isinstance(value, str) for value in texts.values()):
        raise _Invalid(f"`{name}` is not names and texts")
    return texts


def _runtime(body: Event) -> str:
    runtime = body.get("runtime") or ""
    if runtime not in ("", *RUNTIMES):
        raise _Invalid(f"`runtime` is none of {', '.join(RUNTIMES)}")
    return str(runtime)


def _text(body: Event, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value or "\0" in value:
        raise _Invalid(f"`{name}` is missing, or not text")
    return value


def _optional_text(body: Event, name: str) -> str | None:
    return _text(body, name) if body.get(name) not in (None, "") else None


def _inputs(body: Event) -> tuple[str, ...] | None:
    value = body.get("inputs")
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise _Invalid("`inputs` is not a list of paths")
    return tuple(value)
