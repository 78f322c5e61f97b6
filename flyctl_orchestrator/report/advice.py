"""Advice that works as it is typed: commands named in it get the options that say which Fly and which app.

Most advice is written where nobody knows how the command was called. What leads to the same app again, such as --local,
is put in here, right after the command's name, so that it also comes before `--` and before a file.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

# Commands that take --local, -a and -c, and those that take no -c. A test holds both against the commands.
_ALL = """
    cost deploy doctor history history-show lock-release lock-status lock-take logs open plan probe
    regions-suggest rehearse review-down review-up rollback run scale secrets-check secrets-generate
    secrets-import secrets-list secrets-set secrets-unset ssh status watch
"""
ALL = frozenset(_ALL.split())
WITHOUT_FILE = frozenset({"init"})
GROUPS = ("history", "lock", "regions", "review", "secrets")

# "flyo" and a command, wherever they stand: in quotes, at the end of a sentence, after a pipe.
_COMMAND = re.compile(rf"\bflyo ((?:{'|'.join(GROUPS)}) [a-z]+|[a-z]+)\b(?P<rest>[^'\n]*)")

# A command of flyctl that is about an app, and not about whoever is logged in or about a file.
_FLYCTL = re.compile(r"'flyctl (?!auth |config )")


@dataclass(frozen=True)
class TypedTarget:
    """What a command line said of its target, to be said again.

    Attributes:
        local: whether --local was given, and nothing else stands for it.
        app, config: -a and -c, None for one that was not given.
        on_local: whether it is the local platform, however that was said: flyctl by itself would change Fly.io.
    """

    local: bool = False
    app: str | None = None
    config: str | None = None
    on_local: bool = False

    def advice(self, text: str) -> str:
        """The text, in which every command of flyo and flyctl leads to the same target."""
        if self.on_local:
            text = _FLYCTL.sub("'flyo local exec -- flyctl ", text)
        if not (self.local or self.app or self.config):
            return text
        return _COMMAND.sub(self._completed, text)

    def _completed(self, match: re.Match[str]) -> str:
        options = self._options(match[1].replace(" ", "-"), match["rest"].split())
        return f"flyo {match[1]}{''.join(f' {each}' for each in options)}{match['rest']}"

    def _options(self, command: str, given: Sequence[str]) -> list[str]:
        """What is missing in a command that names `given` already."""
        options: list[str] = []
        if command not in ALL | WITHOUT_FILE:
            return options
        options += ["--local"] if self.local and "--local" not in given else []
        options += [f"-a {shlex.quote(self.app)}"] if self.app and "-a" not in given else []
        if command in ALL:
            options += [f"-c {shlex.quote(self.config)}"] if self.config and "-c" not in given else []
        return options
