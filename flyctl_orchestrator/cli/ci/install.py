"""What pip has to install so that a pipeline has the flyo that runs now."""

from __future__ import annotations

import json
from importlib import metadata

from flyctl_orchestrator.errors import UsageError

PACKAGE = "flyctl-orchestrator"


def installed_from() -> str:
    """The requirement, pinned to the commit that this flyo was installed from.

    Raises:
        UsageError: it was not installed from a repository, so that nobody else can be told where from (ci.install).
    """
    return requirement(metadata.distribution(PACKAGE).read_text("direct_url.json"))


def requirement(direct_url: str | None) -> str:
    """The requirement for what pip wrote down about an installation (direct_url.json, PEP 610).

    Raises:
        UsageError: it is a directory or a file of this computer, or nothing is known (code ci.install).
    """
    try:
        known = json.loads(direct_url or "{}")
        vcs = known["vcs_info"]
        return f"{PACKAGE}[local] @ {vcs['vcs']}+{known['url']}@{vcs['commit_id']}"
    except (ValueError, KeyError, TypeError):
        raise UsageError(
            "what a pipeline's pip can install is not known: this flyo does not come from a repository",
            where="--install",
            next=f'Give --install "{PACKAGE}[local] @ git+https://github.com/OWNER/NAME@COMMIT"',
            code="ci.install",
        ) from None
