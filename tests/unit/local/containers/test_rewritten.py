"""A Dockerfile made fit for an older builder: what changes, and what does not."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.local.containers.rewritten import knows_no_link, without_link
from flyctl_orchestrator.local.images.build_command import Ended


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("COPY --link a b", "COPY a b"),
        ("COPY --from=x --link /a /b", "COPY --from=x /a /b"),
        ("  add --link=true --chown=1 a b", "  add --chown=1 a b"),
        ("COPY --linked a b", None),
        ("COPY a --link", None),
        ("RUN tool --link a b", None),
        ("# COPY --link a b", None),
    ],
)
def test_link_is_taken_out_of_copy_alone(line: str, changed: str | None) -> None:
    assert without_link(f"FROM a\n{line}\nCMD b\n") == f"FROM a\n{changed or line}\nCMD b\n"


@pytest.mark.parametrize(
    ("status", "line", "expected"),
    [
        (1, "dockerfile parse error line 24: Unknown flag: link", True),
        (1, "unknown flag: link", True),
        (1, "unknown flag: linked", False),
        (0, "unknown flag: link", False),
    ],
)
def test_which_failure_is_about_it(status: int, line: str, expected: bool) -> None:
    assert knows_no_link(Ended(status, (line,))) is expected
