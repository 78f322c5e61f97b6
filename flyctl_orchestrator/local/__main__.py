"""`python -m flyctl_orchestrator.local daemon`: the daemon in the foreground. `flyo local` starts it for people."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from flyctl_orchestrator.local.daemon import control


def main(arguments: list[str] | None = None) -> int:
    """Run the daemon until it is told to end; returns the exit status."""
    from flyctl_orchestrator.local.daemon.daemon import CannotStart, Options, run

    options = _parser().parse_args(arguments)
    state = Path(options.state).expanduser().absolute() if options.state else control.state_dir(os.environ)
    try:
        run(Options(options.port, state, dict(os.environ)))
    except CannotStart as problem:
        sys.stderr.write(f"error: {problem.what}\nnext: {problem.next}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m flyctl_orchestrator.local", description=__doc__)
    daemon = parser.add_subparsers(required=True).add_parser("daemon", help="run in the foreground")
    daemon.add_argument("--state", help="directory of the platform; default $FLYO_LOCAL_DIR")
    daemon.add_argument("--port", type=int, default=control.DEFAULT_PORT, help="default %(default)s; 0: any")
    return parser


if __name__ == "__main__":
    sys.exit(main())
