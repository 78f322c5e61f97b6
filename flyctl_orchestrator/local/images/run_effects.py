"""The few commands of a RUN that only touch the image's own files, honoured although RUN is not executed.

An entry script is often made executable by `RUN chmod +x`, and a data directory by `RUN mkdir -p`: without them a
correct image would not start. Everything else in a RUN is passed over.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import pairwise

from flyctl_orchestrator.local.images.stages import Run
from flyctl_orchestrator.local.images.tree import DIRECTORY, Tree

_BETWEEN = re.compile(r"&&|\|\||[;|\n]")
_ADDS_X = re.compile(r"[ugoa]*\+[rwst]*x|[0-7]?[1357][0-7]{2}")


# What is done in a RUN for the base image and not for the app, or is done here anyhow.
_NOT_FOR_THE_APP = re.compile(
    r"(apt|apt-get|apk|dnf|yum|microdnf|mkdir|install|chmod|chown|groupadd|useradd|adduser|addgroup|ln|rm|echo|printf|cd"
    r"|set|export|update-ca-certificates|curl|wget|pip3?|npm (ci|install|i)|python3? -m (pip|venv)|corepack|:)(\s|$)"
)
_MOST_LINES = 3


def build_lines(runs: Mapping[int, str]) -> list[str]:
    """Commands of RUN instructions that may make files of the app, e.g. "`npm run build` (line 7)"; the first three.

    Args:
        runs: text of each instruction, by its line.
    """
    found = []
    for line, text in sorted(runs.items()):
        commands = (part.strip() for part in _BETWEEN.split(text))
        useful = [each for each in commands if each and not _NOT_FOR_THE_APP.match(each)]
        found += [f"`{each[:80]}` (line {line})" for each in useful]
    return found[:_MOST_LINES]


def honour(run: Run, tree: Tree) -> None:
    """Apply the `mkdir`, `install -d` and `chmod +x` of a RUN to a root."""
    for words in _commands(run.text):
        operands = _operands(words)
        if words[0] == "mkdir" or (words[0] == "install" and "-d" in words):
            for word in operands:
                _make(_path(word, run.workdir), tree)
        elif words[0] == "chmod" and operands and _ADDS_X.fullmatch(operands[0]):
            below = any(word.startswith("-") and "R" in word for word in words)
            for word in operands[1:]:
                _make_executable(_path(word, run.workdir), below, tree)


def _commands(text: str) -> Iterator[list[str]]:
    for part in _BETWEEN.split(text):
        try:
            words = shlex.split(part)
        except ValueError:
            continue  # the quotes of something more intricate, which is not honoured anyway
        # A variable's value is only known where the command really runs.
        if words and not any("$" in word or "`" in word for word in words):
            yield words


def _operands(words: list[str]) -> list[str]:
    """The words that are no options; `-o`, `-g` and `-m` take the next word with them, except for chmod."""
    takes_next = () if words[0] == "chmod" else ("-o", "-g", "-m")
    return [word for before, word in pairwise(words) if not word.startswith("-") and before not in takes_next]


def _path(word: str, workdir: str) -> str:
    return posixpath.normpath(posixpath.join("/", workdir, word)).strip("/")


def _make(path: str, tree: Tree) -> None:
    if path and path not in tree:
        tree.place(path, DIRECTORY)


def _make_executable(pattern: str, below: bool, tree: Tree) -> None:
    depth = pattern.count("/")
    for path, item in list(tree.items()):
        fits = fnmatchcase(path, pattern) and path.count("/") == depth
        if item.kind == "file" and (fits or (below and path.startswith(pattern + "/"))):
            tree[path] = replace(item, executable=True)
