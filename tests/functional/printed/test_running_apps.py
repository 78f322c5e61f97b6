"""What commands say of an app that runs, and is not as it should be: whole lines, on the simulated platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.environment import SystemClock
from tests.functional.cli.test_unreadable_api import FastClock, http
from tests.functional.printed.in_process import nobody, said
from tests.functional.printed.simulated import plain, simulated
from tests.functional.printed.test_flyctl_and_api import answering
from tests.unit.rollout.lock.lock_hall import Hall
from tests.unit.rollout.recovery.killed_world import KilledWorld
from tests.unit.rollout.rollout_world import Looks

IMAGE = "registry.fly.io/shop:one"


@pytest.fixture
def killed(tmp_path: Path) -> KilledWorld:
    """A machine in each of three regions."""
    world = KilledWorld(tmp_path / "here")
    assert world.deploy(world.world.push("one")).kind == "done"
    return world


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (
            "probe --count 1 --region iad", 1,
            'flyo: iad: no good answer: http://shop.localhost:PORT/up: answered 500 ({"region": "iad", "machine": '
            "\"ID\"}). 'flyo status --local' shows its machines; ask for another page with --path [probe.no_answer]",
        ),
        (
            "watch --region iad", 1,
            "flyo: app shop: machine ID in iad: http://shop.localhost:PORT/up: answered 500 ({\"region\": \"iad\", "
            "\"machine\": \"ID\"}). 'flyo logs --local --machine ID' shows what it writes [watch.unwell]",
        ),
    ],
)  # fmt: skip
def test_an_app_that_answers_with_errors(killed: KilledWorld, words: str, status: int, line: str) -> None:
    killed.world.looks[IMAGE] = Looks(status=500)
    with simulated(killed) as there:
        ran = there.flyo(words)
    assert (ran.status, plain(ran.line)) == (status, line)


def test_limits_that_are_not_kept_to(killed: KilledWorld) -> None:
    killed.world.looks[IMAGE] = Looks(status=500)
    with simulated(killed) as there:
        ran = there.flyo("probe --count 1 --region iad --slo errors=1% --slo p95=1s")
    assert (ran.status, ran.lines("probe.slo")) == (
        1,
        [
            "flyo: iad: errors is 100 %, more than 1 %. 'flyo logs --local' shows what the app writes [probe.slo]",
            "flyo: iad: p95 is that of a request that failed, more than 1s. 'flyo logs --local' shows what the app "
            "writes [probe.slo]",
        ],
    )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            "secrets generate PLANTED",
            "flyo: PLANTED: exists already, and replacing it cannot be undone. Add --replace if nothing depends on its "
            "value any more [secrets.exists]",
        ),
        (
            "secrets unset PLANTEDD",
            "flyo: app shop: has no secret 'PLANTEDD'. Did you mean 'PLANTED'? [secrets.unknown]",
        ),
    ],
)
def test_secrets(killed: KilledWorld, words: str, line: str) -> None:
    with simulated(killed) as there:
        ran = there.flyo(words)
    assert (ran.status, ran.line) == (2, line)


def test_a_rollout_that_holds_the_lock(killed: KilledWorld, tmp_path: Path) -> None:
    Hall(killed.world, tmp_path / "hall").take("bob")
    with simulated(killed) as there:
        ran = there.flyo("scale iad=2")
    assert (ran.status, plain(ran.line)) == (
        6,
        "flyo: app shop: locked by bob@test since TIME (0 s ago): flyo deploy. If that command was killed, its lock "
        "ends by itself within 30 s; wait with --lock-wait 5m, or end it with 'flyo lock release --local --force' "
        "[lock.held]",
    )


def test_a_hook_that_says_no(killed: KilledWorld) -> None:
    flyo = killed.directory / "flyo.toml"
    flyo.write_text(flyo.read_text() + '[hooks]\npre-deploy = "exit 3"\n')
    with simulated(killed) as there:
        ran = there.flyo("scale iad=2", clock=SystemClock(), PATH="/usr/bin:/bin")
    assert (ran.status, ran.line) == (
        1,
        "flyo: app shop: hook pre-deploy failed with exit status 3; nothing was changed on the fleet. Correct it in "
        "[hooks] of flyo.toml; what it wrote stands above [hook.failed]",
    )


def test_a_browser_that_does_not_start(killed: KilledWorld) -> None:
    with simulated(killed) as there:
        ran = there.flyo("open", BROWSER="/bin/false %s")
    assert (ran.status, plain(ran.line)) == (
        1,
        "flyo: flyo open: no browser could be started for http://shop.localhost:PORT/. 'flyo open --local --print' "
        "prints the address [open.browser]",
    )


def test_a_page_that_cannot_be_written(killed: KilledWorld) -> None:
    with simulated(killed) as there:
        ran = there.flyo("cost --html no/such/page.html")
    assert (ran.status, ran.line) == (
        1,
        f"flyo: {killed.directory}/no/such/page.html: the report cannot be written: No such file or directory. Name a "
        "file in a directory that exists and can be written [report.unwritable]",
    )


def test_what_doctor_says_of_flyctl_and_of_what_it_could_not_look_at(killed: KilledWorld) -> None:
    strict = (
        "echo '✓ Configuration is valid'; echo 'Strict validation found unrecognised keys:'; echo '  - htp_service'"
    )
    killed.world.call("POST", "/_local/faults", {"name": "server-error", "set": {"op": "certificates.list"}})
    with simulated(killed) as there:
        ran = there.flyo("doctor", strict, COLUMNS="200")
    rows = ran.out.splitlines()
    at = rows.index("warning fly.toml: flyctl ignores what it does not know: htp_service [doctor.ignored_key]")
    assert rows[at + 1 : at + 3] == [
        "  why: It is misspelt, stands in the wrong table, or is of another version.",
        "  fix: Correct or remove it",
    ]
    at = rows.index(
        "warning certificates: was not looked at: app shop: could not list the certificates: 500 internal: the server "
        "could not handle the request [api.server] [doctor.not_checked]"
    )
    assert rows[at + 1 : at + 3] == [
        "  why: The line says why: no connection, no token, no such app, or a program that is missing.",
        "  fix: Try again; https://status.flyio.net lists incidents",
    ]
    assert ran.status == 8


# --- Fly.io


def test_nobody_who_answers(tmp_path: Path) -> None:
    bases = dict.fromkeys(("FLY_API_BASE_URL", "FLY_FLAPS_BASE_URL", "FLY_UIEX_BASE_URL"), "http://127.0.0.1:9")
    ran = said("status -a shop", tmp_path, nobody(tmp_path) | bases | {"FLY_API_TOKEN": "fo1_token"}, clock=FastClock())
    assert (ran.status, ran.line) == (
        8,
        "flyo: app shop: could not list the machines: no connection to 127.0.0.1:9 (connection refused). Check the "
        "connection, then try again [api.network]",
    )


def test_metrics_that_are_none(tmp_path: Path) -> None:
    with answering(http(b"<html>Sign in</html>")) as variables:
        ran = said(
            "regions suggest --users-from prometheus -a shop", tmp_path, nobody(tmp_path) | variables, clock=FastClock()
        )
    assert (ran.status, plain(ran.line)) == (
        8,
        "flyo: app shop: could not read the app: the answer of 127.0.0.1:PORT (200) cannot be read: it is not JSON; it "
        "begins with <html>Sign in</html>. Write --users "
        "[regions.metrics]",
    )
