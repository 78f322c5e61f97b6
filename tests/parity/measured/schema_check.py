"""Lets schemathesis make requests after an OpenAPI file that the user names, and looks at the statuses of the answers.

    python -m tests.parity.measured.schema_check FILE [--seconds N] [--schemathesis PROGRAM]

schemathesis is no dependency: `pip install schemathesis` where it may live. 501 is an honest answer; any other status
of 500 or more is a defect of the platform.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from flyctl_orchestrator.local.daemon import control
from tests.parity.measured import record
from tests.platform_client import Api


def main(arguments: list[str]) -> int:
    """Run it and keep the counts; 1 when any answer was a server error."""
    parser = argparse.ArgumentParser(prog="schema_check")
    parser.add_argument("file", type=Path)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--schemathesis", default=shutil.which("schemathesis") or "")
    asked = parser.parse_args(arguments)
    if not asked.file.is_file():
        return _refuse(f"{asked.file} is no file")
    if not asked.schemathesis:
        return _refuse("schemathesis is not on PATH: pip install schemathesis")
    version = subprocess.run([asked.schemathesis, "--version"], capture_output=True, text=True, check=True).stdout
    with tempfile.TemporaryDirectory(prefix="flyo-schema-") as name:
        entries = _entries(Path(name), asked.file.resolve(), asked.schemathesis, asked.seconds)
    if not entries:
        return _refuse("schemathesis made no request: look whether it understands the file")
    kept = record.load()
    kept.schema = {"tool": version.strip(), **counts(entries)}
    record.save(kept)
    wrong = broken(entries)
    sys.stdout.write(f"{len(entries)} requests, {len(wrong)} server errors\n" + "".join(f"{one}\n" for one in wrong))
    return 1 if wrong else 0


def _refuse(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 2


def _entries(directory: Path, file: Path, program: str, seconds: int) -> list[dict[str, Any]]:
    """Every request and its answer, of a run against a daemon of its own."""
    archive = directory / "requests.har"
    api = Api(control.start(directory / "state", 0))
    try:
        api.call("PUT", "/_local/settings", {"rate_limits": False})
        api.app("shop")
        command = [
            program, "run", str(file), f"--origin=http://127.0.0.1:{api.running.port}", f"--max-time={seconds}",
            "--checks=not_a_server_error", "--continue-on-failure", "--report=har", f"--report-har-path={archive}",
            f"--header=Authorization: Bearer {api.running.token}", "--request-timeout=70", "--no-color",
        ]  # fmt: skip
        subprocess.run(command, cwd=directory, stdout=subprocess.DEVNULL, check=False)
    finally:
        control.stop(directory / "state")
    if not archive.exists():
        return []
    found: list[dict[str, Any]] = json.loads(archive.read_text(encoding="utf-8"))["log"]["entries"]
    return found


def counts(entries: list[dict[str, Any]]) -> dict[str, int]:
    """How many requests there were, and answers of each kind."""
    by_kind = Counter(_kind(int(one["response"]["status"])) for one in entries)
    return {"requests": len(entries), **{kind: by_kind[kind] for kind in ("2xx", "4xx", "501", "other 5xx")}}


def _kind(status: int) -> str:
    return "501" if status == 501 else "other 5xx" if status >= 500 else f"{status // 100}xx"


def broken(entries: list[dict[str, Any]]) -> list[str]:
    """Requests whose answer was a server error, each kind once."""
    found = {
        f"{one['response']['status']} {one['request']['method']} {one['request']['url'].partition('?')[0]}"
        for one in entries
        if _kind(int(one["response"]["status"])) == "other 5xx"
    }
    return sorted(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
