"""Which Dockerfile, ignore file, stage and arguments a build takes: fly.toml first, as flyctl has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.build_options import BuildOptions
from flyctl_orchestrator.project.building import BuildPlan, named_image, plan_build, require_dockerfile
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.project.project import load_project


def project(root: Path, build: str = "", where: str = "deploy/fly.api.toml") -> Project:
    path = root / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'app = "x"\n{build}', "utf-8")
    return load_project(root, Path(where))


def test_paths_in_fly_toml_are_relative_to_it_and_come_before_the_command_lines(tmp_path: Path) -> None:
    section = '[build]\ndockerfile = "../apps/Dockerfile"\nignorefile = "x.ignore"\nbuild-target = "web"\n'
    options = BuildOptions(tmp_path / "D", tmp_path / "I", "other", {"B": "3", "C": "4"})
    assert plan_build(project(tmp_path, section + '[build.args]\nA = "1"\nB = "2"'), options) == BuildPlan(
        tmp_path / "deploy/../apps/Dockerfile",
        tmp_path / "deploy/x.ignore",
        "web",
        {"A": "1", "B": "3", "C": "4"},
        starts_image_command=True,
    )
    assert plan_build(project(tmp_path), options) == BuildPlan(
        tmp_path / "D", tmp_path / "I", "other", {"B": "3", "C": "4"}, starts_image_command=True
    )


@pytest.mark.parametrize("key", ["build-target", "build_target"])
def test_both_spellings_of_the_stage(tmp_path: Path, key: str) -> None:
    assert plan_build(project(tmp_path, f'[build]\n{key} = "web"'), BuildOptions()).target == "web"


def test_a_finished_image_needs_no_dockerfile(tmp_path: Path) -> None:
    found = project(tmp_path, '[build]\nimage = "nginx"')
    assert named_image(found) == "nginx"
    require_dockerfile(found, BuildOptions())


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ('builder = "heroku/builder:24"', "[build] builder is not offered by the local platform"),
        ('buildpacks = ["gcr.io/x"]', "[build] buildpacks is not offered by the local platform"),
        ('builtin = "node"', "[build] builtin is not offered by the local platform"),
        ('dockerfile = "https://example.org/Dockerfile"', "a Dockerfile at a URL is not offered"),
        ("[build.compose]", "[build] compose (several containers in a machine) is not offered"),
        ('[experimental]\nmachine_config = "x"', "[experimental] machine_config (several containers in a machine)"),
        ('dockerfile = "none"', "deploy/none. 'flyo init' writes one"),
        ("", "/Dockerfile. 'flyo init' writes one"),
    ],
)
def test_what_the_local_platform_cannot_build_is_said_before_anything_happens(
    tmp_path: Path, section: str, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        require_dockerfile(project(tmp_path, f"[build]\n{section}"), BuildOptions())
    assert str(caught.value).startswith("deploy/fly.api.toml: ") and said in str(caught.value)
    assert caught.value.code in ("build.not_offered", "build.no_dockerfile")


def test_a_dockerfile_beside_the_configuration_is_pointed_at(tmp_path: Path) -> None:
    found = project(tmp_path)
    (tmp_path / "deploy" / "Dockerfile").write_text("FROM x")
    with pytest.raises(UsageError, match=r"'flyo deploy .*/deploy' builds there"):
        require_dockerfile(found, BuildOptions())
    require_dockerfile(found, BuildOptions(dockerfile=tmp_path / "deploy" / "Dockerfile"))
