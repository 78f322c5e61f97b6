"""Here-documents of a Dockerfile, which builders learned late."""

from __future__ import annotations

import re

from flyctl_orchestrator.local.containers.builder_kinds import GETS_BUILDKIT, NAMES, Builder
from flyctl_orchestrator.local.images.failure import BuildFailed

# With the line that ends it: << alone can be a shift of bits.
_HERE_DOCUMENT = re.compile(
    r"^[ \t]*(?:RUN|COPY|ADD)\b(?:.*\\\n)*.*<<-?[\"']?(?P<word>\w+)[\"']?.*\n(?:.*\n)*?[ \t]*(?P=word)[ \t]*$",
    re.I | re.M,
)


def here_document(dockerfile: str) -> int:
    """The number of the line that has the first one; 0 for none."""
    found = _HERE_DOCUMENT.search(dockerfile)
    return dockerfile.count("\n", 0, found.start()) + 1 if found else 0


def refuse_here_documents(dockerfile: str, builder: Builder) -> None:
    """Refuse what the classic builder of newer engines would build without a word, and without what they say.

    Raises:
        BuildFailed: it is that builder, and there is one.
    """
    line = here_document(dockerfile) if builder == "classic" else 0
    if line:
        raise BuildFailed(
            "build.engine",
            f"{NAMES[builder]} knows no here-documents (<<, line {line} of the Dockerfile)",
            f"{GETS_BUILDKIT[builder]}, or join a RUN's lines with `&& \\`, and COPY a file.",
        )
