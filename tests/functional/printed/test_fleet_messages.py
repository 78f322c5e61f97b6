"""What commands refuse and warn of at an app on a real local platform: the whole line, and the exit status."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from flyctl_orchestrator.cli.context import CommandContext, SharedOptions
from flyctl_orchestrator.cli.look.board.show import restart
from flyctl_orchestrator.environment import Environment, SystemClock
from tests.functional.cli.local_fleet import APP, LocalFleet
from tests.functional.cli.test_status import as_fly
from tests.functional.printed.in_process import Said, program, said
from tests.refusals import refused


def at(fleet: LocalFleet, words: str, cwd: Path | None = None, **variables: str) -> Said:
    """A command line on the fleet's computer."""
    return said(words, cwd or fleet.project, {**fleet.variables, **variables})


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (
            "plan --local --out no/such/plan.json", 1,
            "{project}/no/such/plan.json: the plan cannot be written (No such file or directory). Name another file "
            "with --out [plan.unwritable]",
        ),
        (
            "probe --local --region nrt", 2,
            "--region: the app has no machine in nrt that takes requests. It has some in fra, iad [probe.region]",
        ),
        (
            "watch --local --region nrt", 2,
            "--region: the app has no machine in nrt. It has some in fra, iad [probe.region]",
        ),
        (
            "probe --local -a empty", 1,
            "app empty: it has no machine. 'flyo deploy --local -a empty' makes them [probe.no_machine]",
        ),
        (
            "watch --local -a empty", 1,
            "app empty: it has no machine. 'flyo deploy --local -a empty' makes them [probe.no_machine]",
        ),
        (
            "probe --local -a silent", 1,
            "app silent: no machine takes HTTP requests. 'flyo status --local -a silent --machines' shows machines and "
            "their states [probe.no_machine]",
        ),
        (
            "scale --local fra=0 iad=0", 2,
            "app fleet-test: this destroys 2 machines in fra, iad, the last that can serve. Add --yes [scale.last]",
        ),
        (
            "local fault add region-dwon", 1,
            "local platform: no fault is called 'region-dwon'; did you mean 'region-down'? Correct that and run it "
            "again [local.refused]",
        ),
        (
            "local fault add slow-boot --set seconds=soon", 1,
            "local platform: seconds: 'soon' is not a duration. Correct that and run it again [local.refused]",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(fleet: LocalFleet, apps: None, words: str, status: int, line: str) -> None:
    ran = at(fleet, words)
    assert (ran.status, ran.line, ran.out) == (status, f"flyo: {line.format(project=fleet.project)}", "")


@pytest.fixture(scope="module")
def apps(deployed: LocalFleet) -> None:
    """Two more apps: one without a machine, one with a machine that serves nobody."""
    for name in ("empty", "silent"):
        deployed.manage("POST", "/v1/apps", {"name": name, "org_slug": "personal"})
    config = {
        "image": deployed.machine_in("iad")["config"]["image"],
        "env": {"SWITCHES": str(deployed.switches), "PORT": "8080"},
        "metadata": {"fly_platform_version": "v2", "fly_process_group": "app"},
    }
    wanted = {"config": config, "region": "iad", "skip_launch": True}
    deployed.manage("POST", "/v1/apps/silent/machines", wanted)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            "deploy -a nobody",
            "{project}/fly.toml: there is no app nobody on Fly.io, or the token may not see it. 'flyctl apps create "
            "nobody' creates it [app.missing]",
        ),
        (
            "status -a nobody",
            "app nobody: there is no such app on Fly.io. 'flyctl apps create nobody' creates it [app.not_found]",
        ),
        (
            "scale -a nobody iad=1",
            "app nobody: there is no such app yet. 'flyctl apps create nobody' creates it [app.not_found]",
        ),
    ],
)
def test_an_app_that_is_not_on_fly(fleet: LocalFleet, tmp_path: Path, words: str, line: str) -> None:
    flyctl = program(tmp_path, 'echo "Configuration is valid"')
    ran = at(fleet, words, None, **as_fly(fleet, fleet.running.token), FLYO_FLYCTL=flyctl)
    assert (ran.status, ran.line) == (1, f"flyo: {line.format(project=fleet.project)}")


# --- where flyctl is another one


@pytest.mark.parametrize(
    ("organizations", "line"),
    [
        (
            '{"personal":"Ann","acme":"Acme"}',
            "--org: there are 2 organizations: acme, personal. The files are written; 'flyo init --local --yes "
            "--create --org acme' creates it in one of them [usage.org]",
        ),
        (
            "{}",
            "flyo init: the token sees no organization to create the app in. Name one with --org, or use another token "
            "[usage.org]",
        ),
    ],
)
def test_in_which_organization_is_not_known(fleet: LocalFleet, tmp_path: Path, organizations: str, line: str) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    flyctl = program(tmp_path, f"echo '{organizations}'")
    words = "init --yes --create --local --name new-app --regions iad"
    ran = at(fleet, words, tmp_path, FLYO_FLYCTL=flyctl)
    assert (ran.status, ran.line, (tmp_path / "fly.toml").exists()) == (2, f"flyo: {line}", True)


def test_a_review_app_that_does_not_go(fleet: LocalFleet, tmp_path: Path) -> None:
    fleet.manage("POST", "/v1/apps", {"name": f"{APP}-pr-7", "org_slug": "personal"})
    ran = at(fleet, "review down --local --number 7", FLYO_FLYCTL=program(tmp_path, "exit 0"))
    assert (ran.status, ran.line) == (
        1,
        f"flyo: app {APP}-pr-7: was destroyed and is still there. Look with 'flyo local exec -- flyctl apps list', and "
        "run this again [review.still_there]",
    )


def test_what_flyctl_warns_of(fleet: LocalFleet, tmp_path: Path) -> None:
    script = 'echo "Validating fly.toml"; echo "app is on an old stack"; echo "✓ Configuration is valid"'
    ran = at(fleet, "doctor --local", FLYO_FLYCTL=program(tmp_path, script), COLUMNS="200")
    at_warning = ran.out.splitlines().index("warning fly.toml: app is on an old stack [doctor.flyctl_warns]")
    assert ran.out.splitlines()[at_warning : at_warning + 3] == [
        "warning fly.toml: app is on an old stack [doctor.flyctl_warns]",
        "  why: The line repeats its words.",
        "  fix: Do what flyctl says",
    ]


# --- warnings


@pytest.fixture
def dockerfile(fleet: LocalFleet) -> Iterator[Path]:
    """The project's Dockerfile, as it was afterwards."""
    path = fleet.project / "Dockerfile"
    before = path.read_text()
    yield path
    path.write_text(before)


def test_what_is_built_otherwise_than_on_fly(fleet: LocalFleet, dockerfile: Path) -> None:
    dockerfile.write_text(dockerfile.read_text().replace("COPY server.py .", "COPY server.py .\nRUN make static"))
    ran = at(fleet, "deploy --local")
    warned = [line.split("!", 1)[1].strip() for line in ran.err.splitlines() if line.endswith("[build.notice]")]
    assert (ran.status, warned[0]) == (
        0,
        "1 RUN instruction is not executed: dependencies come from `build` under [local] in flyo.toml, or from the "
        "app's manifests [build.notice]",
    )


def test_a_deploy_that_had_nothing_to_do_can_be_shown_again(fleet: LocalFleet) -> None:
    at(fleet, "deploy --local")
    assert "Nothing to change" in at(fleet, "deploy --local").out
    shown = at(fleet, "history show last --local")
    assert [line.split("s  ", 1)[1] for line in shown.out.splitlines()][-2:] == [
        "nothing to do",
        "every machine is as it should be",
    ]


# --- the board


class Hurried(SystemClock):
    """A clock on which an hour is over in a moment: what sleeps is not kept waiting."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def now(self) -> float:
        return super().now() + self.skipped

    def monotonic(self) -> float:
        return super().monotonic() + self.skipped

    def sleep(self, seconds: float) -> None:
        self.skipped += seconds
        super().sleep(0.001)


def test_a_machine_that_does_not_run_again(fleet: LocalFleet) -> None:
    machine = fleet.machine_in("fra")
    environment = Environment(fleet.variables, fleet.project, clock=Hurried(), stderr=io.StringIO())
    context = CommandContext(environment, SharedOptions(local=True))
    target, project = context.target(needs_flyctl=False), context.project_to_look()
    fault = fleet.manage(
        "POST", "/_local/faults", {"name": "slow-boot", "machine": machine["id"], "set": {"seconds": 300}}
    )
    try:
        with refused(
            1,
            f"flyo: machine {machine['id']}: it does not run again after 60 s. Press l for its logs [status.restart]",
        ):
            restart(context, target, project, target.api.get_machine(APP, machine["id"]))
    finally:
        fleet.manage("DELETE", f"/_local/faults/{fault['id']}")
        fleet.act(machine, "stop", "stopped")
        fleet.act(machine, "start", "started")
