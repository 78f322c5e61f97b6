"""Tells the local platform how a project was deployed, so that its page can offer to deploy it again."""

from __future__ import annotations

import re
import shutil
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from flyctl_orchestrator.cli.context import CommandContext, SharedOptions
from flyctl_orchestrator.cli.local.client import ask, find_local
from flyctl_orchestrator.errors import FlyoError

PROJECTS = "/_local/projects"
# What flyo and its Python read of the environment to work as they did here. Nothing that may be a credential.
_KEPT = re.compile(
    r"HOME|USER|LOGNAME|PATH|LANG|LC_\w+|TZ|TMPDIR|XDG_\w+|PYTHON\w+|LD_LIBRARY_PATH|DYLD_\w+|COVERAGE_PROCESS_\w+"
    r"|FLYO_(FLYCTL|APP|CATALOG_DIR|STATE_DIR)"
)


def tell_project(context: CommandContext, app: str) -> None:
    """Tell it what was deployed from where. Nobody learns of it when that fails: the deploy is over.

    Build arguments and build secrets are told to nobody, so a deploy that had some is not told at all.
    """
    environment, options = context.environment, context.options
    flyo = _flyo(environment.variables)
    if flyo is None or options.build.args or options.build.secrets:
        return
    told = {
        "app": app,
        "directory": str(environment.cwd),
        "flyo": flyo,
        "options": list(given_again(options)),
        "environment": {name: value for name, value in environment.variables.items() if _KEPT.fullmatch(name)},
    }
    try:
        running = find_local(environment)
        if running is not None:
            ask(environment, running, "PUT", PROJECTS, told)
    except FlyoError:
        return


def given_again(options: SharedOptions) -> Iterator[str]:
    """The options of a deploy that the next one of the same project needs, too, each as one word.

    Which part of the fleet it was about counted for that deploy alone.
    """
    build = options.build
    named = {"app": options.app, "config": options.config, "dockerfile": build.dockerfile}
    named |= {"ignorefile": build.ignorefile, "build-target": build.target}
    yield from (f"--{name}={value}" for name, value in named.items() if value)
    yield from (f"--accept={code}" for code in options.accept)
    yield from (_policy_word(name, value) for name, value in options.policy.items() if value is not None)


def _policy_word(name: str, value: Any) -> str:
    if name == "rollback":
        return "--no-rollback"
    word = f"{value:g}s" if isinstance(value, float) else str(value)
    return f"--{name.replace('_', '-')}={word}"


def _flyo(variables: Mapping[str, str]) -> str | None:
    """The flyo command that is installed with this code, else the one on PATH."""
    own = Path(sysconfig.get_path("scripts")) / "flyo"
    return str(own) if own.is_file() else shutil.which("flyo", path=variables.get("PATH", ""))
