"""How the project becomes an image: fly.toml's [build] and the command line, with flyctl's rules of who wins."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.build_options import BuildOptions
from flyctl_orchestrator.project.flytoml.values import pick, text_of
from flyctl_orchestrator.project.model import Project


@dataclass(frozen=True)
class BuildPlan:
    """What a builder that does not read fly.toml has to know. Paths are absolute, None for the context's own.

    `starts_image_command`: no process group has a command of its own.
    """

    dockerfile: Path | None = None
    ignorefile: Path | None = None
    target: str | None = None
    args: Mapping[str, str] = field(default_factory=dict)
    starts_image_command: bool = False


def _starts_image_command(top: Mapping[str, Any]) -> bool:
    """Whether fly.toml leaves it to the image what machines start."""
    experimental = pick(top, "experimental")
    own = experimental if isinstance(experimental, dict) else {}
    return not pick(top, "processes") and not any(pick(own, key) for key in ("cmd", "entrypoint", "exec"))


def build_section(project: Project) -> Mapping[str, Any]:
    """fly.toml's [build], an empty table where there is none."""
    section = pick(project.flytoml.raw, "build")
    return section if isinstance(section, dict) else {}


def named_image(project: Project) -> str | None:
    """The finished image that [build] names instead of anything to build."""
    return text_of(pick(build_section(project), "image")) or None


def plan_build(project: Project, options: BuildOptions) -> BuildPlan:
    """What to build: paths in fly.toml are relative to fly.toml, those of the command line to where the user is."""
    section, beside = build_section(project), project.root
    dockerfile, ignorefile = text_of(pick(section, "dockerfile")), text_of(pick(section, "ignorefile"))
    args = pick(section, "args")
    texts = {name: value for name, value in args.items() if isinstance(value, str)} if isinstance(args, dict) else {}
    target = text_of(section.get("build_target")) or text_of(pick(section, "build-target"))
    return BuildPlan(
        dockerfile=(beside / dockerfile).absolute() if dockerfile else options.dockerfile,
        ignorefile=(beside / ignorefile).absolute() if ignorefile else options.ignorefile,
        target=target or options.target,
        args={**texts, **options.args},
        starts_image_command=_starts_image_command(project.flytoml.raw),
    )


def require_dockerfile(project: Project, options: BuildOptions) -> None:
    """Make sure that the local platform can build the project, before anything is made for it.

    Raises:
        UsageError: fly.toml asks for a way to build that is not offered there, or there is no Dockerfile.
    """
    section, shown = build_section(project), project.flytoml.shown
    if containers := _containers(project.flytoml.raw, section):
        raise UsageError(
            f"{containers} (several containers in a machine) is not offered by the local platform",
            where=shown,
            next="Leave it out there, or deploy to Fly.io",
            code="build.not_offered",
        )
    if named_image(project):
        return
    plan = plan_build(project, options)
    asked = [key for key in ("builder", "buildpacks", "builtin") if pick(section, key)]
    if asked and plan.dockerfile is None:
        raise UsageError(
            f"[build] {asked[0]} is not offered by the local platform",
            where=shown,
            next="Give it a Dockerfile with --dockerfile, or a finished image with --image",
            code="build.not_offered",
        )
    if "://" in (text_of(pick(section, "dockerfile")) or ""):
        raise UsageError(
            "a Dockerfile at a URL is not offered by the local platform",
            where=shown,
            next="Give a file with --dockerfile",
            code="build.not_offered",
        )
    choices = (
        [plan.dockerfile] if plan.dockerfile else [project.context / name for name in ("Dockerfile", "dockerfile")]
    )
    if not any(path.is_file() for path in choices):
        advice = "'flyo init' writes one, or name it as dockerfile under [build], or with --dockerfile"
        if plan.dockerfile is None and (project.root / "Dockerfile").is_file():
            advice = (
                f"Files come from the current directory; 'flyo deploy {shlex.quote(str(project.root))}' builds there"
            )
        raise UsageError(f"there is no {choices[0]}", where=shown, next=advice, code="build.no_dockerfile")


def _containers(top: Mapping[str, Any], section: Mapping[str, Any]) -> str:
    """The key that asks for containers, "" for none."""
    experimental = pick(top, "experimental")
    asked = {
        "machine_config": pick(top, "machine_config"),
        "[experimental] machine_config": pick(experimental, "machine_config")
        if isinstance(experimental, dict)
        else None,
        "[build] compose": pick(section, "compose") is not None,
    }
    return next((name for name, value in asked.items() if value), "")
