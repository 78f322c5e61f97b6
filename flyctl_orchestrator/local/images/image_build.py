"""From a build context and a Dockerfile to an image in the store."""

from __future__ import annotations

import asyncio
import posixpath
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flyctl_orchestrator.local.core.seams import Image
from flyctl_orchestrator.local.images import literal_ports, manifests, snapshot
from flyctl_orchestrator.local.images.command import command_for
from flyctl_orchestrator.local.images.context import Context, scan
from flyctl_orchestrator.local.images.dockerfile import parse
from flyctl_orchestrator.local.images.failure import BuildFailed, failure_of
from flyctl_orchestrator.local.images.ignore import read_ignore
from flyctl_orchestrator.local.images.images import ImageStore
from flyctl_orchestrator.local.images.installation import BuildSettings, Installed
from flyctl_orchestrator.local.images.layout import Layout, lay_out, placements
from flyctl_orchestrator.local.images.own_builds import ASIDE, OwnBuild
from flyctl_orchestrator.local.images.recipe import Recipe
from flyctl_orchestrator.local.images.run_effects import build_lines
from flyctl_orchestrator.local.images.stages import Run, Stage, pick, read_stages

# Where builder stages commonly install dependencies. The platform brings its own, so their absence is no news.
_DEPENDENCIES = re.compile(
    r"(^|/)(\.?v?env|virtualenv|site-packages|node_modules|\.local|install|wheels)(/|$)|^usr/local(/(bin|lib)(/|$)|$)"
)

# Base images whose ENTRYPOINT is the program of their own name.
_ENTRYPOINTS = frozenset({"deno"})


@dataclass(frozen=True)
class BuildRequest:
    """What to build.

    Attributes:
        app, label: the image becomes registry.fly.io/app:label.
        context: directory the files come from.
        dockerfile: path of the Dockerfile.
        command: shell command that installs dependencies, or None for what the app's manifests say.
        inputs: paths in the context whose content decides when it runs again; None for all of it.
        target: the stage to build, or None for the last.
        ignorefile: what stays out of the context; None for the one beside the Dockerfile, or the context's own.
        args: values for the ARGs of the Dockerfile.
        runtime: "process" or "container" as the app asks, "auto" for what there is, "" to leave it to the platform.
        secrets: of `RUN --mount=type=secret`, by id; for a build in an engine only.
        no_cache: every step is done again; for a build in an engine only.
        starts_image_command: machines start what the image says, and nothing of their own: a build that cannot is over.
    """

    app: str
    label: str
    context: Path
    dockerfile: Path
    command: str | None = None
    inputs: tuple[str, ...] | None = None
    target: str | None = None
    ignorefile: Path | None = None
    args: Mapping[str, str] = field(default_factory=dict)
    runtime: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    no_cache: bool = False
    starts_image_command: bool = False


@dataclass(frozen=True)
class Built:
    """The image, whether nothing had to be done for it, and what a person should know, one sentence each."""

    image: Image
    cached: bool
    notices: tuple[str, ...]


@dataclass(frozen=True)
class _Prepared:
    """All that is known before dependencies are installed."""

    stage: Stage
    context: Context
    layout: Layout
    seen: snapshot.Fingerprint
    plan: manifests.InstallPlan
    builds: tuple[OwnBuild, ...] = ()


async def build_image(
    store: ImageStore, settings: BuildSettings, request: BuildRequest, log: Callable[[str], None]
) -> Built:
    """Build an image and label it.

    Args:
        log: gets each line that tells of progress, on the event loop's thread.

    Raises:
        BuildFailed: for any reason a person can act on.
    """
    try:
        prepared = await asyncio.to_thread(_prepare, request, settings, (*settings.own, store.root))
        files = len(prepared.seen.files)
        log(f"{files} file{'' if files == 1 else 's'}, {_size(prepared.seen.size_bytes)}")
        installed = await store.dependencies.ensure(prepared.plan, prepared.context, settings, log)
        recipe = _recipe(prepared, installed)
        stored = await asyncio.to_thread(
            store.put, request.app, request.label, prepared.layout.tree, prepared.seen, recipe
        )
    except OSError as error:
        raise failure_of(error) from error
    useless = _useless_command(stored.image, prepared.stage, settings)
    if useless and request.starts_image_command:
        raise _cannot_start(useless, prepared, request)
    notices = tuple(dict.fromkeys(_notices(prepared, installed, stored.image, request, useless)))
    return Built(stored.image, stored.existed and installed.cached, notices)


def _prepare(request: BuildRequest, settings: BuildSettings, own: tuple[Path, ...]) -> _Prepared:
    try:
        text = request.dockerfile.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise BuildFailed(
            "build.dockerfile", f"{request.dockerfile.name} is not UTF-8 text", "Save it as UTF-8."
        ) from (error)
    file = parse(text, request.dockerfile.name)
    stages = read_stages(file, request.args)
    stage = pick(file, stages, request.target)
    context = scan(request.context, read_ignore(request.context, request.dockerfile, request.ignorefile), own)
    layout = lay_out(file, stages, stage, context)
    builds: tuple[OwnBuild, ...] = ()
    if request.command is None:
        here = (build for line in sorted(layout.builds) for build in layout.builds[line])
        builds = tuple(build for build in here if shutil.which(build.tool, path=settings.host_path))
        plan = manifests.by_default(context, layout.tree, stage, builds)
    else:
        plan = manifests.asked_for(request.command, request.inputs, context)
    return _Prepared(stage, context, layout, snapshot.fingerprint(layout.tree, context.digests), plan, builds)


def _recipe(prepared: _Prepared, installed: Installed) -> Recipe:
    stage = prepared.stage
    return Recipe(
        env=stage.env,
        workdir=stage.workdir,
        entrypoint=stage.entrypoint or _entrypoint_of_base(stage),
        cmd=stage.cmd,
        exposed=stage.exposed,
        dependencies=installed.key,
        path_prefix=installed.path_prefix(),
        links=dict(_links(prepared, installed)),
    )


def _entrypoint_of_base(stage: Stage) -> tuple[str, ...]:
    """What the base image puts before a command, () when it is not known or puts nothing there."""
    program = _base_name(stage)
    return (program,) if program in _ENTRYPOINTS and stage.cmd[:1] not in ((), (program,), ("/bin/sh",)) else ()


def _base_name(stage: Stage) -> str:
    return stage.base.rsplit("/", 1)[-1].partition(":")[0].partition("@")[0]


def _links(prepared: _Prepared, installed: Installed) -> Iterator[tuple[str, str]]:
    """Where in the root each thing belongs that the build made: beside the files it was made from, and wherever a
    COPY --from asks for something of that name."""
    workdir = prepared.stage.workdir.strip("/")
    for name in installed.made:
        if posixpath.basename(name) == ASIDE:
            continue
        directory, base = posixpath.split(name)
        made = str(installed.home / "src" / name)
        homes = list(placements(prepared.layout.tree, directory)) or [posixpath.join(workdir, directory)]
        for home in homes:
            yield posixpath.join(home, base), made
        for unmet in prepared.layout.unmet:
            if posixpath.basename(unmet.source) == base:
                yield unmet.target, made
    yield from _built_here(prepared, installed)


def _built_here(prepared: _Prepared, installed: Installed) -> Iterator[tuple[str, str]]:
    """What a command of the Dockerfile made, where it is in the last stage: copied there, or left where it was made."""
    source = installed.home / "src"
    wanted = [(unmet.target, unmet.directory, unmet.source) for unmet in prepared.layout.unmet]
    own = {step.line for step in prepared.stage.steps if isinstance(step, Run)}
    wanted += [(path, path, path) for build in prepared.builds if build.line in own for path in build.aside]
    for build in prepared.builds:
        if build.line in own and build.laid_out:
            yield from _beside(build, source)
    for target, directory, path in wanted:
        for build in prepared.builds:
            place = build.place_of(path)
            if place is None or not (source / place).exists():
                continue
            merged = target != directory and (source / place).is_dir()
            yield f"{directory}{snapshot.CONTENT}" if merged else target, str(source / place)


def _beside(build: OwnBuild, source: Path) -> Iterator[tuple[str, str]]:
    """What a command made among files that were laid out for it, where it belongs in the stage's root."""
    known = {ASIDE, *(path.partition("/")[0] for path in build.laid_out)}
    for made in sorted((source / build.directory).glob("*")):
        if made.name not in known:
            yield posixpath.join(build.workdir, made.name), str(made)


def _notices(
    prepared: _Prepared, installed: Installed, image: Image, request: BuildRequest, useless: str
) -> Iterator[str]:
    stage, layout = prepared.stage, prepared.layout
    yield from stage.ignored
    yield from prepared.context.notices
    yield from layout.notices
    given = {"--no-cache": request.no_cache, "--build-secret": bool(request.secrets)}
    if unused := [option for option, there in given.items() if there]:
        yield f"{' and '.join(unused)} changed nothing: RUN is not executed for machines that are processes"
    if prepared.builds:
        done = "; ".join(f"`{build.command[:80]}` (line {build.line})" for build in prepared.builds)
        yield f"done on this computer: {done}; `build` under [local] in flyo.toml says it otherwise"
    left = {line: text for line, text in layout.runs.items() if line not in {build.line for build in prepared.builds}}
    if left:
        yield (
            f"{len(left)} RUN instruction{'s are' if len(left) > 1 else ' is'} not executed: "
            "dependencies come from `build` under [local] in flyo.toml, or from the app's manifests"
        )
        if request.command is None and (building := build_lines(left)):
            yield f"what may belong into `build` under [local]: {'; '.join(building)}"
    for unmet in layout.unmet:
        had = unmet.target in image.links or f"{unmet.directory}{snapshot.CONTENT}" in image.links
        if not had and not (installed.key and _DEPENDENCIES.search(unmet.source)):
            yield (
                f"COPY --from={unmet.origin} /{unmet.source} cannot be had: only a build with Docker makes it"
                " (or make it with `build` under [local] in flyo.toml)"
            )
    yield from installed.notices
    if prepared.plan.inputs is None and request.command is not None:
        yield "the build command runs again at every change: name what it depends on in `inputs` under [local]"
    yield from _python_notice(stage, installed)
    ports = literal_ports.named_in((*image.entrypoint, *image.cmd))
    if ports:
        yield (
            f"its command names port {' and '.join(map(str, ports))}: on the local platform every machine has a port of"
            " its own, which takes the place of fly.toml's internal_port there"
        )
    if useless:
        yield f"{useless}, so machines will not start"


def _python_notice(stage: Stage, installed: Installed) -> Iterator[str]:
    wanted = re.match(r"(?:.*/)?python:(3\.\d+)", stage.base)
    mine = f"{sys.version_info.major}.{sys.version_info.minor}"
    if wanted and installed.virtual_env and wanted[1] != mine:
        yield f"the base image has Python {wanted[1]}, local machines run {mine}"


def _useless_command(image: Image, stage: Stage, settings: BuildSettings) -> str:
    """Why the image's own command cannot be started as a process, "" when nothing speaks against it."""
    if not image.entrypoint and not image.cmd:
        return f"it has no CMD or ENTRYPOINT, and what its base image {stage.base} would start is not known here"
    if not image.entrypoint and image.cmd[0].startswith("-"):
        return f"its CMD begins with {image.cmd[0]}, and what {stage.base} has as ENTRYPOINT is not known here"
    command = command_for(image, image.root, host_path=settings.host_path)
    first = command.argv[0]
    linked = {posixpath.basename(name) for name in image.links}
    if "/" in first and (command.cwd / first).exists():
        return ""
    if posixpath.basename(first) not in linked:
        wanted = (*image.entrypoint, *image.cmd)[0]
        return f"`{wanted}` is neither in the image nor on this computer"
    return ""


def _cannot_start(useless: str, prepared: _Prepared, request: BuildRequest) -> BuildFailed:
    lines = build_lines(prepared.layout.runs)
    advice = [f"put {'; '.join(lines)} into `build` under [local]"] if lines else []
    unknown = "not known here" in useless
    advice += ["write a command under [processes] in fly.toml" if unknown else "install it on this computer"]
    advice += ['start a container engine for runtime = "container" under [local]']
    text = " or ".join(advice)
    where = request.dockerfile.name
    return BuildFailed(
        "build.command", f"{where}: {useless}: machines would not start", f"{text[0].upper()}{text[1:]}."
    )


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"
