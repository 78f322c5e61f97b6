"""What colleagues and apps wrote reaches a terminal and a pipeline's log as text alone."""

from __future__ import annotations

import re

import pytest

from tests.functional.cli.local_fleet import LocalFleet

WHY = "moving\n::add-mask::abc\n\x1b]0;T\x07\x1b[31mred\u202e##[add-mask]abc"
TAMED = "moving ::add-mask::abc red## [add-mask]abc"
ON_GITHUB = {"CI": "true", "GITHUB_ACTIONS": "true", "FORCE_COLOR": "1"}


def only_ours(text: str) -> None:
    """No command but those that show errors, warnings and groups; no escape but the colours of a span."""
    bare = re.sub(r"\x1b\[(?:0|1|2|31|32|33)m", "", text)
    assert "\x1b" not in bare and "\x07" not in bare and "\u202e" not in bare
    assert not re.search(r"^\s*::(?!(?:error|warning|group|endgroup)\b)", bare, re.MULTILINE), bare
    assert "##[" not in bare


def test_the_reason_of_a_lock(fleet: LocalFleet) -> None:
    fleet.ok("lock", "take", "--local", "--why", WHY)
    try:
        shown = fleet.ok("lock", "status", "--local", env=ON_GITHUB)
        assert shown.stdout.endswith(f": {TAMED}\n")
        for command in (["deploy"], ["rollback", "--yes"], ["scale", "iad=2", "--yes"]):
            refused = fleet.flyo(*command, "--local", env=ON_GITHUB)
            assert (refused.status, TAMED in refused.stderr) == (6, True), refused.stderr
            only_ours(refused.stdout + refused.stderr)
        asked = fleet.flyo("deploy", "--local", "--json", env=ON_GITHUB)
        assert "moving ::add-mask::abc red##[add-mask]abc" in asked.lines[-1]["what"]
        only_ours(asked.stdout + asked.stderr)
    finally:
        fleet.ok("lock", "release", "--local", "--force")


LOUD = r"""print("::add-mask::abc\n\x1b]0;T\x07\x1b[2J##[add-mask]abc", flush=True)"""


@pytest.mark.parametrize("variables", [{}, ON_GITHUB])
def test_what_a_build_a_hook_and_an_app_write(fleet: LocalFleet, variables: dict[str, str]) -> None:
    server, flyo = fleet.project / "server.py", fleet.project / "flyo.toml"
    before = server.read_text(), flyo.read_text()
    server.write_text(f"{before[0].replace('server = Server', f'{LOUD}; server = Server')}# {len(variables)}\n")
    hook = r"printf '::add-mask::abc\n\033]0;T\007##[add-mask]abc\n'; exit 3"
    try:
        flyo.write_text(f'{before[1]}\n[hooks]\npre-deploy = """{hook}"""\n'.replace("\\", "\\\\"))
        refused = fleet.flyo("deploy", "--local", "--verbose", env=variables)
        assert (refused.status, "pre-deploy: ## [add-mask]abc" in refused.stderr) == (1, True), refused.stderr
        only_ours(refused.stdout + refused.stderr)
        flyo.write_text(before[1])
        done = fleet.ok("deploy", "--local", "--verbose", env=variables)
        only_ours(done.stdout + done.stderr)
        logs = fleet.ok("local", "logs", env=variables)
        assert " ::add-mask::abc" in logs.stdout and "## [add-mask]abc" in logs.stdout
        only_ours(logs.stdout)
        only_ours(fleet.ok("local", "logs", "--json", env=variables).stdout)
    finally:
        server.write_text(before[0])
        flyo.write_text(before[1])
