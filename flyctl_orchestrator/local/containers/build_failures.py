"""What a `docker build` that failed means to a person: what it said last, and what to do about it."""

from __future__ import annotations

import re

from flyctl_orchestrator.local.images.build_command import Ended
from flyctl_orchestrator.local.images.failure import BuildFailed

_SHOWN_LINES = 5
# BuildKit's number of the step and its seconds; what it puts around a step's own lines; and how it ends.
_STEP = re.compile(r"#\d+ (?:\d+\.\d{1,3} )?|\d+\.\d{3} ")
_FRAME = re.compile(
    r"-+$|> \[|\d+ \||\S*Dockerfile\S*:\d+$|\[(?:internal|(?:[\w.-]+ )?\d+/\d+)\]"
    r"|(?:DONE|CACHED|transferring|sha256:|resolve|extracting|exporting)\b"
)
_VERDICT = re.compile(r"(?:ERROR: |error: )?(?:executor failed|failed to solve|process \")")

_HERE_DOCUMENT = re.compile(r"(?im)^[ \t]*(?:RUN|COPY|ADD)\b.*<<-?[\"']?\w")
_PARSE = r"(?i)dockerfile parse error.*"
_NO_HERE_DOCUMENT = re.compile(_PARSE + r"unknown instruction|heredoc")
_NO_FLAG = re.compile(_PARSE + r"unknown flag: -*([\w-]+)")
_WANTS_BUILDKIT = re.compile(r"requires BuildKit|failed to parse platform|invalid component of \"\"")

_PLUGIN = "install docker's buildx plugin (Debian: docker-buildx or docker-buildx-plugin), then deploy again"
_NEWER = "an engine of Docker 23 or newer, or a first line `# syntax=docker/dockerfile:1` whose image can be fetched"


def failed(ended: Ended, dockerfile: str = "", *, buildkit: bool = True) -> BuildFailed:
    """What a build that failed said last: what the step wrote, each line once, and how the builder ended.

    Args:
        dockerfile: its text.
        buildkit: whether it was BuildKit that built.
    """
    wrote: dict[str, None] = {}
    end = ""
    for line in ended.last_lines:
        text = _STEP.sub("", line.strip())
        if _VERDICT.match(text):
            end = text
        elif text and not _FRAME.match(text):
            wrote[text] = None
    said = " | ".join([*list(wrote)[-_SHOWN_LINES:], *([end] if end else [])]) or "it wrote nothing"
    return BuildFailed(
        "build.failed",
        f"`docker build` ended with exit status {ended.status}: {said}",
        _too_old(ended, dockerfile, buildkit) or "'flyo deploy --verbose' shows its whole output.",
    )


def _too_old(ended: Ended, dockerfile: str, buildkit: bool) -> str:
    """What to do when the Dockerfile uses what its builder does not know; "" when that is not why it failed."""
    said = "\n".join(ended.last_lines)
    if not buildkit and _WANTS_BUILDKIT.search(said):
        return f"This Dockerfile needs BuildKit, and this `docker` has the classic builder only: {_PLUGIN}."
    needed = _NEWER if buildkit else f"BuildKit ({_PLUGIN}) in {_NEWER}"
    if _HERE_DOCUMENT.search(dockerfile) and _NO_HERE_DOCUMENT.search(said):
        return f"Here-documents (<<) need {needed}; else join a RUN's lines with `&& \\`, and COPY a file."
    flag = _NO_FLAG.search(said)
    if flag:
        return f"--{flag[1]} needs {needed}; else write that line without it."
    return ""
