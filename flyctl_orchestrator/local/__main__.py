"""`python -m flyctl_orchestrator.local`: run the daemon in the foreground, or drive it from a script."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from flyctl_orchestrator.local import control
from flyctl_orchestrator.local.environment import as_shell


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; returns the exit status."""
    options = _parser().parse_args(arguments)
    state = Path(options.state).expanduser().absolute() if options.state else control.state_dir(os.environ)
    try:
        return int(COMMANDS[options.command](state, options))
    except control.ControlError as problem:
        return _failed(problem.what, problem.next)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m flyctl_orchestrator.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    helps = {
        "daemon": "run in the foreground",
        "up": "start in the background and wait until it is ready",
        "down": "stop, with every machine",
        "status": "what runs, as JSON",
        "env": "shell lines that point flyctl at it",
    }
    for name, text in helps.items():
        command = commands.add_parser(name, help=text)
        command.add_argument("--state", help="directory of the platform; default $FLYO_LOCAL_DIR")
        if name in ("daemon", "up"):
            command.add_argument("--port", type=int, default=None, help=f"default {control.DEFAULT_PORT}; 0: any")
    return parser


def _daemon(state: Path, options: argparse.Namespace) -> int:
    from flyctl_orchestrator.local.daemon import CannotStart, Options, run

    port = control.DEFAULT_PORT if options.port is None else options.port
    try:
        run(Options(port, state, dict(os.environ)))
    except CannotStart as problem:
        return _failed(problem.what, problem.next)
    return 0


def _up(state: Path, options: argparse.Namespace) -> int:
    return _say(control.start(state, options.port).url)


def _down(state: Path, options: argparse.Namespace) -> int:
    return _say("stopped" if control.stop(state) else "nothing was running")


def _status(state: Path, options: argparse.Namespace) -> int:
    running = control.locate(state)
    if running is None:
        return _failed("the local platform does not run", "Start it with `up`")
    return _say(json.dumps(control.call(running, "GET", "/_local/status")[1], indent=2))


def _env(state: Path, options: argparse.Namespace) -> int:
    running = control.locate(state)
    if running is None:
        return _failed("the local platform does not run", "Start it with `up`")
    return _say(as_shell(control.environment(running)).rstrip("\n"))


COMMANDS = {"daemon": _daemon, "up": _up, "down": _down, "status": _status, "env": _env}


def _say(text: str) -> int:
    sys.stdout.write(f"{text}\n")
    return 0


def _failed(what: str, next: str) -> int:
    sys.stderr.write(f"error: {what}\n" + (f"next: {next}\n" if next else ""))
    return 1


if __name__ == "__main__":
    sys.exit(main())
