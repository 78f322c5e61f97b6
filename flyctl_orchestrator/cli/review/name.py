"""The name of a pull request's app: that of the app it is a copy of, and the request's number."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.project import find_app

# Of a name on Fly.io; it is a part of a host name.
LONGEST = 63


def review_app(context: CommandContext, number: int | None) -> str:
    """NAME-pr-NUMBER. No other name is ever created or destroyed for a review.

    Args:
        number: of the pull request; None for what the pipeline says.

    Raises:
        UsageError: no number is known (code review.number), or the name would be too long (review.name).
    """
    environment, options = context.environment, context.options
    found = number if number is not None else number_of(environment.variables)
    if found is None:
        raise UsageError(
            "which pull request it is for is not known",
            where="flyo review",
            next="Give --number; on GitHub Actions and GitLab CI it is read from a pull request's pipeline",
            code="review.number",
        )
    base = find_app(environment.cwd, options.config, options.app, environment.variables)
    name = f"{base}-pr-{found}"
    if len(name) > LONGEST:
        raise UsageError(
            f"'{name}' has {len(name)} characters, and a name on Fly.io {LONGEST} at most",
            where="flyo review",
            next="Give a shorter name with --app",
            code="review.name",
        )
    return name


def number_of(variables: Mapping[str, str]) -> int | None:
    """The pull request's number, from GitHub's or GitLab's variables; None elsewhere."""
    found = re.fullmatch(r"refs/pull/(\d{1,9})/merge", variables.get("GITHUB_REF", ""))
    written = found[1] if found else variables.get("CI_MERGE_REQUEST_IID", "")
    return int(written) if re.fullmatch(r"\d{1,9}", written, re.ASCII) else None
