"""What `flyo review` does: an app of its own for a pull request, and its end."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flyctl_orchestrator.cli.catalog.budget import require_within_budget
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.deploy import DeployRequest, run_deploy
from flyctl_orchestrator.cli.init.create import create_app
from flyctl_orchestrator.cli.review.name import review_app
from flyctl_orchestrator.cli.review.secrets import give_secrets, read_secrets
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.model import Budget, Project


@dataclass(frozen=True)
class Wanted:
    """What one `flyo review up` is to do.

    Attributes:
        number: of the pull request; None for what the pipeline says.
        budget: US dollars per month that the app may cost.
        org: to create it in; None for the only one there is.
        secrets: a .env file for it, "-" for stdin; None for none.
    """

    number: int | None
    budget: float
    org: str | None
    secrets: str | None


class ReviewContext(CommandContext):
    """The commands' context, for the app of a pull request: one machine a process group, where the first region is."""

    budget: float = 0.0

    def project(self, *, understood: bool = True) -> Project:
        """The project under the review app's name, and with its counts and budget.

        Raises:
            UsageError: as for the project itself.
        """
        project = super().project(understood=understood)
        flyo = project.flyo
        first = project.flytoml.primary_region or next(iter(flyo.regions), None)
        policy = replace(flyo.rollout, canary=None)
        small = replace(
            flyo,
            regions={first: 1} if first else {},
            groups={},
            rollout=policy,
            budget=Budget(self.budget, flyo.budget.hours),
        )
        return replace(project, flyo=small)


def review_up(context: CommandContext, wanted: Wanted) -> int:
    """Create the app if it is not there, give it its secrets, and deploy to it; gives the exit status of the deploy.

    Raises:
        FlyoError: it would cost too much, or cannot be created; no machine was changed.
    """
    values = read_secrets(context.environment, wanted.secrets)
    review = ReviewContext(context.environment, context.options)
    review.budget = wanted.budget
    review.options.app = review_app(context, wanted.number)
    project = review.project(understood=False)
    require_within_budget(review, project)
    created = create_app(review, project.app, org=wanted.org)
    context.output.say(f"{'created' if created else 'exists'}  app {project.app}")
    give_secrets(review, project, values)
    return run_deploy(review, DeployRequest(None, None, resume=False, abort=False, hooks=False, unfinished="abort"))


def review_down(context: CommandContext, number: int | None) -> int:
    """Destroy the app with everything that belongs to it; one that is not there is as good as destroyed.

    Raises:
        Declined: a person at the terminal said no.
        FlyoError: it cannot be destroyed, or is still there afterwards (code review.still_there).
    """
    app = review_app(context, number)
    target = context.target()
    if not _there(target, app):
        context.output.report(f"app {app} does not exist")
        return int(Exit.OK)
    if context.may_ask:
        context.insist(f"Destroy app {app}, its machines, volumes and secrets?")
    target.flyctl.apps_destroy(app)
    if _there(target, app):
        raise FlyoError(
            "was destroyed and is still there",
            where=f"app {app}",
            next="Look with 'flyctl apps list', and run this again",
            code="review.still_there",
        )
    context.output.report(f"destroyed app {app}")
    return int(Exit.OK)


def _there(target: Target, app: str) -> bool:
    try:
        target.api.get_app(app)
    except ApiError as error:
        if error.kind != "not_found":
            raise
        return False
    return True
