"""What a `docker build` that failed means to a person: what it said last, and what to do about it."""

from __future__ import annotations

import re

from flyctl_orchestrator.local.containers.builder_kinds import GETS_BUILDKIT, Builder
from flyctl_orchestrator.local.containers.here_documents import here_document
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

# What the classic builder and podman put around a step's own lines, and how they end.
_FRAME_BEFORE_BUILDKIT = re.compile(
    r"(?i)Sending build context to Docker daemon|Step \d+/\d+ ?:|-{2,3}> (?:Running in |Using cache ?)?[0-9a-f]*$"
    r"|Removing intermediate container|DEPRECATED: The legacy builder|BuildKit is currently disabled;"
    r"|environment-variable\.$|Install the buildx component"
)
_VERDICT_BEFORE_BUILDKIT = re.compile(r"The command '.*' returned a non-zero code|building at STEP \"")

_PARSE = r"(?i)(?:dockerfile parse error|build error:).*"
_NO_HERE_DOCUMENT = re.compile(_PARSE + r"unknown instruction|heredoc")
_NO_FLAG = re.compile(_PARSE + r"unknown flag: -*([\w-]+)")
_WANTS_BUILDKIT = re.compile(r"requires BuildKit|failed to parse platform|invalid component of \"\"")
_NEWER: dict[Builder, str] = {
    "buildkit": "an engine of Docker 23 or newer, or a first line `# syntax=docker/dockerfile:1` that can be fetched",
    "classic": "docker's buildx plugin, and an engine of Docker 23 or newer",
    "podman": "a newer podman",
}


def failed(ended: Ended, dockerfile: str = "", builder: Builder = "buildkit") -> BuildFailed:
    """What a build that failed said last: what the step wrote, each line once, and how the builder ended.

    Args:
        dockerfile: its text.
        builder: which one it was.
    """
    wrote: dict[str, None] = {}
    end = ""
    for line in ended.last_lines:
        text = _STEP.sub("", line.strip())
        if (_VERDICT if builder == "buildkit" else _VERDICT_BEFORE_BUILDKIT).match(text):
            end = text
        elif text and not (_FRAME if builder == "buildkit" else _FRAME_BEFORE_BUILDKIT).match(text):
            wrote[text] = None
    said = " | ".join([*list(wrote)[-_SHOWN_LINES:], *([end] if end else [])]) or "it wrote nothing"
    return BuildFailed(
        "build.failed",
        f"`docker build` ended with exit status {ended.status}: {said}",
        _too_old(ended, dockerfile, builder) or "'flyo deploy --verbose' shows its whole output.",
    )


def _too_old(ended: Ended, dockerfile: str, builder: Builder) -> str:
    """What to do when the Dockerfile uses what its builder does not know; "" when that is not why it failed."""
    said = "\n".join(ended.last_lines)
    if builder == "classic" and _WANTS_BUILDKIT.search(said):
        return f"This Dockerfile needs BuildKit: {GETS_BUILDKIT[builder]}."
    if here_document(dockerfile) and _NO_HERE_DOCUMENT.search(said):
        return f"Here-documents (<<) need {_NEWER[builder]}; else join a RUN's lines with `&& \\`, and COPY a file."
    flag = _NO_FLAG.search(said)
    if flag:
        return f"--{flag[1]} needs {_NEWER[builder]}; else write that line without it."
    return ""
