"""Dockerfiles made fit for the builder that there is: copies without what it does not have."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from flyctl_orchestrator.local.images.build_command import Ended

# Directives are comments that come before anything else; a file that runs itself begins with its interpreter.
_SYNTAX = re.compile(
    r"\A(?P<before>\ufeff?(?:#!.*\n)?(?:[ \t]*#[ \t]*\w+[ \t]*=.*\n)*?)"
    r"[ \t]*#[ \t]*syntax[ \t]*=[ \t]*(?P<image>\S+).*$",
    re.I | re.M,
)
_LINK = re.compile(r"(?im)^(\s*(?:COPY|ADD)\s+(?:--\S+\s+)*?)--link(?:=true)?\s+")
# The second is podman's.
_UNKNOWN_LINK = re.compile(r"unknown flag: (?:--)?link\b|STEP \"(?:COPY|ADD) .*--link\b.*only supports", re.I)


def text_of(dockerfile: Path) -> str:
    """What it says; bytes that are no UTF-8 do no harm."""
    return dockerfile.read_text("utf-8", "replace")


def missing_frontend(ended: Ended, text: str) -> str:
    """The image that a `# syntax=` line names when the build failed because it cannot be had, else ""."""
    named = _SYNTAX.match(text)
    if not ended.status or named is None:
        return ""
    short = named["image"].partition("@")[0]
    blamed = [line for line in ended.last_lines if short in line and ("resolve" in line or "pull" in line)]
    return named["image"] if blamed else ""


def without_syntax(text: str) -> str:
    """A Dockerfile that asks for no other frontend; its lines keep their numbers."""
    return _SYNTAX.sub(r"\g<before>#", text, count=1)


def knows_no_link(ended: Ended) -> bool:
    """Whether the build failed since its builder is older than COPY --link."""
    return bool(ended.status) and any(_UNKNOWN_LINK.search(line) for line in ended.last_lines)


def without_link(text: str) -> str:
    """A Dockerfile without the --link of its COPY and ADD, which decides about the cache and not about the files."""
    return _LINK.sub(r"\1", text)


def rewritten(dockerfile: Path, aside: Path, change: Callable[[str], str]) -> Path:
    """A changed copy of a Dockerfile in a directory of its own, with the rules about the context beside it."""
    aside.mkdir()
    copy = aside / dockerfile.name
    copy.write_text(change(text_of(dockerfile)), "utf-8")
    rules = dockerfile.with_name(f"{dockerfile.name}.dockerignore")
    if rules.is_file():
        shutil.copyfile(rules, aside / f"{copy.name}.dockerignore")
    return copy
