"""Which options of a deploy the next one of the same project gets, too."""

from __future__ import annotations

from pathlib import Path

from flyctl_orchestrator.cli.context import SharedOptions
from flyctl_orchestrator.cli.local.told_project import given_again
from flyctl_orchestrator.project.build_options import BuildOptions


def test_how_it_is_rolled_out_and_where_its_files_are_is_given_again() -> None:
    options = SharedOptions(
        local=True,
        app="web",
        config=Path("fly.staging.toml"),
        yes=True,
        lock_wait=5.0,
        accept=("volume.alone",),
        part={"regions": ("fra",)},
        build=BuildOptions(dockerfile=Path("/src/Dockerfile.web"), target="run"),
        policy={
            **{"watch": 2.0, "timeout": 0.5, "width": 0, "canary": "fra", "strategy": "in-place"},
            **{"max_unavailable": 3, "bake": None, "rollback": False},
        },
    )
    assert list(given_again(options)) == [
        "--app=web",
        "--config=fly.staging.toml",
        "--dockerfile=/src/Dockerfile.web",
        "--build-target=run",
        "--accept=volume.alone",
        "--watch=2s",
        "--timeout=0.5s",
        "--width=0",
        "--canary=fra",
        "--strategy=in-place",
        "--max-unavailable=3",
        "--no-rollback",
    ]


def test_a_plain_deploy_has_none() -> None:
    assert list(given_again(SharedOptions(policy={"watch": None, "rollback": None}))) == []
