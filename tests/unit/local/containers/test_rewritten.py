"""A Dockerfile made fit for an older builder: what changes, and what does not."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.local.containers.rewritten import (
    knows_no_link,
    missing_frontend,
    without_link,
    without_syntax,
)
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
        (1, 'building at STEP "COPY --link a b": COPY only supports the --chmod=<permissions> and the --from', True),
        (1, 'building at STEP "COPY --chmd a b": COPY only supports the --chmod=<permissions> and the --from', False),
        (1, "unknown flag: linked", False),
        (0, "unknown flag: link", False),
    ],
)
def test_which_failure_is_about_it(status: int, line: str, expected: bool) -> None:
    assert knows_no_link(Ended(status, (line,))) is expected


@pytest.mark.parametrize(
    "before", ["", "# escape=`\n", "#!/usr/bin/env -S docker build -f\n", "\ufeff", "# check=skip=all\n#escape=`\n"]
)
@pytest.mark.parametrize("line", ["# syntax=far/frontend:1", "#syntax = far/frontend:1  ", "# SYNTAX=far/frontend:1"])
def test_a_frontend_that_cannot_be_had_is_no_longer_asked_for(before: str, line: str) -> None:
    text = f"{before}{line}\nFROM a\n"
    assert missing_frontend(Ended(1, ("#2 resolve image config for far/frontend:1",)), text) == "far/frontend:1"
    assert without_syntax(text) == f"{before}#\nFROM a\n"


@pytest.mark.parametrize(
    "text", ["FROM a\n# syntax=far/frontend:1\n", "# a comment\n# syntax=far/frontend:1\nFROM a\n", "\n# syntax=x\n"]
)
def test_a_comment_that_is_no_directive_stays(text: str) -> None:
    assert without_syntax(text) == text
    assert missing_frontend(Ended(1, ("#2 resolve image config for far/frontend:1",)), text) == ""


@pytest.mark.parametrize(("status", "line"), [(0, "resolve far/frontend:1"), (1, "resolve other:1"), (1, "exit 3")])
def test_other_failures_are_not_the_frontends(status: int, line: str) -> None:
    assert missing_frontend(Ended(status, (line,)), "# syntax=far/frontend:1\nFROM a\n") == ""
