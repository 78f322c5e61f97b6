"""A review app's secrets: those of a file, and random ones for what the code asks for and any value will do."""

from __future__ import annotations

import secrets as random_secrets

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.secrets.command import AppSecrets
from flyctl_orchestrator.cli.secrets.input import read_env_text
from flyctl_orchestrator.cli.secrets.store import names
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.project.detect import detect
from flyctl_orchestrator.project.envfile import parse_env
from flyctl_orchestrator.project.model import Project


def read_secrets(environment: Environment, source: str | None) -> dict[str, str]:
    """The values of a .env file, "-" for stdin; none for None.

    Raises:
        UsageError: it cannot be read, or is no such file.
    """
    if source is None:
        return {}
    text, shown = read_env_text(environment, source)
    return parse_env(text, shown=shown).values


def give_secrets(context: CommandContext, project: Project, values: dict[str, str]) -> None:
    """Stage the values, and random ones that the app lacks; names what is still missing.

    Raises:
        FlyoError: Fly does not take them.
    """
    target = context.target()
    held = names(target, project.app)
    wanted = [each for each in detect(project.root).secrets if each.name not in {*values, *held, *project.flytoml.env}]
    made = {each.name: random_secrets.token_urlsafe(32) for each in wanted if each.random}
    if missing := [each.name for each in wanted if not each.random]:
        context.output.say(f"warning: the code asks for {', '.join(missing)}, which this app does not have (--secrets)")
    if values or made:
        AppSecrets(context, project.app).store(target, {**made, **values})
