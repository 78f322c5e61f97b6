"""Creates the app itself, on Fly.io or on the local platform."""

from __future__ import annotations

from collections.abc import Mapping

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.fleet.flyctl.find import find_flyctl


def can_create(environment: Environment, *, local: bool) -> bool:
    """Whether there is a flyctl to create it with."""
    try:
        find_flyctl(environment.variables, local=local)
    except FlyoError:
        return False
    return True


def create_app(context: CommandContext, app: str, *, org: str | None) -> bool:
    """Create the app; False when it was there already.

    Raises:
        UsageError: no organization is named, and there is more than one.
        FlyoError: Fly, flyctl or the local platform does not do it, e.g. because the name is taken.
    """
    from flyctl_orchestrator.fleet.api_error import ApiError

    target = context.target()
    try:
        target.api.get_app(app)
        return False
    except ApiError as error:
        # Another owner's app is not ours to see (403); creating it then says that the name is taken.
        if error.kind != "not_found" and error.status != 403:
            raise
    org = org or _only_organization(target.flyctl.orgs())
    target.flyctl.apps_create(app, org)
    return True


def _only_organization(organizations: Mapping[str, str]) -> str:
    if len(organizations) == 1:
        return next(iter(organizations))
    if not organizations:
        what, advice = (
            "the token sees no organization to create the app in",
            "Name one with --org, or use another token",
        )
        raise UsageError(what, where="flyo init", next=advice, code="usage.org")
    raise UsageError(
        f"there are {len(organizations)} organizations: {', '.join(sorted(organizations)[:8])}",
        where="--org",
        next=f"The files are written; 'flyo init --yes --create --org {min(organizations)}' creates it in one of them",
        code="usage.org",
    )
