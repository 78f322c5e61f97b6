"""The stages of a Dockerfile and what each one says: environment, directory, command, and which files go where.

Semantics: https://docs.docker.com/reference/dockerfile/ . RUN is not executed; what it says is kept, because other
modules count it and honour the few commands in it that only touch files.
"""

from __future__ import annotations

import platform
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from flyctl_orchestrator.local.images.dockerfile import Dockerfile, Heredoc, Instruction
from flyctl_orchestrator.local.images.expansion import expand, split_words

_SHELL = ("/bin/sh", "-c")


@dataclass(frozen=True)
class Copy:
    """COPY or ADD.

    Attributes:
        line: in the Dockerfile.
        name: "COPY" or "ADD".
        sources: patterns, relative to the context or to the other stage's root.
        target: as written; a trailing slash or "." means a directory.
        workdir: the working directory in force.
        origin: None for the context, a stage's index, or the name of an image.
        mode: octal permissions from --chmod, or None.
        keeps_parents: --parents was given.
        left_out: patterns of --exclude.
        heredocs: files whose text stands in the Dockerfile.
    """

    line: int
    name: str
    sources: tuple[str, ...]
    target: str
    workdir: str
    origin: int | str | None = None
    mode: int | None = None
    keeps_parents: bool = False
    left_out: tuple[str, ...] = ()
    heredocs: tuple[Heredoc, ...] = ()


@dataclass(frozen=True)
class Run:
    """A RUN, as text, and the working directory and variables in force."""

    line: int
    text: str
    workdir: str
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Workdir:
    """A WORKDIR, which makes the directory; resolved."""

    path: str


@dataclass(frozen=True)
class Stage:
    """One stage, with everything inherited from the stage it is FROM.

    Attributes:
        index: position in the Dockerfile, from 0.
        name: after AS, lower case, or "".
        base: the image at the bottom of its FROM chain, e.g. "python:3.13-slim".
        env, workdir, entrypoint, cmd, exposed: as in an image's configuration.
        steps: COPY, ADD, RUN, WORKDIR in order, those of the parent first.
        ignored: what it says that has no effect here, one sentence each.
    """

    index: int
    name: str
    base: str
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/"
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    exposed: int | None = None
    shell: tuple[str, ...] = _SHELL
    steps: tuple[Copy | Run | Workdir, ...] = ()
    ignored: tuple[str, ...] = ()


def read_stages(file: Dockerfile, args: Mapping[str, str] | None = None) -> list[Stage]:
    """Every stage, in order.

    Args:
        args: values given to the build, which take the place of an ARG's default.

    Raises:
        BuildFailed: no FROM, or an instruction that cannot be understood, with its line.
    """
    stages: list[Stage] = []
    outside: dict[str, str] = {}
    given = args or {}
    reader: _StageReader | None = None
    for instruction in file.instructions:
        if instruction.name == "FROM":
            if reader:
                stages.append(reader.stage)
            reader = _StageReader(file, _from(file, instruction, stages, outside), stages, outside, given)
        elif reader:
            reader.read(instruction)
        elif instruction.name == "ARG":
            outside.update(_arguments(file, instruction, outside, outside, given))
        else:
            raise file.error(instruction.line, f"{instruction.name} stands before the first FROM")
    if reader is None:
        raise file.error(1, "there is no FROM", f"Begin {file.name} with a line such as FROM python:3.13-slim.")
    return [*stages, reader.stage]


def pick(file: Dockerfile, stages: list[Stage], target: str | None) -> Stage:
    """The stage to build: the last one, or the one of that name or number.

    Raises:
        BuildFailed: there is no such stage.
    """
    if target is None:
        return stages[-1]
    found = _find(stages, target)
    if found is None:
        names = ", ".join(stage.name for stage in stages if stage.name) or "none has a name"
        raise file.error(1, f"there is no stage `{target}` (stages: {names})", "Correct the build target.")
    return found


def _find(stages: list[Stage], name: str) -> Stage | None:
    for stage in reversed(stages):
        if stage.name == name.lower():
            return stage
    return stages[int(name)] if name.isdecimal() and int(name) < len(stages) else None


def _expanded(file: Dockerfile, line: int, word: str, variables: Mapping[str, str]) -> str:
    try:
        return expand(word, variables, file.escape)
    except ValueError as error:
        raise file.error(line, str(error)) from error


def _from(file: Dockerfile, instruction: Instruction, stages: list[Stage], outside: Mapping[str, str]) -> Stage:
    words = instruction.text.split()
    if len(words) not in (1, 3) or (len(words) == 3 and words[1].upper() != "AS"):
        raise file.error(instruction.line, "FROM takes an image, and optionally AS and a name")
    image = _expanded(file, instruction.line, words[0], {**_platform_arguments(), **outside})
    if not image:
        raise file.error(instruction.line, f"`{words[0]}` is empty", "Give the ARG it uses a default.")
    name = words[2].lower() if len(words) == 3 else ""
    parent = next((stage for stage in reversed(stages) if stage.name and stage.name == image.lower()), None)
    if parent:
        return replace(parent, index=len(stages), name=name)
    return Stage(len(stages), name, image)


def _arguments(
    file: Dockerfile,
    instruction: Instruction,
    variables: Mapping[str, str],
    defaults: Mapping[str, str],
    given: Mapping[str, str],
) -> dict[str, str]:
    """Names and values of an ARG: as given to the build, else its default, else from `defaults`, or unset."""
    found: dict[str, str] = {}
    for word in split_words(instruction.text, file.escape):
        name, has_default, value = word.partition("=")
        if name in given:
            found[name] = given[name]
        elif has_default:
            found[name] = _expanded(file, instruction.line, value, {**variables, **found})
        elif name in defaults:
            found[name] = defaults[name]
    return found


def _platform_arguments() -> dict[str, str]:
    """The ARGs a builder predefines about the platform; machines on Fly.io are Linux."""
    machine = platform.machine().lower()
    arch = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    both = {"OS": "linux", "ARCH": arch, "PLATFORM": f"linux/{arch}"}
    return {f"{who}{what}": value for who in ("TARGET", "BUILD") for what, value in both.items()}


class _StageReader:
    """Reads the instructions of one stage; `stage` is what they came to so far."""

    def __init__(
        self,
        file: Dockerfile,
        stage: Stage,
        earlier: list[Stage],
        outside: Mapping[str, str],
        given: Mapping[str, str],
    ) -> None:
        self.stage = stage
        self._file = file
        self._earlier = earlier
        self._outside = {**_platform_arguments(), **outside}
        self._given = given
        self._arguments: dict[str, str] = {}
        self._own_cmd = False

    def read(self, instruction: Instruction) -> None:
        """Take in one instruction."""
        handler = getattr(self, f"_read_{instruction.name.lower()}", None)
        if handler is not None:
            handler(instruction)

    def _variables(self) -> dict[str, str]:
        return {**self._arguments, **self.stage.env}

    def _expand(self, instruction: Instruction, word: str) -> str:
        return _expanded(self._file, instruction.line, word, self._variables())

    def _change(self, **fields: object) -> None:
        self.stage = replace(self.stage, **fields)  # type: ignore[arg-type]

    def _ignore(self, sentence: str) -> None:
        if sentence not in self.stage.ignored:
            self._change(ignored=(*self.stage.ignored, sentence))

    def _read_arg(self, instruction: Instruction) -> None:
        self._arguments.update(_arguments(self._file, instruction, self._variables(), self._outside, self._given))

    def _read_env(self, instruction: Instruction) -> None:
        words = split_words(instruction.text, self._file.escape)
        if "=" not in words[0]:
            name, *rest = instruction.text.split(None, 1)
            if not rest:
                raise self._file.error(instruction.line, f"ENV {name} has no value")
            pairs = [(name, rest[0])]
        else:
            pairs = [self._pair(instruction, word) for word in words]
        values = {name: self._expand(instruction, value) for name, value in pairs}
        self._change(env={**self.stage.env, **values})

    def _pair(self, instruction: Instruction, word: str) -> tuple[str, str]:
        name, found, value = word.partition("=")
        if not found or not name:
            raise self._file.error(instruction.line, f"ENV takes NAME=value, not `{word}`")
        return name, value

    def _read_workdir(self, instruction: Instruction) -> None:
        words = posixpath.join(self.stage.workdir, self._expand(instruction, instruction.text))
        workdir = "/" + posixpath.normpath(words).lstrip("/")
        self._change(workdir=workdir, steps=(*self.stage.steps, Workdir(workdir)))

    def _read_shell(self, instruction: Instruction) -> None:
        shell = instruction.exec_form()
        if not shell:
            raise self._file.error(instruction.line, 'SHELL takes a list such as ["/bin/bash", "-c"]')
        self._change(shell=shell)

    def _command(self, instruction: Instruction) -> tuple[str, ...]:
        words = instruction.exec_form()
        if words is not None:
            return words
        if instruction.text.startswith("["):
            self._ignore(
                f"{self._file.name}:{instruction.line}: {instruction.name} looks like a list but is not JSON"
                " (it needs double quotes), so the shell gets it as it stands, as in Docker"
            )
        return (*self.stage.shell, instruction.text)

    def _read_cmd(self, instruction: Instruction) -> None:
        self._own_cmd = True
        self._change(cmd=self._command(instruction))

    def _read_entrypoint(self, instruction: Instruction) -> None:
        # Docker drops a CMD that came from below, because it was meant for another entrypoint.
        self._change(
            entrypoint=self._command(instruction),
            cmd=self.stage.cmd if self._own_cmd else (),
        )

    def _read_expose(self, instruction: Instruction) -> None:
        for word in instruction.text.split():
            port = self._expand(instruction, word).partition("/")[0].partition("-")[0]
            if not port.isdecimal() or not 0 < int(port) < 65536:
                raise self._file.error(instruction.line, f"EXPOSE takes a port, not `{word}`")
            if self.stage.exposed is None:
                self._change(exposed=int(port))

    def _read_user(self, instruction: Instruction) -> None:
        user = self._expand(instruction, instruction.text)
        self._ignore(f"USER {user} is ignored: processes run as you")

    def _read_healthcheck(self, instruction: Instruction) -> None:
        if instruction.text.upper() != "NONE":
            self._ignore("HEALTHCHECK is ignored, as it is on Fly.io: checks come from fly.toml")

    def _read_run(self, instruction: Instruction) -> None:
        text = "\n".join([instruction.text, *(heredoc.body for heredoc in instruction.heredocs)])
        step = Run(instruction.line, text, self.stage.workdir, self._variables())
        self._change(steps=(*self.stage.steps, step))

    def _read_copy(self, instruction: Instruction) -> None:
        words = [self._expand(instruction, w) for w in instruction.exec_form() or instruction.text.split()]
        if len(words) < 2:
            raise self._file.error(instruction.line, f"{instruction.name} takes sources and a destination")
        inline = {heredoc.name for heredoc in instruction.heredocs}
        step = Copy(
            line=instruction.line,
            name=instruction.name,
            sources=tuple(w for w in words[:-1] if not (w.startswith("<<") and w.lstrip("<-").strip("'\"") in inline)),
            target=words[-1],
            workdir=self.stage.workdir,
            origin=self._origin(instruction),
            mode=self._mode(instruction),
            keeps_parents=instruction.flag("parents") not in (None, "false"),
            left_out=tuple(value for name, value in instruction.flags if name == "exclude"),
            heredocs=tuple(self._inline(instruction, heredoc) for heredoc in instruction.heredocs),
        )
        self._change(steps=(*self.stage.steps, step))

    _read_add = _read_copy

    def _inline(self, instruction: Instruction, heredoc: Heredoc) -> Heredoc:
        if not heredoc.expands:
            return heredoc
        try:
            return replace(heredoc, body=expand(heredoc.body, self._variables(), self._file.escape, quotes=False))
        except ValueError as error:
            raise self._file.error(instruction.line, str(error)) from error

    def _origin(self, instruction: Instruction) -> int | str | None:
        name = instruction.flag("from")
        if not name:
            return None
        stage = _find(self._earlier, self._expand(instruction, name))
        return stage.index if stage else name

    def _mode(self, instruction: Instruction) -> int | None:
        mode = instruction.flag("chmod")
        if mode is None:
            return None
        try:
            return int(self._expand(instruction, mode), 8)
        except ValueError:
            self._ignore(f"--chmod={mode} is not an octal number, and is ignored")
            return None
