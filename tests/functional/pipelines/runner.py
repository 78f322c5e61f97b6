"""A pipeline's jobs, run as a runner would: a clean environment, a shell a step, nothing but what the file says."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.flyo_process import FLYO, Computer

# Programs that reach out of this computer: they write down how they were called. curl leaves an empty archive behind.
STAND_INS = {
    "pip": "",
    "gh": 'for word in "$@"; do last=$word; done; cat "$last" > "$RUNNER_LOG.comment"\n',
    "curl": "",
    "tar": "",
}


def read(path: Path) -> Any:
    """A pipeline's file."""
    return YAML(typ="safe", pure=True).load(path.read_text("utf-8"))


@dataclass
class Runner:
    """Runs a pipeline's commands in a checkout.

    Attributes:
        computer: where the local platform is.
        variables: what the pipeline's host sets.
        secrets: names of secrets -> values; the file says which step gets which.
    """

    computer: Computer
    variables: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        bin_ = self.computer.root / "bin"
        bin_.mkdir()
        (bin_ / "flyo").symlink_to(FLYO)
        for name, more in STAND_INS.items():
            (bin_ / name).write_text(f'#!/bin/bash\necho "{name} $*" >> "$RUNNER_LOG"\n{more}')
            (bin_ / name).chmod(0o755)

    @property
    def log(self) -> Path:
        """How programs that reach out were called."""
        return self.computer.root / "called"

    @property
    def comment(self) -> str:
        """What was written to the pull request."""
        return Path(f"{self.log}.comment").read_text("utf-8")

    def github(self, workflow: Any, job: str, event: Mapping[str, str]) -> list[tuple[str, int, str]]:
        """Run a job's steps that are commands; gives each one's name, status and output, up to the first that fails."""
        ends = []
        for step in workflow["jobs"][job]["steps"]:
            if "run" not in step:
                assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step["uses"]), step["uses"]
                continue
            env = {**workflow.get("env", {}), **step.get("env", {})}
            given = {name: self._expression(str(value), event) for name, value in env.items()}
            ran = self._bash(step["run"], given)
            ends.append((step.get("name", step["run"]), *ran))
        return ends

    def gitlab(self, pipeline: Any, job: str) -> tuple[int, str]:
        """Run a job's script, with what it extends."""
        said = pipeline[job]
        before = pipeline[said["extends"]]["before_script"] if "extends" in said else []
        lines = "\n".join([*before, *said["script"], *said.get("after_script", [])])
        return self._bash(lines, {**pipeline["variables"], **self.secrets})

    def _expression(self, text: str, event: Mapping[str, str]) -> str:
        known = {**{f"secrets.{name}": value for name, value in self.secrets.items()}, **event}
        return re.sub(r"\$\{\{ ([\w.]+) \}\}", lambda found: known[found[1]], text)

    def _bash(self, script: str, given: Mapping[str, str]) -> tuple[int, str]:
        computer = self.computer
        kept = {name: os.environ[name] for name in ("COVERAGE_PROCESS_CONFIG",) if name in os.environ}
        own = {name: value for name, value in computer.variables.items() if name.startswith("FLYO_") or name == "HOME"}
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=computer.project,
            env={
                **kept, **own, "PATH": f"{computer.root / 'bin'}:/usr/bin:/bin", "CI": "true", "LANG": "C.UTF-8",
                "RUNNER_LOG": str(self.log), **self.variables, **given,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=computer.patience,
            check=False,
        )  # fmt: skip
        return ran.returncode, ran.stdout
