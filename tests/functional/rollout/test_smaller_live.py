"""A fly.toml that makes machines smaller than they are is a question, not a deploy."""

from __future__ import annotations

from tests.functional.rollout.rollout_project import RolloutProject


def sized(project: RolloutProject, memory: str) -> None:
    path = project.project / "fly.toml"
    path.write_text(f'{path.read_text().partition("[[vm]]")[0]}[[vm]]\nmemory = "{memory}"\n')


def sizes(project: RolloutProject) -> set[int]:
    return {body["config"]["guest"]["memory_mb"] for body in project.machines().values()}


def test_a_smaller_size_stops_unless_it_is_confirmed(deployed: RolloutProject) -> None:
    sized(deployed, "1gb")
    grown = deployed.deploy()
    assert grown.status == 0 and sizes(deployed) == {1024}, grown.stderr
    sized(deployed, "512mb")
    versions = deployed.versions()
    said = deployed.flyo("plan", "--local")
    assert said.status == 0 and "note: a machine is made smaller: fra " in said.stdout
    ran = deployed.deploy()
    assert ran.status == 7 and "[plan.smaller]" in ran.last_line, ran.stderr
    assert "(shared-cpu-1x with 1024 MB to shared-cpu-1x with 512 MB)" in ran.last_line
    assert deployed.versions() == versions
    ran = deployed.deploy("--yes")
    assert ran.status == 0 and sizes(deployed) == {512}, ran.stderr
