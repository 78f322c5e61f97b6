"""Which Dockerfiles have here-documents, and who refuses them."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.local.containers.here_documents import here_document, refuse_here_documents
from flyctl_orchestrator.local.images.failure import BuildFailed

_WRITTEN = "FROM a\nRUN <<END\necho hi\nEND\n"


@pytest.mark.parametrize(
    ("lines", "at"),
    [
        ("RUN <<END\necho hi\nEND", 2),
        ("RUN python3 <<-'END'\nprint(1)\n\tEND", 2),
        ('COPY <<"one" <<two /there\na\none\nb\ntwo', 2),
        ("USER b\nrun set -e; \\\n    cat <<EOF > /x\na\nEOF\nCMD c", 3),
        ("RUN echo $((1<<END))\nRUN c", 0),
        ("RUN cat <<<word\nRUN b", 0),
        ("CMD cat <<END\nhi\nEND", 0),
        ("# RUN <<END\n# hi\n# END", 0),
    ],
)
def test_it_has_a_line_that_ends_it(lines: str, at: int) -> None:
    assert here_document(f"FROM a\n{lines}\n") == at


def test_the_classic_builder_is_not_asked_for_what_it_would_leave_out() -> None:
    with pytest.raises(BuildFailed, match=r"knows no here-documents \(<<, line 2 of the Dockerfile") as refused:
        refuse_here_documents(_WRITTEN, "classic")
    assert refused.value.code == "build.engine" and "buildx plugin" in refused.value.hint
    refuse_here_documents(_WRITTEN, "buildkit")
    refuse_here_documents("FROM a\nRUN b\n", "classic")
