"""Runs flyctl's preflight suite, from a checkout that the user names, against a daemon of its own.

    python -m tests.parity.measured.preflight CHECKOUT [--run REGEX] [--flyctl PROGRAM]

It needs Go, and a flyctl (`--flyctl`, or one on PATH). What the suite takes from Docker Hub are small servers here.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from flyctl_orchestrator.local.base.environment import client_environment
from flyctl_orchestrator.local.daemon import control
from tests.parity.measured import record
from tests.platform_client import DOCKERFILE, SERVER, Api

# What the suite calls images that only have to serve.
IMAGES = (("nginx", "latest"), ("nginx", "1.29-bookworm"))
MINUTES = 60
_RESULTS = {"pass": "passed", "fail": "failed", "skip": "skipped"}
_KEPT = ("PATH", "HOME", "GOPATH", "GOCACHE", "GOMODCACHE", "GOFLAGS", "GOPROXY", "TMPDIR", "DOCKER_HOST")


def main(arguments: list[str]) -> int:
    """Run the suite and keep its results; 0 when it ran, however the tests ended."""
    parser = argparse.ArgumentParser(prog="preflight")
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--run", default="", help="a regular expression of tests; results of others are kept")
    parser.add_argument("--flyctl", default=shutil.which("flyctl") or "")
    asked = parser.parse_args(arguments)
    if not (asked.checkout / "test" / "preflight").is_dir():
        return _refuse(f"{asked.checkout} is no checkout of flyctl: it has no test/preflight")
    for name, program in (("go", shutil.which("go")), ("flyctl", asked.flyctl)):
        if not program:
            return _refuse(f"{name} is not on PATH")
    version = json.loads(_output(asked.flyctl, "version", "--json"))["Version"]
    ended: dict[str, str] = {}
    kept = record.load()
    before = kept.tests if asked.run else {}
    kept.flyctl, kept.runtime = version, "process"
    with _platform() as (api, directory):
        for name, result in _tests(asked.checkout, asked.run, _environment(api, directory, asked.flyctl)):
            ended[name] = result
            # Kept at once: the suite takes long, and may be interrupted.
            kept.tests = {**before, **ended}
            record.save(kept)
    if not ended:
        return _refuse("no test of the suite ran")
    failed = [name for name, how in ended.items() if how == "failed"]
    sys.stdout.write(f"{len(ended)} tests, {len(failed)} failed{': ' if failed else ''}{', '.join(failed)}\n")
    return 0


def _refuse(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 2


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextlib.contextmanager
def _platform() -> Iterator[tuple[Api, Path]]:
    """A daemon in a directory of its own, with the images there."""
    with tempfile.TemporaryDirectory(prefix="flyo-preflight-") as name:
        directory = Path(name)
        context = directory / "image"
        context.mkdir()
        (context / "app.py").write_text(SERVER)
        (context / "nginx").write_text("#!/bin/sh\nexec python3 -S -E /app/app.py\n")
        (context / "nginx").chmod(0o755)
        (context / "Dockerfile").write_text(DOCKERFILE.replace("CMD", "COPY nginx /usr/local/bin/nginx\nCMD"))
        api = Api(control.start(directory / "state", 0))
        try:
            for app, label in IMAGES:
                api.build(app, context, label)
            yield api, directory
        finally:
            control.stop(directory / "state")


def _environment(api: Api, directory: Path, flyctl: str) -> dict[str, str]:
    """The suite gives flyctl an environment of its own, so a script in between says where the platform is."""
    token = api.running.token
    said = client_environment(api.running.port, token, directory / "state")
    said.pop("FLY_CONFIG_DIR")  # each test has its own
    lines = [f"export {name}='{value}'" for name, value in said.items()]
    script = directory / "flyctl"
    script.write_text("\n".join(["#!/bin/sh", *lines, f"exec '{Path(flyctl).resolve()}' \"$@\""]) + "\n")
    script.chmod(0o700)
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {
        **kept,
        **said,
        "FLY_PREFLIGHT_TEST_ACCESS_TOKEN": token,
        "FLY_PREFLIGHT_TEST_FLY_ORG": "personal",
        "FLY_PREFLIGHT_TEST_FLY_REGIONS": "iad fra",
        "FLY_PREFLIGHT_TEST_FLYCTL_BINARY_PATH": str(script),
        "FLY_PREFLIGHT_TEST_NO_PRINT_HISTORY_ON_FAIL": "true",
    }


def _tests(checkout: Path, only: str, env: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Name and result of each test, as they end."""
    command = ["go", "test", "./test/preflight", "--tags=integration", "-json", "-count=1", f"-timeout={MINUTES}m"]
    if only:
        command.append(f"-run={only}")
    # Go fetches nothing through the address that keeps flyctl on this computer.
    env = {name: value for name, value in env.items() if name != "HTTPS_PROXY"}
    with subprocess.Popen(command, cwd=checkout, env=env, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for name, result in results(running.stdout):
            sys.stdout.write(f"{result} {name}\n")
            sys.stdout.flush()
            yield name, result


def results(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Name and result of each test in the output of `go test -json`; parts of a test count with it."""
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        name, result = event.get("Test", ""), _RESULTS.get(event.get("Action", ""))
        if name and result and "/" not in name:
            yield name, result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
