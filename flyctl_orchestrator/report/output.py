"""The one exit: all that `flyo` prints goes through here, and nothing that others wrote gets out of it as a command.

stdout is for data, stderr is for people.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TextIO

from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.report.line import Line
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.report.terminal import columns

# Code of the error of a command that was run for its output, which could not be written.
LOST = "output.lost"


@dataclass(frozen=True)
class Output:
    """Both streams of one run.

    A stream that cannot be written any more never ends a rollout: it is written to no longer. Only a command that was
    run for its data ends with an error when the data is lost, and not even then when its reader has gone (`| head`).
    """

    stdout: TextIO
    stderr: TextIO
    variables: Mapping[str, str]

    @classmethod
    def of(cls, environment: Environment, *, plain: bool = False) -> Output:
        """The streams of an environment.

        Args:
            plain: whether what is shown is read aloud, whatever the environment says.
        """
        spoken = {"FLYO_PLAIN": "1"} if plain else {}
        return cls(environment.stdout, environment.stderr, {**environment.variables, **spoken})

    @cached_property
    def style(self) -> Style:
        """What stdout can show."""
        return Style.of(self.stdout, self.variables)

    @cached_property
    def side_style(self) -> Style:
        """What stderr can show."""
        return Style.of(self.stderr, self.variables)

    @property
    def width(self) -> int | None:
        """Columns to fit tables on stdout into; None for as wide as they are."""
        return columns(self.style, self.variables)

    @property
    def gone(self) -> bool:
        """Whether stdout cannot be written any more, so that there is no use in going on showing things."""
        return _trouble(self.stdout) is not None

    # --- what a command was run for

    def show(self, *lines: Line | str) -> None:
        """Lines on stdout, which the command was run for.

        Raises:
            FlyoError: they could not be written (code output.lost).
        """
        self.report(*lines)
        self._need()

    def document(self, data: Any, *, indent: int | None = 2) -> None:
        """One JSON document on stdout, which the command was run for.

        Raises:
            FlyoError: it could not be written (code output.lost).
        """
        self.record(data, indent=indent)
        self._need()

    # --- what accompanies what was done

    def report(self, *lines: Line | str) -> None:
        """Lines on stdout about what was done; that they cannot be written changes nothing about it."""
        self._write(self.stdout, "".join(f"{self.style.characters(line)}\n" for line in lines))

    def record(self, data: Any, *, indent: int | None = None) -> None:
        """One JSON document on stdout about what was done."""
        self._write(self.stdout, json_text(data, indent=indent) + "\n")

    def say(self, *lines: Line | str) -> None:
        """Lines on stderr, for a person."""
        self._write(self.stderr, "".join(f"{self.side_style.characters(line)}\n" for line in lines))

    def command(self, command: str) -> None:
        """One of our own commands to GitHub's runner, its data escaped already, on stderr."""
        assert command.startswith("::"), command
        self._write(self.stderr, f"{self.side_style.fit(command)}\n")

    def warn_of_loss(self) -> None:
        """Say that stdout could not be written, unless its reader went away by itself."""
        trouble = _trouble(self.stdout)
        if trouble is not None and trouble.errno != errno.EPIPE:
            self.say(f"warning: stdout could not be written ({trouble.strerror or trouble}); a part of it is missing")

    def _need(self) -> None:
        trouble = _trouble(self.stdout)
        if trouble is not None and trouble.errno != errno.EPIPE:
            raise FlyoError(
                f"the output could not be written ({trouble.strerror or trouble})",
                where="stdout",
                next="Make room, or let it go elsewhere, and run the command again",
                code=LOST,
            )

    def _write(self, stream: TextIO, text: str) -> None:
        stream.write(text)
        stream.flush()


def _trouble(stream: TextIO) -> OSError | None:
    """Why a stream cannot be written any more; streams of the process remember it (`cli.streams`)."""
    lost: OSError | None = getattr(stream, "lost", None)
    return lost


def json_text(data: Any, *, indent: int | None = None) -> str:
    """JSON in which no character is a command to a terminal, and no text is one to a pipeline's runner."""
    text = json.dumps(data, ensure_ascii=True, indent=indent, default=str)
    return text.replace("\x7f", "\\u007f").replace("##", "#\\u0023")
