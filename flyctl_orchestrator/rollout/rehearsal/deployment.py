"""The rollout of a rehearsal: the real one, but for what must not or cannot be done on a copy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from flyctl_orchestrator.fleet.builder import BuildRequest, BuiltImage, build
from flyctl_orchestrator.rollout.context.same_code import marked
from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.plan.plan import Plan, PlannedImage
from flyctl_orchestrator.rollout.state.observe import Fleet


@dataclass(frozen=True)
class RehearsedDeployment(Deployment):
    """A deployment on a copy.

    Attributes:
        scratch: a directory for files of the rehearsal's own.
        running: digests of the images that the copied machines run.
        ready: called with the plan, once the rollout is about to begin.
    """

    scratch: Path = field(default_factory=Path)
    running: frozenset[str] = frozenset()
    ready: Callable[[Plan], None] = lambda plan: None

    def given_image(self, image: str | None) -> PlannedImage:
        """Always one still to be built: the local platform cannot pull images from elsewhere."""
        return PlannedImage()

    def build(self, fleet: Fleet | None = None, *, ask: bool = True) -> PlannedImage:
        """Build the project; where that is what runs already, the same code once more, as another image."""
        image = super().build(fleet, ask=ask)
        if image.digest not in self.running:
            return image
        self.emit("note", line="nothing has changed since the last deploy: a new release of the same code is rehearsed")
        built = self._build_marked(self._request(), "again")
        return PlannedImage(built.ref, built.digest)

    def build_before(self, context: Path) -> BuiltImage:
        """An image for the machines whose own is not on this computer.

        Args:
            context: the directory with the code that runs, or what comes nearest.

        Raises:
            BuildError: it cannot be built.
        """
        request, here = self._request(), self.project.context.absolute()
        dockerfile = request.build.dockerfile
        if dockerfile and dockerfile.is_relative_to(here):
            dockerfile = context / dockerfile.relative_to(here)
        moved = replace(request.build, dockerfile=dockerfile)
        return self._build_marked(replace(request, context=context, build=moved), "before")

    def announce(self, plan: Plan) -> None:
        """Tell what the plan is; then the rollout begins, and so do the faults."""
        super().announce(plan)
        self.ready(plan)

    def _build_marked(self, request: BuildRequest, mark: str) -> BuiltImage:
        named = replace(request, label=f"{request.label}-{mark}")
        return build(self.target, marked(named, self.scratch, mark), self._log)
