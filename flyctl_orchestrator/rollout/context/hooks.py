"""The user's own commands: flyo.toml's [hooks] at four moments of a rollout, and [probe] command for each machine.

A hook is `sh -c COMMAND` in the project's directory. What happened is in its environment, as FLYO_* variables, and
never a secret: Fly's tokens are taken out of what it inherits, and masked in what it writes. It runs in a process group
of its own, which is ended as a whole when its time is over or somebody presses Ctrl-C.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.fleet.flyctl.child_process import Child, Ended, OnLine
from flyctl_orchestrator.fleet.redact import redact
from flyctl_orchestrator.rollout.context.events import Emitter

HookName = Literal["pre-deploy", "post-wave", "on-failure", "post-deploy", "probe"]
HookEnd = Literal["none", "ok", "failed", "timeout", "stopped"]

FACTS = (
    "app",
    "target",
    "url",
    "hook",
    "rollout",
    "kind",
    "image",
    "digest",
    "regions",
    "wave",
    "wave_number",
    "waves",
    "region",
    "machine",
    "verdict",
    "exit",
    "what",
)
"""What a hook may be told; FLYO_APP and so on."""
TOKENS = ("FLY_API_TOKEN", "FLY_ACCESS_TOKEN")
PREFIX = "FLYO_"
# Seconds between two looks at a running hook, and to end it gently.
LOOK = 0.05
GRACE = 3.0


@dataclass(frozen=True)
class HookRun:
    """How a hook ended; "none" when there is no such hook. `status` is its exit status, when it came to one."""

    end: HookEnd
    status: int | None = None

    @property
    def said(self) -> str:
        """In words, e.g. "failed with exit status 3"."""
        if self.end == "failed":
            return "could not be run" if self.status is None else f"failed with exit status {self.status}"
        return "took too long and was ended" if self.end == "timeout" else "was ended" if self.end == "stopped" else ""


class RunningHook(Protocol):
    """A command that was started."""

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        ...

    def wait(self, timeout: float) -> Ended:
        """Its end, with everything it wrote read."""
        ...

    def end(self, grace: float = 3.0) -> None:
        """End it and everything it started."""
        ...


class Start(Protocol):
    """Starts a command."""

    def __call__(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, on_line: OnLine) -> RunningHook:
        """Start it and return at once. Raises OSError."""
        ...


def start_child(argv: Sequence[str], env: Mapping[str, str], cwd: Path, on_line: OnLine) -> RunningHook:
    """Start a real process in a group of its own, with nothing to read."""
    return Child(argv, env=env, cwd=cwd, on_line=on_line)


@dataclass(frozen=True)
class HookRunner:
    """Runs them. Without commands it runs nothing.

    Attributes:
        commands: name -> shell command.
        timeouts: seconds one run may take, by name; `timeout` for the others.
        root: the directory they run in.
        inherited: the environment of flyo itself.
        facts: what all of them are told, e.g. {"app": "web"} for FLYO_APP.
        private: values that must not show in what they write.
    """

    commands: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 300.0
    timeouts: Mapping[str, float] = field(default_factory=dict)
    root: Path = field(default_factory=Path)
    inherited: Mapping[str, str] = field(default_factory=dict, repr=False)
    facts: Mapping[str, str] = field(default_factory=dict)
    private: tuple[str, ...] = field(default=(), repr=False)
    clock: Clock | None = None
    emit: Emitter | None = None
    start: Start = start_child

    def told(self, **facts: object) -> HookRunner:
        """The same hooks, which are all told some more; None is not known."""
        return replace(self, facts={**self.facts, **{key: _text(v) for key, v in facts.items() if v is not None}})

    def run(self, name: HookName, *, until: Callable[[], bool] = lambda: False, **facts: object) -> HookRun:
        """Run a hook, if there is one.

        Args:
            until: asked while it runs; once it says yes, the hook is ended.
            facts: what this one is told, on top of what all are told.

        Returns: how it ended.
        """
        command = self.commands.get(name)
        if command is None or self.clock is None or self.emit is None:
            return HookRun("none")
        if until():
            return HookRun("stopped")
        began = self.clock.monotonic()
        at = {"machine": facts["machine"], "region": facts["region"]} if "machine" in facts else {}
        self.emit("hook.started", hook=name, **at)
        over = began + self.timeouts.get(name, self.timeout)
        ran = self._run(command, self.environment(name, facts), self._teller(name, at), until, over)
        seconds = round(self.clock.monotonic() - began, 3)
        ended = {"ok": ran.end == "ok", "end": ran.end, "status": ran.status, "seconds": seconds}
        self.emit("hook.finished", hook=name, **at, **ended)
        return ran

    def require(self, name: HookName, *, until: Callable[[], bool], **facts: object) -> bool:
        """Run a hook that has to succeed.

        Returns: whether to go on; False when `until` ended it.

        Raises:
            FlyoError: it failed (code hook.failed or hook.timeout).
        """
        ran = self.run(name, until=until, **facts)
        if ran.end in ("failed", "timeout"):
            advice = "Correct it in [hooks] of flyo.toml; what it wrote stands above"
            if ran.end == "timeout":
                advice = "Give it more time with [hooks] timeout in flyo.toml, or find out what it waits for"
            what = f"hook {name} {ran.said}"
            raise FlyoError(what, where="flyo.toml [hooks]", next=advice, code=f"hook.{ran.end}")
        return ran.end != "stopped"

    def environment(self, name: str, facts: Mapping[str, object]) -> dict[str, str]:
        """What a hook finds in its environment. Facts that are not known are not set."""
        told = {**self.facts, **facts, "hook": name}
        dropped = {*TOKENS, *(PREFIX + fact.upper() for fact in FACTS)}
        kept = {key: value for key, value in self.inherited.items() if key not in dropped}
        return kept | {PREFIX + key.upper(): _text(value) for key, value in told.items() if value is not None}

    def _teller(self, name: str, at: Mapping[str, object]) -> OnLine:
        emit, private = self.emit, self.private
        assert emit is not None
        return lambda line: emit("hook.line", hook=name, **at, line=redact(line, private))

    def _run(
        self, command: str, env: Mapping[str, str], on_line: OnLine, until: Callable[[], bool], over: float
    ) -> HookRun:
        assert self.clock is not None
        try:
            child = self.start(("sh", "-c", command), env, self.root, on_line)
        except OSError as error:
            on_line(f"cannot be run: {error.strerror or error}")
            return HookRun("failed")
        try:
            while child.running:
                stopped, late = until(), self.clock.monotonic() >= over
                if stopped or late:
                    child.end(GRACE)
                    return HookRun("stopped" if stopped else "timeout", child.wait(GRACE).status)
                self.clock.sleep(LOOK)
        except BaseException:
            child.end(GRACE)
            raise
        status = child.wait(GRACE).status
        return HookRun("ok" if status == 0 else "failed", status)


def _text(value: object) -> str:
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, Sequence):
        return " ".join(str(each) for each in value)
    raise TypeError(f"{type(value).__name__} is no fact for a hook")
