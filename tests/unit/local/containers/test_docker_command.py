"""One `docker build`: what it prints of a build's secrets stays out of the log and of the error."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from flyctl_orchestrator.local.containers.docker_command import DockerCommand, failed
from flyctl_orchestrator.local.images.build_command import Ended
from flyctl_orchestrator.local.images.failure import BuildFailed
from flyctl_orchestrator.local.images.image_build import BuildRequest
from tests import planted

KEY = "-----BEGIN KEY-----\nabcdef123\n-----END KEY-----"


def test_a_build_that_prints_its_secrets_and_fails_tells_none(tmp_path: Path) -> None:
    program = tmp_path / "docker"
    program.write_text('#!/bin/sh\necho "read $FLYO_BUILD_SECRET_0"\necho "$FLYO_BUILD_SECRET_1"\nexit 1\n')
    program.chmod(0o755)
    dockerfile = tmp_path / "Dockerfile"
    request = BuildRequest("shop", "one", tmp_path, dockerfile, secrets={"TOKEN": planted.SECRET, "KEY": KEY})
    docker = DockerCommand(str(program), buildkit=True, env={"PATH": "/usr/bin:/bin"})
    log: list[str] = []
    ended = asyncio.run(docker.build(request, dockerfile, tmp_path / "iid", log.append, 30))
    error = failed(ended)
    said = "\n".join([*log, *ended.last_lines, str(error), repr(vars(error))])
    assert (ended.status, log[0]) == (1, "read ***")
    assert planted.SECRET not in said and "abcdef123" not in said


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


def test_the_classic_builder_is_not_started_with_secrets(tmp_path: Path) -> None:
    request = BuildRequest("shop", "one", tmp_path, tmp_path / "Dockerfile", secrets={"TOKEN": planted.SECRET})
    docker = DockerCommand(str(tmp_path / "never-started"), buildkit=False, env={})
    with pytest.raises(BuildFailed) as refused:
        asyncio.run(docker.build(request, request.dockerfile, tmp_path / "iid", lambda line: None, 30))
    assert refused.value.code == "build.engine"
    assert "takes no build secrets (TOKEN)" in str(refused.value) and planted.SECRET not in str(refused.value)
