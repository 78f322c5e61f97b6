"""The flyo command as a child process, with a home of its own and a local platform."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pexpect

from flyctl_orchestrator.local.daemon import control
from tests import planted
from tests.platform_client import Api

FLYO = str(Path(sysconfig.get_path("scripts")) / "flyo")
# What commands keep of the environment; with the last one `make coverage` measures them, too.
KEPT = ("PATH", "LANG", "TMPDIR", "COVERAGE_PROCESS_CONFIG")
# Whatever engine the developer has.
PROCESSES = {"FLYO_LOCAL_RUNTIME": "process"}
# Seconds. Longer than anything here takes; a hang becomes a failure.
PATIENCE = 90


@dataclass(frozen=True)
class Ran:
    """How one command ended."""

    status: int
    stdout: str
    stderr: str

    def __post_init__(self) -> None:
        planted.hear(self.stdout, self.stderr)

    @property
    def json(self) -> Any:
        """stdout as one JSON document."""
        return json.loads(self.stdout)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """stdout as JSON lines; fails the test when any line is something else."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def last_line(self) -> str:
        """What the command said last."""
        return self.stderr.strip().splitlines()[-1]


@dataclass
class Computer:
    """Where commands run: nothing of the developer's own settings, and everything they write is below one directory.

    Attributes:
        root: that directory.
        shared: directory of a platform that other computers use, too; None for one of its own.
        extra: more environment variables.
        patience: seconds a command may take.
    """

    root: Path
    shared: Path | None = None
    extra: dict[str, str] = field(default_factory=dict)
    patience: float = PATIENCE

    @property
    def project(self) -> Path:
        """Where commands run unless a test says otherwise."""
        return self.root / "project"

    @property
    def local(self) -> Path:
        """The platform's directory."""
        return self.shared or self.root / "local"

    @property
    def variables(self) -> dict[str, str]:
        """The environment of every command."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        own = {"HOME": str(self.root), "FLYO_LOCAL_DIR": str(self.local), "FLYO_STATE_DIR": str(self.root / "state")}
        return (
            kept | own | {"FLYO_FLYCTL": "stand-in", "FLYO_LOCAL_PORT": "0", "COLUMNS": "120"} | PROCESSES | self.extra
        )

    def flyo(
        self,
        *arguments: str,
        cwd: Path | None = None,
        stdin: str | None = None,
        env: Mapping[str, str] | None = None,
        **variables: str,
    ) -> Ran:
        """Run one command to its end; without `stdin` there is nothing to read.

        Args:
            env, variables: more environment variables, for this command alone.
        """
        planted.watch(self.root, but=(self.local,))
        ran = subprocess.run(
            [FLYO, *arguments],
            cwd=cwd or self.project,
            env={**self.variables, **(env or {}), **variables},
            capture_output=True,
            text=True,
            timeout=self.patience,
            check=False,
            **({"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}),
        )
        assert "Traceback" not in ran.stderr, ran.stderr
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def ok(
        self,
        *arguments: str,
        cwd: Path | None = None,
        stdin: str | None = None,
        env: Mapping[str, str] | None = None,
        **variables: str,
    ) -> Ran:
        """Run one command that must succeed; arguments as for `flyo`."""
        ran = self.flyo(*arguments, cwd=cwd, stdin=stdin, env={**(env or {}), **variables})
        assert ran.status == 0, f"flyo {' '.join(arguments)} exited {ran.status}\n{ran.stdout}\n{ran.stderr}"
        return ran

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start one command; the test reads what it says, and sees to its end."""
        planted.watch(self.root, but=(self.local,))
        return subprocess.Popen(
            [FLYO, *arguments],
            cwd=self.project,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def at_terminal(self, *arguments: str) -> pexpect.spawn[str]:
        """Start one command with a person in front of it."""
        planted.watch(self.root, but=(self.local,))
        child = pexpect.spawn(
            FLYO,
            list(arguments),
            cwd=str(self.project),
            env={**self.variables, "TERM": "xterm"},
            encoding="utf-8",
            timeout=PATIENCE,
        )
        child.logfile_read = planted.Ear()
        return child

    def start_and(
        self,
        arguments: Sequence[str],
        when: Callable[[dict[str, Any]], bool],
        then: Callable[[subprocess.Popen[str]], None],
    ) -> Ran:
        """Run a command that tells JSON lines, doing something the first time one of them answers to `when`."""
        child = self.start(*arguments)
        guard = threading.Timer(PATIENCE, child.kill)
        guard.start()
        out, done = [], False
        assert child.stdout is not None and child.stderr is not None
        for line in child.stdout:
            out.append(line)
            if not done and when(json.loads(line)):
                done = True
                then(child)
        status = child.wait()
        guard.cancel()
        assert done, "the moment never came"
        return Ran(status, "".join(out), child.stderr.read())

    # --- its platform

    @property
    def running(self) -> control.Running:
        """The platform's daemon as it is now: pid, port, token."""
        found = control.locate(self.local)
        assert found is not None, "the platform does not run"
        return found

    @cached_property
    def api(self) -> Api:
        """Talks to the daemon that ran when it was first asked for."""
        return Api(self.running)

    def plant(self, app: str) -> None:
        """Create an app that has the secret nobody may find again."""
        self.manage("POST", "/v1/apps", {"name": app, "org_slug": "personal"})
        self.manage("POST", f"/v1/apps/{app}/secrets", {"values": {planted.NAME: planted.SECRET}})

    def manage(self, method: str, path: str, body: Any = None) -> Any:
        """One API call that must succeed; gives the answer's body."""
        answer = self.api.call(method, path, body)
        assert answer.status < 300, answer
        return answer.body
