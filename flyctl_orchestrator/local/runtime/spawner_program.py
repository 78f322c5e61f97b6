"""Starts processes for the daemon: a program of its own, small and with one thread, whose forks cost next to nothing.

The daemon is large and has threads; a fork of it stops them all for milliseconds. Run as `python -I -S` with the number
of a socket; ends when the daemon closes its end. It imports nothing of flyo, and as little else as it can.

Each request is JSON with `argv`, `env` (pairs) and `cwd`, all bytes as Latin-1 text, and the descriptor that becomes
the process' output; each answer is JSON with its `pid`, and with an `errno` when it could not be executed. Both are
preceded by their length, four bytes.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import sys
from typing import Any

_PR_SET_CHILD_SUBREAPER = 36
_LONGEST = 8 * 1024 * 1024
_LIBC = ctypes.CDLL(None)


def main(descriptor: int) -> None:
    """Serve until the other end is closed."""
    link = socket.socket(fileno=descriptor)
    link.set_inheritable(False)
    while True:
        head, descriptors, _, _ = socket.recv_fds(link, 4, 1)
        if len(head) < 4:
            return
        os.set_inheritable(descriptors[0], False)
        body = _exactly(link, int.from_bytes(head, "big"))
        answer = json.dumps(_start(json.loads(body), descriptors[0])).encode()
        os.close(descriptors[0])
        link.sendall(len(answer).to_bytes(4, "big") + answer)


def _exactly(link: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        piece = link.recv(min(size - len(found), _LONGEST))
        if not piece:
            raise SystemExit(0)
        found += piece
    return found


def _start(asked: dict[str, Any], output: int) -> dict[str, int]:
    """Start a process whose parent is the daemon: that of this program's child ends at once, and the daemon adopts."""
    said, saying = os.pipe()
    try:
        between = os.fork()
    except OSError as error:
        os.close(said)
        os.close(saying)
        return {"errno": error.errno or 0}
    if between == 0:
        _hand_over(asked, output, saying)
    os.close(saying)
    os.waitpid(between, 0)
    with os.fdopen(said) as told:
        # It ends when the process has been executed, which closes the last writing end, or has failed to be.
        lines = dict(line.split() for line in told)
    return {name: int(number) for name, number in lines.items()}


def _hand_over(asked: dict[str, Any], output: int, saying: int) -> None:
    try:
        process = os.fork()
        if process == 0:
            _become(asked, output, saying)
        os.write(saying, f"pid {process}\n".encode())
    except OSError as error:
        os.write(saying, f"errno {error.errno}\n".encode())
    finally:
        os._exit(0)


def _become(asked: dict[str, Any], output: int, saying: int) -> None:
    try:
        os.setsid()
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(_bytes(asked["cwd"]))
        argv = [_bytes(word) for word in asked["argv"]]
        env = {_bytes(pair[0]): _bytes(pair[1]) for pair in asked["env"]}
        os.execvpe(argv[0], argv, env)
    except OSError as error:
        os.write(saying, f"errno {error.errno}\n".encode())
    finally:
        os._exit(127)


def _bytes(text: str) -> bytes:
    return text.encode("latin-1")


if __name__ == "__main__":
    main(int(sys.argv[1]))
