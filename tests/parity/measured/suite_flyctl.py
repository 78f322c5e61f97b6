"""The flyctl that the suite calls: a script that says where the platform is, and takes a builder that is here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

# Builders of Fly.io are not on this computer, flyctl's own with the user's engine is. It is asked for where there is
# something to build only: an image by its name is looked up the same way by all of them.
_BUILDER = """
build() {
  for word do
    if [ -f "$word/Dockerfile" ] || [ "$word" = --dockerfile ]; then return 0; fi
  done
  [ -f Dockerfile ]
}
case "$1" in
launch | deploy | console)
  if build "$@"; then
    for word do
      shift
      case "$word" in
      --remote-only | --buildkit | --depot) ;;
      *) set -- "$@" "$word" ;;
      esac
    done
    set -- "$@" --local-only
  fi
  ;;
esac
# The check of an app's name at 8.8.8.8 takes a minute and leaves this computer.
case "$1" in launch | deploy) set -- "$@" --dns-checks=false ;; esac
"""


def write(path: Path, flyctl: Path, environment: Mapping[str, str], *, engine: bool) -> None:
    """Write the script.

    Args:
        flyctl: the program that it becomes.
        environment: what that finds; the suite gives flyctl an environment of its own.
        engine: whether there is one to build with.
    """
    lines = [f"export {name}='{value}'" for name, value in environment.items()]
    steps = _BUILDER if engine else _BUILDER[_BUILDER.index("# The check") :]
    path.write_text("\n".join(["#!/bin/sh", *lines, steps, f"exec '{flyctl}' \"$@\""]) + "\n")
    path.chmod(0o700)
