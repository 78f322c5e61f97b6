"""Runs flyctl's preflight suite, from a checkout that the user names, against a daemon of its own.

    python -m tests.parity.measured.preflight CHECKOUT [--run REGEX] [--flyctl PROGRAM]

It needs Go, and a flyctl (`--flyctl`, or one on PATH). Machines run in containers where an engine answers, else as
processes. What the suite takes from Docker Hub are small images of our own (`suite_images`).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from flyctl_orchestrator.local.base.environment import client_environment
from flyctl_orchestrator.local.containers.endpoint import NoEngine, find_engine
from flyctl_orchestrator.local.daemon import control
from tests.engine_bases import TestEngine
from tests.parity.measured import record, suite_flyctl, suite_images
from tests.platform_client import Api

# For each test. Most of their time is waiting, so more of them run at once than there are processors.
MINUTES = 15
AT_ONCE = 4
REGIONS = "iad fra"
# One that is skipped by the suite where there is a second region.
_ONE_REGION = {"TestFlyDeploy_AddNewMount"}
_TUNNEL = "a tunnel into Fly.io's private network"
_PUBLIC = "the app at https://APP.fly.dev"
_POSTGRES = "Fly.io's Postgres images"
# What a test of the suite needs that no other platform than Fly.io can have.
NOT_HERE = {
    "TestAppsV2Example": _PUBLIC,
    "TestDeploy": _PUBLIC,
    "TestDeployNodeApp": _PUBLIC,
    "TestFlyDeployBasicNodeWithWGEnabled": _PUBLIC,
    "TestFlyLaunchBasicNodeApp": _PUBLIC,
    "TestFlyConsole": _TUNNEL,
    "TestFlyDeploy_Dockerfile": _TUNNEL,
    "TestFlyLaunchWithBuildSecrets": _TUNNEL,
    "TestFlyWireguardCreate": _TUNNEL,
    "TestPostgres_FlexFailover": _POSTGRES,
    "TestPostgres_ImportFailure": _POSTGRES,
    "TestPostgres_ImportSuccess": _POSTGRES,
    "TestPostgres_NoMachines": _POSTGRES,
    "TestPostgres_autostart": _POSTGRES,
    "TestPostgres_haConfigSave": _POSTGRES,
    "TestPostgres_singleNode": _POSTGRES,
}
# What cannot be built or run by processes.
NEEDS_ENGINE = {
    "TestFlyDeploy_SlowBind_NoFalseListenWarning": "a container engine",
    "TestImageLabel": "a container engine",
}
_RESULTS = {"pass": "passed", "fail": "failed", "skip": "skipped"}
_KEPT = ("PATH", "HOME", "GOPATH", "GOCACHE", "GOMODCACHE", "GOFLAGS", "GOPROXY", "TMPDIR")


def main(arguments: list[str]) -> int:
    """Run the suite and keep its results; 0 when it ran, however the tests ended."""
    parser = argparse.ArgumentParser(prog="preflight")
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--run", default="", help="a regular expression of tests; results of others are kept")
    parser.add_argument("--flyctl", default=shutil.which("flyctl") or "")
    parser.add_argument("--output", type=Path, default=Path("build/preflight"), help="where each test's output goes")
    asked = parser.parse_args(arguments)
    if not (asked.checkout / "test" / "preflight").is_dir():
        return _refuse(f"{asked.checkout} is no checkout of flyctl: it has no test/preflight")
    for name, program in (("go", shutil.which("go")), ("flyctl", asked.flyctl)):
        if not program:
            return _refuse(f"{name} is not on PATH")
    version = json.loads(_output(asked.flyctl, "version", "--json"))["Version"]
    engine = _engine()
    ended: dict[str, str] = {}
    kept = record.load()
    runtime = "process" if engine is None else "container"
    before = kept.tests if asked.run and kept.runtime == runtime else {}
    kept.flyctl, kept.runtime = version, runtime
    kept.not_here = {**NOT_HERE, **(NEEDS_ENGINE if engine is None else {})}
    asked.output.mkdir(parents=True, exist_ok=True)
    with _platform(engine) as (api, directory), suite_flyctl.slow_metrics() as metrics:
        flyctl = directory / "flyctl"
        said = {**_flyctl_environment(api, directory), **(_builder(engine) if engine else {})}
        suite_flyctl.write(flyctl, Path(asked.flyctl).resolve(), said, metrics, engine=engine is not None)
        suite = _compiled(asked.checkout, directory, asked.output, _environment(api, flyctl))
        names = [name for name in suite.names(asked.run) if name not in kept.not_here]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for ran in as_completed(pool.submit(suite.run, name) for name in names):
                name, result = ran.result()
                sys.stdout.write(f"{result} {name}\n")
                sys.stdout.flush()
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


def _engine() -> TestEngine | None:
    try:
        return TestEngine(find_engine(os.environ, 2.0))
    except NoEngine:
        return None


@contextlib.contextmanager
def _platform(engine: TestEngine | None) -> Iterator[tuple[Api, Path]]:
    """A daemon in a directory of its own, with the images there."""
    with tempfile.TemporaryDirectory(prefix="flyo-preflight-") as name:
        directory = Path(name)
        state = directory / "state"
        environ = {**os.environ, "FLYO_LOCAL_RUNTIME": "process" if engine is None else "container"}
        made: list[str] = []
        api = Api(control.start(state, 0, environ={**environ, **(engine.variables if engine else {})}))
        try:
            if engine is None:
                suite_images.build_for_processes(api, directory / "image")
            else:
                made = suite_images.put_in_engine(engine, directory / "images")
                suite_images.push(api, engine, directory / "docker")
            yield api, directory
        finally:
            api.call("POST", "/_local/reset")
            control.stop(state)
            if engine is not None:
                suite_images.remove_from_engine(engine, made)


def _flyctl_environment(api: Api, directory: Path) -> dict[str, str]:
    said = client_environment(api.running.port, api.running.token, directory / "state")
    # Each test has settings of its own, and some a token of their own.
    return {name: value for name, value in said.items() if name not in ("FLY_CONFIG_DIR", "FLY_API_TOKEN")}


def _builder(engine: TestEngine) -> dict[str, str]:
    return {**engine.variables, "DOCKER_BUILDKIT": "1"}


def _environment(api: Api, flyctl: Path) -> dict[str, str]:
    """What the suite finds."""
    return {
        **{name: os.environ[name] for name in _KEPT if name in os.environ},
        "FLY_PREFLIGHT_TEST_ACCESS_TOKEN": api.running.token,
        "FLY_PREFLIGHT_TEST_FLY_ORG": "personal",
        "FLY_PREFLIGHT_TEST_FLY_REGIONS": REGIONS,
        "FLY_PREFLIGHT_TEST_FLYCTL_BINARY_PATH": str(flyctl),
        "FLY_PREFLIGHT_TEST_NO_PRINT_HISTORY_ON_FAIL": "true",
    }


@dataclass(frozen=True)
class Suite:
    """The suite, compiled.

    Attributes:
        program: of its tests.
        place: the directory they expect to be in.
        output: where each test's output is kept.
        env: what they find.
    """

    program: Path
    place: Path
    output: Path
    env: dict[str, str]

    def names(self, only: str) -> list[str]:
        """Its tests, or those that a regular expression finds."""
        command = [str(self.program), "-test.list", only or "."]
        listed = subprocess.run(command, cwd=self.place, env=self.env, check=True, capture_output=True, text=True)
        return [line for line in listed.stdout.splitlines() if line.startswith("Test")]

    def run(self, name: str) -> tuple[str, str]:
        """Run one test; its name, and how it ended."""
        words = ["-test.v", f"-test.run=^{re.escape(name)}$", f"-test.timeout={MINUTES}m"]
        command = ["go", "tool", "test2json", str(self.program), *words]
        env = {**self.env, "FLY_PREFLIGHT_TEST_FLY_REGIONS": REGIONS.split()[0] if name in _ONE_REGION else REGIONS}
        said = subprocess.run(command, cwd=self.place, env=env, check=False, capture_output=True, text=True).stdout
        lines = said.splitlines()
        (self.output / f"{name}.log").write_text("".join(spoken(lines)), encoding="utf-8")
        return name, dict(results(lines)).get(name, "failed")


def _compiled(checkout: Path, directory: Path, output: Path, env: dict[str, str]) -> Suite:
    program = directory / "preflight.test"
    command = ["go", "test", "-c", "-tags=integration", "-o", str(program), "./test/preflight"]
    subprocess.run(command, cwd=checkout, env=env, check=True)
    return Suite(program, checkout / "test" / "preflight", output.resolve(), env)


def _events(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            continue


def spoken(lines: Iterable[str]) -> Iterator[str]:
    """What tests wrote, in the output of `go test -json`."""
    for event in _events(lines):
        yield event.get("Output", "")


def results(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Name and result of each test in the output of `go test -json`; parts of a test count with it."""
    for event in _events(lines):
        name, result = event.get("Test", ""), _RESULTS.get(event.get("Action", ""))
        if name and result and "/" not in name:
            yield name, result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
