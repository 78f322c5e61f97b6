"""Volumes as an app's code names them: /data is there on Fly.io and in a container, and not for a process here."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NOT_THERE = re.compile(r"no such file|enoent|filenotfound|not found|permission denied|eacces|read-only|erofs", re.I)


def told(line: str, paths: Iterable[str]) -> str:
    """What a line that a process wrote tells about its volumes: one that it looks for at this computer's root.

    Args:
        paths: of its volumes, as the app knows them: "/data".

    Returns:
        What to do, one sentence; "" where the line tells nothing of that kind.
    """
    if not _NOT_THERE.search(line):
        return ""
    for path in paths:
        if re.search(rf"(?<![\w./-]){re.escape(path)}(?![\w-])", line):
            here = f"a process has its volume at $HOME{path}, not at {path} of this computer"
            other = 'start a container engine and write runtime = "container" under [local] in flyo.toml'
            return f"{here}: let the app read the path from a variable, or {other}"
    return ""
