"""The flyctl that the suite calls: a script that says where the platform is, and takes a builder that is here."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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


# A test that names a slow server for flyctl's metrics gets ours, which is slow as well; all others send none.
_METRICS = """
if [ -n "$FLY_METRICS_BASE_URL" ]; then
  export FLY_METRICS_BASE_URL='{}'
else
  export FLY_SEND_METRICS=0
fi
"""
# Seconds; longer than flyctl waits.
_SLOW = 20.0


def write(path: Path, flyctl: Path, environment: Mapping[str, str], metrics: str, *, engine: bool) -> None:
    """Write the script.

    Args:
        flyctl: the program that it becomes.
        environment: what that finds; the suite gives flyctl an environment of its own.
        metrics: address of the slow server.
        engine: whether there is one to build with.
    """
    said = {name: value for name, value in environment.items() if name != "FLY_SEND_METRICS"}
    lines = [*(f"export {name}='{value}'" for name, value in said.items()), _METRICS.format(metrics)]
    steps = _BUILDER if engine else _BUILDER[_BUILDER.index("# The check") :]
    path.write_text("\n".join(["#!/bin/sh", *lines, steps, f"exec '{flyctl}' \"$@\""]) + "\n")
    path.chmod(0o700)


@contextlib.contextmanager
def slow_metrics() -> Iterator[str]:
    """A server for flyctl's metrics that answers late; its address."""
    ended = threading.Event()

    class Late(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            ended.wait(_SLOW)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Late) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        ended.set()
        server.shutdown()
