"""flyctl as a subprocess: the commands that are used, and nothing taken on trust from its exit status."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.errors import FlyoError, UnreachableError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.decode import Unreadable, decode, readable
from flyctl_orchestrator.fleet.flyctl import printed as flyctl_json
from flyctl_orchestrator.fleet.flyctl.child_process import GRACE, Child, Ended
from flyctl_orchestrator.fleet.flyctl.find import INSTALL, Kind
from flyctl_orchestrator.fleet.flyctl.version import FlyctlVersion
from flyctl_orchestrator.fleet.redact import redact

# Seconds. flyctl retries a lease and a missing app for 60 s each, so nothing shorter tells anything.
QUICK = 30.0
USUAL = 150.0

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")

OnLine = Callable[[str], None]
T = TypeVar("T")


class FlyctlError(FlyoError):
    """flyctl ended with an error, or not at all. `ran` holds what it printed, secrets masked."""

    def __init__(self, what: str, *, ran: Ran, where: str = "", code: str = "flyctl.failed", next: str = "") -> None:
        nobody = code in ("flyctl.token", "flyctl.unreadable")
        super().__init__(what, where=where, next=next, code=code, exit=Exit.UNREACHABLE if nobody else Exit.ERROR)
        self.ran = ran


@dataclass(frozen=True)
class Ran:
    """One finished run. `status` is flyctl's exit status (negative: ended by a signal)."""

    args: tuple[str, ...]
    status: int
    stdout: str
    stderr: str
    timed_out: bool = False
    elapsed_seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether it said so itself; for a deploy the machines are the truth."""
        return self.status == 0 and not self.timed_out

    @property
    def command(self) -> str:
        """The command without its options, e.g. "secrets list"."""
        return " ".join(each for each in self.args[:2] if not each.startswith("-"))

    @property
    def complaint(self) -> str:
        """One line of what it complained about: its first `Error:` line, else its last line of stderr."""
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()]
        errors = [line.removeprefix("Error:").strip() for line in lines if line.startswith("Error:")]
        return (errors or lines[-1:] or [""])[0][:300]


@dataclass(frozen=True)
class Release:
    """One row of an app's releases; status is pending, running, complete, failed or interrupted."""

    id: str
    version: int
    status: str = ""
    image: str = ""
    created_at: str = ""
    user: str = ""


@dataclass(frozen=True)
class DeployOptions:
    """The flags of one `flyctl deploy --image` that are ours to choose; everything else is pinned.

    Attributes:
        regions, process_groups, only_machines: limit what it touches; empty means everything.
        update_only: never create or destroy machines. Always with `regions`, or flyctl may create in the primary one.
        wait_timeout: seconds per machine, used twice by flyctl (state, then checks).
        directory: where flyctl runs, None for that of fly.toml; files named by `local_path` are relative to it.
        primary_region: where it creates machines, "" for what fly.toml says.
    """

    regions: tuple[str, ...] = ()
    process_groups: tuple[str, ...] = ()
    only_machines: tuple[str, ...] = ()
    update_only: bool = True
    wait_timeout: float = 120.0
    release_command_timeout: float = 300.0
    skip_release_command: bool = False
    max_unavailable: str | None = None
    directory: Path | None = None
    primary_region: str = ""

    def flags(self) -> list[str]:
        """As arguments. Retries and checks are given even where they are the default: a remote switch changes those."""
        flags = ["--strategy", "rolling", "--ha=false", "--dns-checks=false", "--deploy-retries", "0"]
        flags += ["--wait-timeout", f"{self.wait_timeout:g}s", "--smoke-checks=false"]
        flags += ["--release-command-timeout", f"{self.release_command_timeout:g}s"]
        lists = {"--regions": self.regions, "--process-groups": self.process_groups}
        for flag, values in (lists | {"--only-machines": self.only_machines}).items():
            flags += [flag, ",".join(values)] if values else []
        switches = {"--update-only": self.update_only, "--skip-release-command": self.skip_release_command}
        flags += [flag for flag, on in switches.items() if on]
        flags += ["--primary-region", self.primary_region] if self.primary_region else []
        return flags + (["--max-unavailable", self.max_unavailable] if self.max_unavailable else [])


class AnyChild(Protocol):
    """A program that was started: a process, or (in a rehearsal) something that behaves like one."""

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        ...

    def wait(self, timeout: float) -> Ended:
        """Wait for its end; after `timeout` seconds it is made to end."""
        ...

    def end(self, grace: float) -> None:
        """Interrupt it, and kill it after `grace` seconds."""
        ...


class Spawn(Protocol):
    """Starts a program; as `child_process.Child` is made."""

    def __call__(
        self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, on_line: OnLine | None, grace: float
    ) -> AnyChild:
        """Start it and return at once. Raises OSError when it cannot be run."""
        ...


@dataclass(frozen=True)
class Flyctl:
    """One flyctl (or its stand-in) in one environment.

    Attributes:
        argv: how to run it.
        env: its whole environment, see `child_environment`.
        kind: "flyctl" or "stand-in".
        private: values masked in everything it prints, e.g. the token.
        spawn: starts it.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    clock: Clock
    kind: Kind = "flyctl"
    private: tuple[str, ...] = field(default=(), repr=False)
    spawn: Spawn = field(default=Child, repr=False)

    # --- running

    def start(self, args: Sequence[str], *, cwd: Path, on_line: OnLine | None = None, grace: float = GRACE) -> Running:
        """Start it and return at once; the caller ends it.

        Args:
            cwd: flyctl reads a fly.toml it finds there, even with --app.
            grace: seconds it is given between the interrupt and the end, when it has to be ended.

        Raises:
            UnreachableError: it cannot be run at all.
        """
        masked = (lambda line: on_line(_readable(line, self.private))) if on_line else None
        try:
            child = self.spawn((*self.argv, *args), env=self.env, cwd=cwd, on_line=masked, grace=grace)
        except OSError as error:
            raise UnreachableError(
                f"cannot run flyctl ({error.strerror or error})",
                where=self.argv[0],
                next=INSTALL,
                code="flyctl.missing",
            ) from None
        return Running(child, tuple(args), self.private, self.clock)

    def run(
        self,
        args: Sequence[str],
        *,
        timeout: float = USUAL,
        cwd: Path | None = None,
        on_line: OnLine | None = None,
        grace: float = GRACE,
    ) -> Ran:
        """Run it to its end, or for `timeout` seconds; no exit status is an error here.

        Args:
            cwd: default: an empty directory, where no fly.toml can interfere.
            grace: as `start`.
        """
        place: AbstractContextManager[Any] = (
            nullcontext(cwd) if cwd else tempfile.TemporaryDirectory(prefix="flyo-", ignore_cleanup_errors=True)
        )
        with place as directory:
            return self.start(args, cwd=Path(directory), on_line=on_line, grace=grace).wait(timeout)

    def check(self, ran: Ran, *, where: str = "") -> Ran:
        """`ran` itself when it went well.

        Raises:
            FlyctlError: with flyctl's own complaint.
        """
        if ran.ok:
            return ran
        command = ran.command
        if ran.timed_out:
            what = f"{self.kind} {command} gave no result within {ran.elapsed_seconds:.0f} s and was stopped"
            advice = f"Run '{self.kind} {command}' by hand to see what it waits for"
            raise FlyctlError(what, ran=ran, where=where, code="flyctl.timeout", next=advice)
        complaint = ran.complaint or f"exit status {ran.status}"
        text = complaint.lower()
        if "access token" in text or "unauthorized" in text or "not authenticated" in text:
            advice = "Log in with 'flyctl auth login', or set FLY_API_TOKEN"
            raise FlyctlError(
                f"{self.kind} {command}: {complaint}", ran=ran, where=where, code="flyctl.token", next=advice
            )
        advice = "Correct that and run it again"
        raise FlyctlError(f"{self.kind} {command}: {complaint}", ran=ran, where=where, next=advice)

    def ask(self, args: Sequence[str], shape: type[T], *, timeout: float = USUAL, where: str = "") -> T:
        """Run a command that prints JSON, and give what it says.

        Args:
            shape: as `decode` takes it.

        Raises:
            FlyctlError: the command failed, or printed something else (code flyctl.unreadable). What it printed is
                not quoted: it may be a token.
        """
        ran = self.check(self.run(args, timeout=timeout), where=where)
        try:
            return decode(ran.stdout.encode("utf-8", "surrogatepass"), shape)
        except Unreadable as failure:
            what = f"what {self.kind} {ran.command} printed cannot be read: {failure.reason}"
            advice = f"Run 'flyctl {' '.join(args)}' to see what it prints"
            raise FlyctlError(what, ran=ran, where=where, code="flyctl.unreadable", next=advice) from None

    # --- commands

    def version(self) -> FlyctlVersion:
        """Its version; asks nobody."""
        ran = self.check(self.run(["version", "--json"], timeout=QUICK))
        try:
            return FlyctlVersion.of(decode(ran.stdout.encode(), flyctl_json.Version).version[:60])
        except Unreadable:
            # Some builds say it in words.
            return FlyctlVersion.of(readable(ran.stdout.strip().split("\n")[0])[:60])

    def auth_token(self) -> str:
        """The token of its own login; never shown, never logged."""
        return self.ask(["auth", "token", "--json"], flyctl_json.Token, timeout=QUICK).token

    def orgs(self) -> dict[str, str]:
        """The account's organizations: slug to name."""
        return self.ask(["orgs", "list", "--json"], dict[str, str])

    def apps_create(self, app: str, organization: str | None = None) -> None:
        """Create an app; FlyctlError when the name is taken."""
        chosen = ["--org", organization] if organization else []
        self.check(self.run(["apps", "create", app, *chosen, "--yes"]), where=f"app {app}")

    def apps_destroy(self, app: str) -> None:
        """Destroy an app with everything that belongs to it."""
        self.check(self.run(["apps", "destroy", app, "--yes"]), where=f"app {app}")

    def regions(self) -> list[str]:
        """Codes of the regions that the platform offers now."""
        return [row.code for row in self.ask(["platform", "regions", "--json"], list[flyctl_json.Region])]

    def releases(self, app: str) -> list[Release]:
        """The newest releases (25 at most), newest first."""
        # Go writes an empty list as null.
        shape: Any = list[flyctl_json.Release] | None
        rows: list[flyctl_json.Release] | None = self.ask(
            ["releases", "--app", app, "--json"], shape, where=f"app {app}"
        )
        return [_release(each) for each in rows or ()]

    def secrets(self, app: str) -> list[flyctl_json.Secret]:
        """Names and digests of an app's secrets, and whether the machines have them."""
        shape = list[flyctl_json.Secret]
        return self.ask(["secrets", "list", "--app", app, "--json"], shape, where=f"app {app}")

    def addresses(self, app: str) -> list[flyctl_json.Address]:
        """The app's IP addresses, public and private."""
        # Go writes an empty list as null.
        shape: Any = list[flyctl_json.Address] | None
        rows: list[flyctl_json.Address] | None = self.ask(
            ["ips", "list", "--app", app, "--json"], shape, where=f"app {app}"
        )
        return rows or []

    def secrets_unset(self, app: str, names: Sequence[str]) -> None:
        """Stage the removal of secrets by name."""
        self.check(self.run(["secrets", "unset", *names, "--app", app, "--stage"]), where=f"app {app}")

    def start_deploy(
        self, app: str, *, config: Path, image: str, options: DeployOptions, on_line: OnLine | None = None
    ) -> Running:
        """Start to deploy an image that exists already; the caller ends it.

        Args:
            config: the fly.toml, absolute.
        """
        args = ["deploy", "--app", app, "--config", str(config), "--image", image, "--yes", *options.flags()]
        return self.start(args, cwd=options.directory or config.parent, on_line=on_line)


class Running:
    """A flyctl that was started and not yet waited for."""

    def __init__(self, child: AnyChild, args: tuple[str, ...], private: tuple[str, ...], clock: Clock) -> None:
        self._child = child
        self._args = args
        self._private = private
        self._clock = clock
        self._since = clock.monotonic()

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._child.running

    def wait(self, timeout: float) -> Ran:
        """Wait for its end; after `timeout` seconds it and its children are made to end."""
        return self._ran(self._child.wait(timeout))

    def end(self, grace: float = GRACE) -> Ran:
        """Interrupt it, kill it when it is still there after `grace` seconds, and tell what it printed."""
        self._child.end(grace)
        return self._ran(self._child.wait(grace))

    def _ran(self, ended: Ended) -> Ran:
        stdout, stderr = (_readable(text, self._private) for text in (ended.stdout, ended.stderr))
        ran = Ran(self._args, ended.status, stdout, stderr)
        return replace(ran, timed_out=ended.timed_out, elapsed_seconds=self._clock.monotonic() - self._since)


def _readable(text: str, private: tuple[str, ...]) -> str:
    """Without colours, which flyctl writes even where NO_COLOR asks it not to, and without secrets."""
    return redact(_COLOURS.sub("", text), private)


def _release(row: flyctl_json.Release) -> Release:
    user = row.user or flyctl_json.User()
    return Release(
        id=row.id,
        version=row.version,
        status=row.status or "",
        image=row.image or "",
        created_at=row.created_at or "",
        user=user.email or user.name or "",
    )
