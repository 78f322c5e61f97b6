"""Why an image could not be built, as a deploy tells it: the whole line, from files that are really like that."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import socket
import subprocess
import venv
from pathlib import Path

import pytest

import flyctl_orchestrator
from flyctl_orchestrator.environment import SystemClock
from flyctl_orchestrator.fleet import builder
from flyctl_orchestrator.fleet.flyctl.flyctl import Flyctl
from flyctl_orchestrator.fleet.requests_http import RequestsHttp
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.local.images.context import scan
from flyctl_orchestrator.local.images.failure import BuildFailed, failure_of
from flyctl_orchestrator.local.images.ignore import Ignore
from flyctl_orchestrator.local.images.image_build import BuildRequest, build_image
from flyctl_orchestrator.local.images.images import ImageStore
from flyctl_orchestrator.local.images.installation import BuildSettings
from flyctl_orchestrator.local.images.snapshot import fingerprint, write
from flyctl_orchestrator.project.building import BuildPlan
from tests.refusals import refused
from tests.unit.fleet.fleet_doubles import ManualClock, ScriptedHttp, answer
from tests.unit.local.images.conftest import Write

BEGINS = "flyo: app shop: the image could not be built: "
DOCKERFILE = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nCMD python app.py\n"
# Makes a virtual environment with pip where the Python that runs this has neither pip nor ensurepip's wheels.
MAKE = """
import sys
from pathlib import Path
from flyctl_orchestrator.local.images import virtual_env
from flyctl_orchestrator.local.images.failure import BuildFailed, failure_of
try:
    virtual_env.make(Path(sys.argv[1]))
except BuildFailed as failed:
    print(failed.code, failed.error, failed.hint, sep="\\n")
"""


def told(failed: BuildFailed) -> None:
    """Let the orchestrator hear of a failure as the local platform's builder tells it."""
    clock = ManualClock()
    event = {"event": "failed", "code": failed.code, "error": failed.error, "hint": failed.hint}
    asked = builder.BuildRequest("shop", Path("/"), Path("/fly.toml"), "flyo-1", BuildPlan())
    builder.build(target(ScriptedHttp(clock, [answer(200, event)]), clock), asked)


def target(http: ScriptedHttp | RequestsHttp, clock: ManualClock, port: int = 1) -> Target:
    return Target(
        kind="local",
        api_url=f"http://127.0.0.1:{port}",
        token="fo1_token",
        app_url_template="",
        builder_url=f"http://127.0.0.1:{port}/_local/builds",
        flyctl=Flyctl(("nothing",), {}, SystemClock()),
        http=http,
        clock=clock,
        random=random.Random(1),
    )


def failure(tmp_path: Path, context: Path, **wanted: object) -> BuildFailed:
    """How the build of a context fails; a command that sleeps gets no time for it."""
    settings = BuildSettings(os.environ, timeout_seconds=0.3 if "sleep" in str(wanted) else 600.0)
    request = BuildRequest("shop", "v1", context, context / "Dockerfile", **wanted)  # type: ignore[arg-type]
    with pytest.raises(BuildFailed) as caught:
        asyncio.run(build_image(ImageStore(tmp_path / "store"), settings, request, lambda line: None))
    return caught.value


@pytest.mark.parametrize(
    ("files", "wanted", "line"),
    [
        (
            {"Dockerfile": "FROM a\nCOPY nope .\n"}, {},
            "Dockerfile:2: COPY nope: there is no such file in the build context. Its sources are relative to {root} "
            "[build.dockerfile]",
        ),
        ({"Dockerfile": "FORM a\n"}, {}, "Dockerfile:1: unknown instruction `FORM`. Fix Dockerfile [build.dockerfile]"),
        (
            {"Dockerfile": "FROM a\nCOPY [ .\n"}, {},
            "Dockerfile:2: COPY [: it is not a pattern, such as one whose bracket is not closed. Correct it "
            "[build.dockerfile]",
        ),
        (
            {".dockerignore": "[a\n"}, {},
            ".dockerignore:1: `[a` is not a pattern: unterminated character set at position 1. Fix .dockerignore "
            "[build.dockerignore]",
        ),
        (
            {}, {"command": "exit 3"},
            "`exit 3` ended with exit status 3: it wrote nothing. 'flyo deploy --verbose' shows its whole output; it "
            "ran in a copy of the build context. `build` under [local] in flyo.toml says what runs there "
            "[build.failed]",
        ),
        (
            {}, {"command": "exec sleep 60"},
            "`exec sleep 60` took longer than 0.3 s and was stopped. Make it faster, or see in the log what it waits "
            "for [build.timeout]",
        ),
        (
            {"Dockerfile": 'FROM a\nCOPY . .\nCMD ["no-such-program"]\n'}, {"starts_image_command": True},
            "Dockerfile: `no-such-program` is neither in the image nor on this computer: machines would not start. "
            "Install it on this computer or start a container engine for runtime = \"container\" under [local] "
            "[build.command]",
        ),
        (
            {"package.json": "{"}, {},
            "package.json: Expecting property name enclosed in double quotes: line 1 column 2 (char 1). "
            "Fix package.json [build.manifest]",
        ),
        (
            {"pyproject.toml": "[project"}, {},
            "pyproject.toml: Expected ']' at the end of a table declaration (at end of document). Fix pyproject.toml "
            "[build.manifest]",
        ),
        (
            {}, {"command": "make", "inputs": ("Makefile",)},
            "the build input Makefile is not in the context. Correct `inputs` under [local] in flyo.toml "
            "[build.inputs]",
        ),
        (
            {"Makefile": "", ".dockerignore": "Makefile\n"}, {"command": "make", "inputs": ("Makefile",)},
            "the build input Makefile is left out by .dockerignore. Correct `inputs` under [local] in flyo.toml "
            "[build.inputs]",
        ),
    ],
)  # fmt: skip
def test_files_that_cannot_be_built_from(
    tmp_path: Path, context: Write, files: dict[str, str], wanted: dict[str, object], line: str
) -> None:
    root = context({"Dockerfile": DOCKERFILE, **files})
    failed = failure(tmp_path, root, **wanted)
    with refused(1, BEGINS + line.replace("{root}", str(root))):
        told(failed)


def test_a_path_that_the_system_refuses(tmp_path: Path, context: Write) -> None:
    root = context({"app.py": ""})
    (root / "Dockerfile").mkdir()
    with refused(1, f"{BEGINS}Is a directory ({root / 'Dockerfile'}). Check that path and its permissions [build.io]"):
        told(failure(tmp_path, root))


def test_a_disk_that_is_full() -> None:
    """No test fills a real one: what the operating system says of it is taken for granted."""
    line = (
        "no room to write the image: No space left on device (/store/x). Free some disk space, or put the platform's "
    )
    with refused(1, f"{BEGINS}{line}state elsewhere with FLYO_LOCAL_DIR [build.disk_full]"):
        told(failure_of(OSError(errno.ENOSPC, "No space left on device", "/store/x")))


def test_a_file_that_is_gone_meanwhile(context: Write) -> None:
    root = context({"app.py": "1"})
    tree = scan(root, Ignore()).tree
    (root / "app.py").unlink()
    with pytest.raises(BuildFailed) as caught:
        fingerprint(tree)
    line = "app.py cannot be read: No such file or directory. Make it readable, or add app.py to .dockerignore"
    with refused(1, f"{BEGINS}{line} [build.context]"):
        told(caught.value)


def test_a_file_that_changes_meanwhile(tmp_path: Path, context: Write) -> None:
    root = context({"app.py": "1"})
    tree = scan(root, Ignore()).tree
    seen = fingerprint(tree)
    (root / "app.py").write_text("2")
    with pytest.raises(BuildFailed) as caught:
        write(tree, tmp_path / "copy", seen.files)
    with refused(1, f"{BEGINS}app.py changed while the image was being made. Build again [build.changed]"):
        told(caught.value)


def test_a_python_that_has_no_pip_to_give(tmp_path: Path) -> None:
    venv.EnvBuilder(symlinks=True, with_pip=False).create(tmp_path / "bare")
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "ensurepip.py").touch()  # stands before Python's own, which has pip's wheel beside it
    own = Path(flyctl_orchestrator.__file__).parents[1]
    ran = subprocess.run(
        [tmp_path / "bare" / "bin" / "python", "-c", MAKE, tmp_path / "made"],
        env={"PYTHONPATH": f"{tmp_path / 'without'}:{own}", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    code, error, hint = ran.stdout.splitlines()
    line = (
        "the Python that runs the platform has neither pip nor ensurepip. Install pip for it (Debian and Ubuntu: apt "
    )
    with refused(1, f"{BEGINS}{line}install python3-venv python3-pip) [build.no_pip]"):
        told(BuildFailed(code, error, hint))


def test_a_builder_that_is_not_there() -> None:
    clock = ManualClock()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    asked = builder.BuildRequest("shop", Path("/"), Path("/fly.toml"), "flyo-1", BuildPlan())
    with refused(
        8,
        f"flyo: the builder at http://127.0.0.1:{port}/_local/builds gave no result (connection refused). 'flyo local "
        "status' shows whether the platform runs; then run this again [build.unreachable]",
    ):
        builder.build(target(RequestsHttp(clock, {}), clock, port), asked)
