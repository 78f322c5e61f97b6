"""What an app looks for that Fly.io and containers have, and a process on this computer has not: /data, a program."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NOT_THERE = re.compile(r"no such file|enoent|filenotfound|not found|permission denied|eacces|read-only|erofs", re.I)
# What SQLite says, and what is made of it, without the file that it means.
_NO_DATABASE = re.compile(r"unable to open database file|directory does not exist|SQLITE_CANTOPEN", re.I)
_NO_PROGRAM = re.compile(r"(?:^|[\s/])(?:ba|da|z|)sh: (?:line )?(?:\d+: )?([^\s:]+): (?:command )?not found$")
_CONTAINERS = 'start a container engine and write runtime = "container" under [local] in flyo.toml'


def told(line: str, paths: Iterable[str]) -> str:
    """What to do about a line that a process wrote because something is not here, one sentence; "" for any other.

    Args:
        paths: of its volumes, as the app knows them: "/data".
    """
    if found := _NO_PROGRAM.search(line.strip()):
        made = "/" in found[1]
        where, do = (
            ("in the image", "make it with `build` under [local]") if made else ("on this computer", "install it")
        )
        return f"{found[1]} is not {where}: {do}, or {_CONTAINERS}"
    unnamed = _NO_DATABASE.search(line)
    if not unnamed and not _NOT_THERE.search(line):
        return ""
    for path in paths:
        if unnamed or re.search(rf"(?<![\w./-]){re.escape(path)}(?![\w-])", line):
            here = f"a process has its volume at $HOME{path}, not at {path} of this computer"
            return f"{here}: let the app read the path from a variable, or {_CONTAINERS}"
    return ""
