"""What the user wants the fleet to be, gathered from fly.toml, flyo.toml and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.model import Project, RolloutPolicy
from flyctl_orchestrator.project.project import FLYO_TOML
from flyctl_orchestrator.rollout.plan.plan import PlannedImage
from flyctl_orchestrator.rollout.plan.volumes import VolumeSpec, specs_of
from flyctl_orchestrator.rollout.state.metadata import definition_digest


@dataclass(frozen=True)
class Desired:
    """The goal of a rollout.

    Attributes:
        counts: machines per (region, process group), exact; the order is the default order of the waves.
        groups: process groups of fly.toml.
        volumes: what the volume of each process group's machines is like, for groups that have one.
        without: names of what is left as it is, see `plan/left_out.py`.
    """

    app: str
    image: PlannedImage
    definition: str
    groups: tuple[str, ...]
    counts: Mapping[tuple[str, str], int]
    primary_region: str | None
    policy: RolloutPolicy = field(default_factory=RolloutPolicy)
    volumes: Mapping[str, VolumeSpec] = field(default_factory=dict)
    without: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[str, ...]:
        """Regions in the order in which they are changed, the canary aside."""
        return tuple(dict.fromkeys(region for region, _ in self.counts))

    def home_of(self, group: str) -> str | None:
        """Where flyctl makes the first machine of a process group: in primary_region, or else where one is wanted."""
        wanted = [region for (region, each), count in self.counts.items() if each == group and count]
        first = [region for region in (self.primary_region, self.policy.canary) if region in wanted]
        return next(iter((*first, *wanted)), None)


def desired_of(project: Project, image: PlannedImage, policy: RolloutPolicy | None = None) -> Desired:
    """The goal a project describes.

    Args:
        policy: replaces flyo.toml's [rollout] (flags were given).

    Raises:
        UsageError: no region is named anywhere, or the canary is none of them.
    """
    fly, groups = project.flytoml, project.flytoml.process_groups
    regions = list(project.regions())
    regions += [code for group in groups for code in project.flyo.groups.get(group, {}) if code not in regions]
    counts = {(code, group): project.wanted(code, group) for code in dict.fromkeys(regions) for group in groups}
    chosen = policy or project.flyo.rollout
    if chosen.canary and chosen.canary not in regions:
        typed = chosen.canary != project.flyo.rollout.canary
        raise UsageError(
            f"the canary region {chosen.canary} is none of the regions to deploy to ({', '.join(regions)})",
            where="--canary" if typed else f"{FLYO_TOML} [rollout] canary",
            next="Name one of them",
            code="config.canary",
        )
    return Desired(
        app=project.app,
        image=image,
        definition=definition_digest(fly.raw),
        groups=groups,
        counts=counts,
        primary_region=fly.primary_region,
        policy=chosen,
        volumes=specs_of(fly),
    )


def with_flags(policy: RolloutPolicy, **flags: object) -> RolloutPolicy:
    """`policy` with every flag that was given (is not None) put in its place."""
    given = {name: value for name, value in flags.items() if value is not None}
    return replace(policy, **given)  # type: ignore[arg-type]
