"""A platform for each test, and the programs that talk to it: the real flyctl, and its stand-in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.parity import parity_record as record
from tests.parity.parity_clients import Client, environment, stand_in_program
from tests.parity.parity_operations import operations
from tests.parity.served_platform import TOKEN, ServedPlatform

PHASES: pytest.StashKey[dict[str, pytest.TestReport]] = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    item.stash.setdefault(PHASES, {})[report.when] = report
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    """Note with which flyctl the tests have passed: what `make parity` asks for."""
    if hasattr(config, "workerinput") or config.option.keyword:
        # A worker knows of its own tests only, and a few tests are not the test of a version.
        return
    found = find_flyctl()
    passed = sum("real_flyctl" in one.keywords for one in terminalreporter.stats.get("passed", ()))
    if not os.environ.get(record.TESTED_SWITCH) or exitstatus or not passed or not found:
        return
    told = subprocess.run([found, "version", "--json"], check=True, capture_output=True, text=True).stdout
    version = json.loads(told)["Version"]
    record.note_tested(version, passed)
    terminalreporter.write_line(f"noted: flyctl {version} passes {passed} tests ({record.TESTED.name})")


def find_flyctl() -> str | None:
    """A real, unmodified flyctl: `FLYO_FLYCTL`, or the one on PATH."""
    named = os.environ.get("FLYO_FLYCTL", "")
    return named if named.startswith("/") else shutil.which("flyctl") or shutil.which("fly")


@pytest.fixture(scope="session")
def flyctl() -> str:
    """See `find_flyctl`."""
    found = find_flyctl()
    if not found:
        pytest.skip("flyctl is not on PATH")
    return found


@pytest.fixture
def served() -> Iterator[ServedPlatform]:
    """The platform's APIs on a port of their own."""
    with ServedPlatform() as platform:
        yield platform


@pytest.fixture
def stand_in(served: ServedPlatform, tmp_path: Path) -> Client:
    """The stand-in, in a directory of its own."""
    home = tmp_path / "stand-in"
    home.mkdir()
    return Client(stand_in_program(), home, environment(served.port, TOKEN, home))


@pytest.fixture
def real(flyctl: str, served: ServedPlatform, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Client]:
    """The real flyctl, in a directory of its own. What it used is compared with the record when the test has passed."""
    home = tmp_path / "real"
    home.mkdir()
    client = Client((flyctl,), home, environment(served.port, TOKEN, home))
    yield client
    if (home / "flyctl" / "fly-agent.sock").exists():
        client.run("agent", "stop")
    called = request.node.stash.get(PHASES, {}).get("call")
    if called is not None and called.passed:
        _compare(request.node, client, served)


def _compare(node: pytest.Item, client: Client, served: ServedPlatform) -> None:
    test = f"{node.path.name}::{node.name}"
    # Every program but the stand-in says who it is.
    seen = operations(one for one in served.asked if one.agent)
    if os.environ.get(record.SWITCH):
        record.note(test, client.json("version")["Version"], seen)
        return
    lost, new = record.missing(test, seen), record.unknown(seen)
    assert not lost, f"the record says that this test uses {sorted(lost)}, and it did not"
    assert not new, f"not in the record: {sorted(new)}; run with {record.SWITCH}=1 and make docs/fidelity.md again"
