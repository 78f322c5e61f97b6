"""Running one command line: finding the command, exit statuses, signals."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from flyctl_orchestrator.local.stand_in.arguments import parse
from flyctl_orchestrator.local.stand_in.commands import find
from flyctl_orchestrator.local.stand_in.failures import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    MISUNDERSTOOD,
    Failure,
    Interrupted,
    misunderstood,
)
from flyctl_orchestrator.local.stand_in.session import Session


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line of this process; its exit status."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        command = find(words)
        session = Session(
            arguments=parse(command.name, command.flags, words[len(command.name.split()) :]),
            env=os.environ,
            cwd=Path.cwd(),
            stdin=sys.stdin.buffer,
            out=sys.stdout,
            err=sys.stderr,
            now=time.time,
            sleep=time.sleep,
        )
        command.load()(session)
    except (Failure, *MISUNDERSTOOD) as problem:
        failure = problem if isinstance(problem, Failure) else misunderstood(problem)
        sys.stdout.flush()
        sys.stderr.write(f"Error: {failure.message}\n")
        if failure.detail:
            sys.stderr.write(f"{failure.detail}\n\n")
        return EXIT_FAILED
    except (Interrupted, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise Interrupted()
