"""What a failed `docker build` is said to have died of, and what to do about it."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.local.containers.build_failures import failed
from flyctl_orchestrator.local.images.build_command import Ended

_OLD = """#7 [3/7] COPY package.json .
#7 DONE 0.1s
#8 [4/7] RUN npm ci
#8 2.7 npm error code EUSAGE
#8 2.7 npm error there is no package-lock.json
#8 ERROR: executor failed running [/bin/sh -c npm ci]: exit code: 1
------
 > [4/7] RUN npm ci:
#8 2.7 npm error code EUSAGE
#8 2.7 npm error there is no package-lock.json
------
executor failed running [/bin/sh -c npm ci]: exit code: 1"""
_NEW = """#9 1.234 no such tool
#9 ERROR: process "/bin/sh -c make" did not complete successfully: exit code: 2
------
 > [3/4] RUN make:
1.234 no such tool
------
Dockerfile:3
--------------------
   3 | >>> RUN make
--------------------
ERROR: failed to solve: process "/bin/sh -c make" did not complete successfully: exit code: 2"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            _OLD,
            "npm error code EUSAGE | npm error there is no package-lock.json"
            " | executor failed running [/bin/sh -c npm ci]: exit code: 1",
        ),
        (
            _NEW,
            'no such tool | ERROR: failed to solve: process "/bin/sh -c make" did not complete'
            " successfully: exit code: 2",
        ),
        ("a\nThe command 'x' returned a non-zero code: 3", "a | The command 'x' returned a non-zero code: 3"),
        ("", "it wrote nothing"),
    ],
)
def test_a_failed_build_says_what_its_step_wrote_and_how_it_ended(text: str, said: str) -> None:
    error = failed(Ended(1, tuple(text.splitlines()))).error
    assert error == f"`docker build` ended with exit status 1: {said}"


_HERE = "FROM a\nRUN <<END\necho hi\nEND\n"


@pytest.mark.parametrize(
    ("dockerfile", "line", "buildkit", "begins"),
    [
        (
            "FROM a\nRUN --mount=type=cache,target=/x b\n",
            "the --mount option requires BuildKit. Refer to the manual",
            False,
            "This Dockerfile needs BuildKit, and this `docker` has the classic builder only",
        ),
        (
            "FROM --platform=$BUILDPLATFORM a\n",
            'failed to parse platform : "" is an invalid component of "": platform specifier component must match',
            False,
            "This Dockerfile needs BuildKit",
        ),
        (_HERE, "dockerfile parse error line 3: unknown instruction: ECHO", True, "Here-documents (<<) need an engine"),
        (_HERE, "dockerfile parse error line 3: unknown instruction: ECHO", False, "Here-documents (<<) need BuildKit"),
        ("FROM a\nCOPYY b c\n", "dockerfile parse error line 2: unknown instruction: COPYY", True, "'flyo deploy"),
        (_HERE, "#5 0.1 hi: exit code: 3", True, "'flyo deploy --verbose'"),
        (
            "FROM a\nCOPY --parents b c\n",
            "dockerfile parse error on line 2: unknown flag: --parents",
            True,
            "--parents",
        ),
        ("FROM a\nRUN tool --odd\n", "#5 0.1 unknown flag: --odd", True, "'flyo deploy --verbose'"),
        ("FROM a\nRUN npm ci\n", "#5 0.1 this package requires BuildKit", True, "'flyo deploy --verbose'"),
    ],
)
def test_a_builder_that_is_too_old_is_told_from_a_mistake(
    dockerfile: str, line: str, buildkit: bool, begins: str
) -> None:
    assert failed(Ended(1, (line,)), dockerfile, buildkit=buildkit).hint.startswith(begins)
