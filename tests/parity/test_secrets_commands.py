"""`flyo secrets` against the platform's own APIs, through the real flyctl where there is one and through the stand-in.

Every run of flyctl leaves behind all that another program on the computer could have seen of it: its arguments, its
environment, those of flyo, and a copy of the directory for temporary files.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import pexpect
import pytest

from tests.parity.served_platform import TOKEN, ServedPlatform

FLYO = "from flyctl_orchestrator.cli.main import main; main()"
PLANTED = "planted-5ecret-value"
AWKWARD = f"""{PLANTED} 'single' "double" # no comment $HOME ${{X}} \\n =a=b= `x` 日本 """

SPY = """#!/bin/sh
seen=$(mktemp -d "{seen}/run.XXXXXX")
printf '%s\\n' "$@" > "$seen/argv"
env > "$seen/env"
cp -r "$TMPDIR" "$seen/tmp"
if [ -r /proc/$PPID/cmdline ]; then cat /proc/$PPID/cmdline /proc/$PPID/environ > "$seen/parent"; fi
exec {flyctl} "$@"
"""


@dataclass
class Place:
    """A project directory, a platform that has its app, and a flyctl that is watched."""

    platform: ServedPlatform
    root: Path
    variables: dict[str, str]

    def run(self, *arguments: str, stdin: str | bytes = "") -> subprocess.CompletedProcess[str]:
        """One `flyo secrets …` in a pipe."""
        data = stdin if isinstance(stdin, bytes) else stdin.encode()
        command = [sys.executable, "-c", FLYO, "secrets", *arguments]
        done = subprocess.run(command, input=data, capture_output=True, cwd=self.root, env=self.variables, timeout=60)
        return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())

    def terminal(self, *arguments: str) -> Any:
        """One `flyo secrets …` at a terminal."""
        command = ["-c", FLYO, "secrets", *arguments]
        return pexpect.spawn(
            sys.executable, command, cwd=str(self.root), env=self.variables, encoding="utf-8", timeout=30
        )

    def received(self) -> list[dict[str, str | None]]:
        """Secrets the platform was sent, one dictionary per call."""
        calls = [asked for asked in self.platform.asked if asked.method == "POST" and asked.path.endswith("/secrets")]
        bodies = [call.body["values"] for call in calls]
        return [body for body in bodies if not any(name.startswith("BogusDummySecret") for name in body)]

    def names(self) -> list[str]:
        """Secrets the platform has."""
        listed = self.run("list", "--json")
        return [row["name"] for row in json.loads(listed.stdout)["secrets"]]

    def visible(self) -> bytes:
        """Everything on disk below the test's directory, except what the test itself put there."""
        files = [path for path in self.root.parent.rglob("*") if path.is_file() and path.name != "test.env"]
        return b"\n".join(path.read_bytes() for path in files)


@pytest.fixture(scope="module")
def served() -> Iterator[ServedPlatform]:
    with ServedPlatform() as platform:
        yield platform


@pytest.fixture(params=["stand-in", pytest.param("flyctl", marks=pytest.mark.real_flyctl)])
def place(request: pytest.FixtureRequest, served: ServedPlatform, tmp_path: Path) -> Iterator[Place]:
    real = shutil.which("flyctl")
    if request.param == "flyctl" and not real:
        pytest.skip("no flyctl on PATH")
    seen, temporary, root = tmp_path / "seen", tmp_path / "tmp", tmp_path / "project"
    for directory in (seen, temporary, root):
        directory.mkdir()
    flyctl = real if request.param == "flyctl" else f"{sys.executable} -P -m flyctl_orchestrator.local.stand_in"
    spy = tmp_path / "flyctl"
    spy.write_text(SPY.format(seen=seen, flyctl=flyctl))
    spy.chmod(0o755)
    app = f"app-{crc32(request.node.name.encode())}"
    (root / "fly.toml").write_text(f'app = "{app}"\nprimary_region = "iad"\n')
    url = f"http://127.0.0.1:{served.port}"
    variables = {name: os.environ[name] for name in ("HOME", "LANG", "PYTHONPATH") if name in os.environ}
    variables |= dict.fromkeys(("FLY_API_BASE_URL", "FLY_FLAPS_BASE_URL", "FLY_UIEX_BASE_URL"), url)
    variables |= {"FLY_API_TOKEN": TOKEN, "FLYO_FLYCTL": str(spy), "FLY_CONFIG_DIR": str(tmp_path / "config")}
    variables |= {"TMPDIR": str(temporary), "PATH": os.environ["PATH"], "FLY_TRACE_COLLECTOR_URL": "127.0.0.1"}
    variables |= {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1,localhost", "TERM": "xterm"}
    subprocess.run(
        [str(spy), "apps", "create", app, "--org", "personal", "--yes"], env=variables, check=True, capture_output=True
    )
    served.asked.clear()
    yield Place(served, root, variables)


def test_a_piped_value_arrives_exactly(place: Place) -> None:
    done = place.run("set", "DATABASE_URL=-", stdin=AWKWARD + "\n")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.endswith("staged   DATABASE_URL\nnext     flyo deploy   to give them to the machines\n")
    assert place.received() == [{"DATABASE_URL": AWKWARD}]


@pytest.mark.parametrize(
    "value", ["a#b \" '", "line one\nline two\n\nline four", "é" * 40000], ids=["quotes", "lines", "long"]
)
def test_values_that_import_files_mangle(place: Place, value: str) -> None:
    assert place.run("set", "KEY", "--stdin", stdin=value + "\n").returncode == 0
    assert place.received() == [{"KEY": value}]


def test_values_that_no_line_of_a_file_could_hold(place: Place) -> None:
    value = "a\"#b'\r\n" + "x" * 70_000
    assert place.run("set", "KEY=-", stdin=value + "\n").returncode == 0
    assert place.received() == [{"KEY": value}]


def test_a_value_typed_at_the_terminal_is_not_shown(place: Place) -> None:
    terminal = place.terminal("set", "ONE", "TWO")
    terminal.expect_exact("ONE (hidden):")
    terminal.sendline(AWKWARD)
    terminal.expect_exact("TWO (hidden):")
    shown = terminal.before
    terminal.sendline("second")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    assert PLANTED not in shown + terminal.before
    assert place.received() == [{"ONE": AWKWARD, "TWO": "second"}]


def test_leaving_the_prompt_sends_nothing(place: Place) -> None:
    terminal = place.terminal("set", "ONE", "TWO")
    terminal.expect_exact("ONE (hidden):")
    terminal.sendline("first")
    terminal.expect_exact("TWO (hidden):")
    terminal.sendintr()
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 130
    assert place.received() == []


def test_an_env_file_is_taken_as_it_is_written(place: Place) -> None:
    (place.root / "test.env").write_text(
        f"# ours\nexport A='{PLANTED} #1'\nB=\"two\\nlines\"\nC=$A and ${{B}}\nPORT=5000\nPRIMARY_REGION=fra\nD=\n"
    )
    done = place.run("import", "test.env", "--json")
    assert done.returncode == 0
    assert place.received() == [{"A": f"{PLANTED} #1", "B": "two\nlines", "C": "$A and ${B}", "D": ""}]
    report = json.loads(done.stdout)
    assert (report["set"], list(report["skipped"]), report["staged"]) == (
        ["A", "B", "C", "D"],
        ["PORT", "PRIMARY_REGION"],
        True,
    )
    assert place.run("import", "-", stdin="E=5\n").returncode == 0
    assert place.received()[1:] == [{"E": "5"}]


def test_list_generate_unset(place: Place) -> None:
    empty = place.run("list")
    assert (empty.returncode, empty.stdout) == (0, "")
    assert empty.stderr.endswith("No secrets. 'flyo secrets set NAME' adds one.\n")
    assert place.run("generate", "SECRET_KEY").returncode == 0
    assert place.run("set", "API_KEY=-", stdin="abc").returncode == 0
    first, second = (next(iter(call.values())) for call in place.received())
    assert first and len(first) == 43 and second == "abc"

    listed = place.run("list")
    heads, *rows = [line.split() for line in listed.stdout.splitlines()]
    assert heads == ["name", "digest", "status"]
    assert [(row[0], row[2]) for row in rows] == [("API_KEY", "staged"), ("SECRET_KEY", "staged")]
    assert listed.stderr.endswith("Not on all machines yet: 'flyo deploy' brings them there.\n")

    again = place.run("generate", "SECRET_KEY")
    assert again.returncode == 2
    assert again.stderr.endswith(
        "flyo: SECRET_KEY: exists already, and replacing it cannot be undone. Add --replace if nothing depends on its "
        "value any more [secrets.exists]\n"
    )
    assert place.run("generate", "SECRET_KEY", "--replace", "--bytes", "16").returncode == 0
    replaced = place.received()[-1]["SECRET_KEY"]
    assert replaced and len(replaced) == 22

    wrong = place.run("unset", "API_KEYS")
    assert wrong.returncode == 2
    assert "has no secret 'API_KEYS'. Did you mean 'API_KEY'? [secrets.unknown]" in wrong.stderr
    assert place.run("unset", "API_KEY", "SECRET_KEY").returncode == 0
    assert place.received()[-1] == {"API_KEY": None, "SECRET_KEY": None}
    assert place.names() == []


def test_nothing_shows_a_value_to_anybody_else(place: Place) -> None:
    (place.root / "test.env").write_text(f'A="{PLANTED}-1"\nB="{PLANTED}\n{PLANTED}-2"\nC={PLANTED}#3\n')
    runs = [
        place.run("import", "test.env"),
        place.run("set", "D=-", "--json", stdin=PLANTED),
        place.run("set", "E=-", stdin=PLANTED + "\r" + "x" * 70_000),
        place.run("list"),
        place.run("list", "--json"),
        place.run("set", "F=-", "--app", "no-such-app", stdin=PLANTED),
        place.run("import", "-", stdin=f"A=1\nthis line is broken {PLANTED}\n"),
        place.run("import", "-", stdin=f"{PLANTED}\n"),
        place.run("set", "bad-name=-", stdin=PLANTED),
        place.run("set", "G=-", stdin=PLANTED + "\0"),
    ]
    assert [run.returncode for run in runs[:5]] == [0] * 5
    assert all(run.returncode != 0 for run in runs[5:])
    assert all("Traceback" not in run.stderr for run in runs)
    assert any(PLANTED in str(call) for call in place.received())
    for run in runs:
        assert PLANTED not in run.stdout + run.stderr
    assert PLANTED.encode() not in place.visible()


def test_an_app_that_is_not_there_is_said_so(place: Place) -> None:
    done = place.run("set", "A=-", "--app", "no-such-app", stdin="x1234")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "flyo: app no-such-app: there is no such app on Fly.io. 'flyctl apps create no-such-app' creates it "
        "[app.not_found]"
    )


def test_a_wrong_token_is_told_as_such(place: Place) -> None:
    place.variables["FLY_API_TOKEN"] = "fo1_wrong"
    done = place.run("list")
    assert done.returncode == 8
    assert "flyctl auth login" in done.stderr


def test_flyctl_knows_the_newest_version_afterwards(place: Place) -> None:
    """Machines that flyctl updates must not boot with older secrets; it remembers the version in its own file."""
    versions = []
    for value in ("first", "second"):
        assert place.run("set", "A=-", stdin=value).returncode == 0
        remembered = (Path(place.variables["FLY_CONFIG_DIR"]) / "config.yml").read_text()
        versions.append(int(remembered.split("app_secrets_minvers:")[1].split(":")[1].split()[0]))
    assert versions[1] > versions[0]
