"""What a failed `docker build` is said to have died of, and what to do about it."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.local.containers.build_failures import failed
from flyctl_orchestrator.local.containers.builder_kinds import Builder
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
        ("", "it wrote nothing"),
    ],
)
def test_a_failed_build_says_what_its_step_wrote_and_how_it_ended(text: str, said: str) -> None:
    error = failed(Ended(1, tuple(text.splitlines()))).error
    assert error == f"`docker build` ended with exit status 1: {said}"


_CLASSIC = """DEPRECATED: The legacy builder is deprecated and will be removed in a future release.
            BuildKit is currently disabled; enable it by removing the DOCKER_BUILDKIT=0
            environment-variable.
Sending build context to Docker daemon  2.048kB
Step 1/2 : FROM a
 ---> 0123abcd
Step 2/2 : RUN make
 ---> Running in 4567ef
no such tool
Removing intermediate container 4567ef
The command '/bin/sh -c make' returned a non-zero code: 2"""
_PODMAN = """Sending build context to Docker daemon  2.048kB
STEP 1/2: FROM a
--> 0123abcd
STEP 2/2: RUN make
no such tool
building at STEP "RUN make": while running runtime: exit status 2"""


@pytest.mark.parametrize(
    ("text", "builder", "end"),
    [
        (_CLASSIC, "classic", "The command '/bin/sh -c make' returned a non-zero code: 2"),
        (_PODMAN, "podman", 'building at STEP "RUN make": while running runtime: exit status 2'),
    ],
)
def test_the_step_is_heard_out_of_an_older_builder(text: str, builder: Builder, end: str) -> None:
    error = failed(Ended(1, tuple(text.splitlines())), builder=builder).error
    assert error == f"`docker build` ended with exit status 1: no such tool | {end}"


_HERE = "FROM a\nRUN <<END\necho hi\nEND\n"


@pytest.mark.parametrize(
    ("dockerfile", "line", "builder", "begins"),
    [
        (
            "FROM a\nRUN --mount=type=cache,target=/x b\n",
            "the --mount option requires BuildKit. Refer to the manual",
            "classic",
            "This Dockerfile needs BuildKit: Install docker's buildx plugin",
        ),
        (
            "FROM --platform=$BUILDPLATFORM a\n",
            'failed to parse platform : "" is an invalid component of "": platform specifier component must match',
            "classic",
            "This Dockerfile needs BuildKit",
        ),
        (
            _HERE,
            "dockerfile parse error line 3: unknown instruction: ECHO",
            "buildkit",
            "Here-documents (<<) need an engine",
        ),
        (
            _HERE,
            'building at STEP "ECHO ": Build error: Unknown instruction: "ECHO"',
            "podman",
            "Here-documents (<<) need a newer podman",
        ),
        (
            "FROM a\nCOPYY b c\n",
            "dockerfile parse error line 2: unknown instruction: COPYY",
            "buildkit",
            "'flyo deploy",
        ),
        (_HERE, "#5 0.1 hi: exit code: 3", "buildkit", "'flyo deploy --verbose'"),
        (
            "FROM a\nCOPY --parents b c\n",
            "dockerfile parse error on line 2: unknown flag: --parents",
            "buildkit",
            "--parents",
        ),
        ("FROM a\nRUN tool --odd\n", "#5 0.1 unknown flag: --odd", "buildkit", "'flyo deploy --verbose'"),
        ("FROM a\nRUN npm ci\n", "#5 0.1 this package requires BuildKit", "buildkit", "'flyo deploy --verbose'"),
    ],
)
def test_a_builder_that_is_too_old_is_told_from_a_mistake(
    dockerfile: str, line: str, builder: Builder, begins: str
) -> None:
    assert failed(Ended(1, (line,)), dockerfile, builder).hint.startswith(begins)
