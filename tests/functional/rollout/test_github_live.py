"""A deploy on GitHub Actions, as its runner sees it."""

from __future__ import annotations

from tests.functional.rollout.rollout_project import APP, RolloutProject


def on_github(project: RolloutProject) -> RolloutProject:
    own = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(project.root / "summary.md")}
    project.extra |= own | {"GITHUB_ACTOR": "ada", "GITHUB_RUN_ID": "42", "GITHUB_REPOSITORY": "ada/shop"}
    return project


def test_the_log_is_folded_and_the_summary_has_a_row_per_machine(deployed: RolloutProject) -> None:
    on_github(deployed).behave("good two")
    ran = deployed.deploy()
    assert ran.status == 0, ran.stderr
    commands = [line for line in ran.stderr.splitlines() if line.startswith("::") and "warning" not in line]
    assert commands == [
        "::group::building the image",
        "::endgroup::",
        "::group::canary: iad",
        "::endgroup::",
        "::group::wave 2: fra nrt",
        "::endgroup::",
    ]
    text = (deployed.root / "summary.md").read_text()
    assert text.startswith(f"### ✅ {APP}: every machine is new and verified")
    assert [line.split(" | ")[0] for line in text.splitlines() if line.startswith("| ")] == [
        "| region",
        "| iad",
        "| fra",
        "| nrt",
    ]


def test_a_failure_shows_on_the_runs_page(deployed: RolloutProject) -> None:
    on_github(deployed).behave("broken")
    ran = deployed.deploy()
    assert ran.status == 3
    errors = [line for line in ran.stderr.splitlines() if line.startswith("::error")]
    assert len(errors) == 2 and errors[-1].startswith(f"::error title={APP}%3A rolled back::iad ")
    assert (deployed.root / "summary.md").read_text().startswith(f"### ❌ {APP}: failed and rolled back\n")


def test_an_error_before_the_rollout_shows_there_too_and_the_lock_names_the_run(deployed: RolloutProject) -> None:
    on_github(deployed)
    taken = deployed.flyo("lock", "take", "--local", "--why", "100% busy")
    assert taken.status == 0, taken.stderr
    ran = deployed.deploy()
    assert ran.status == 6
    error = ran.last_line
    assert error.startswith(f"::error title=flyo::app {APP}: locked by ada@")
    assert "100%25 busy, https://github.com/ada/shop/actions/runs/42" in error
    assert not any(line.startswith("::error") for line in deployed.deploy("--json").stderr.splitlines())
