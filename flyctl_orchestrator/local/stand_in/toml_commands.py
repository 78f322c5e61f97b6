"""config validate."""

from __future__ import annotations

from flyctl_orchestrator.local.stand_in.failures import Failure, NotOffered
from flyctl_orchestrator.local.stand_in.session import Session
from flyctl_orchestrator.local.stand_in.toml.validate import validate


def check(session: Session) -> None:
    """`config validate -c FILE`: exit status 1 when it may not be deployed."""
    if session.arguments.on("strict"):
        raise NotOffered("config validate --strict")
    if not session.token or not session.app or session.toml is None:
        raise NotOffered("config validate without a fly.toml")
    verdict = validate(session.toml, session.version)
    for line in verdict.lines:
        session.say(line)
    session.say()
    if not verdict.valid:
        raise Failure("App configuration is not valid")
