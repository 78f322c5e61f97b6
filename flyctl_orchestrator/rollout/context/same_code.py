"""A second image of the same code: a Dockerfile that differs in a variable nobody reads."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from flyctl_orchestrator.fleet.builder import BuildRequest

MARK = "FLYO_SAME_CODE"
_FROM = re.compile(r"\s*FROM\s", re.IGNORECASE)
# RUN <<EOF: what follows, up to a line with that name, is no instruction.
_DOCUMENT = re.compile(r"^\s*(?:RUN|COPY|ADD)\s.*<<-?[\"']?(\w+)", re.IGNORECASE)


AGAIN = "flyo-again-"
"""How the tag of an image begins that was made although nothing had changed; it ends with the image's mark."""


def label_again(label: str) -> str:
    """The label of such an image, from one that never repeats."""
    return AGAIN + label.removeprefix("flyo-")


def mark_of(reference: str) -> str | None:
    """The mark of the image that is called so; None where it was not made again."""
    tag = reference.partition("@")[0].rpartition(":")[2]
    return tag.rpartition("-")[2] if tag.startswith(AGAIN) else None


def marked(request: BuildRequest, directory: Path, mark: str) -> BuildRequest:
    """What to build for an image that has the same code and another digest; where there is no Dockerfile, the same.

    Args:
        directory: where the marked Dockerfile is put; must exist, and stay until the image is built.
        mark: what tells this image from others of the same code; letters, digits, dashes.

    Raises:
        OSError: the Dockerfile cannot be read or written.
    """
    dockerfile = request.build.dockerfile or request.context / "Dockerfile"
    if dockerfile.is_file():
        # An absolute path: the copy is not in the context, and does not become part of it.
        copy = write_marked(dockerfile, directory, mark)
        request = replace(request, build=replace(request.build, dockerfile=copy))
    return request


def marked_dockerfile(text: str, mark: str) -> str:
    """`text` with one more environment variable in every stage, so that its image has another digest.

    At the end of each stage, so that what a builder has kept of it is used again.
    """
    lines: list[str] = []
    stages, continued, document = 0, False, ""
    for line in text.splitlines():
        if not continued and not document and _FROM.match(line):
            lines += [f"ENV {MARK}={mark}"] if stages else []
            stages += 1
        if document:
            document = "" if line.strip() == document else document
        elif found := _DOCUMENT.search(line):
            document = found[1]
        continued = line.rstrip().endswith("\\") and not line.lstrip().startswith("#")
        lines.append(line)
    return "\n".join([*lines, f"ENV {MARK}={mark}"]) + "\n"


def write_marked(dockerfile: Path, directory: Path, mark: str) -> Path:
    """A marked copy of a Dockerfile, with the list of what its build leaves out beside it.

    Args:
        directory: where to; must exist.

    Returns: the copy.

    Raises:
        OSError: it cannot be read or written.
    """
    target = directory / f"{dockerfile.name}.{mark}"
    # A comment in another encoding stays as it is.
    text = dockerfile.read_text("utf-8", "surrogateescape")
    target.write_text(marked_dockerfile(text, mark), "utf-8", "surrogateescape")
    ignored = dockerfile.with_name(f"{dockerfile.name}.dockerignore")
    if ignored.is_file():
        target.with_name(f"{target.name}.dockerignore").write_bytes(ignored.read_bytes())
    return target
