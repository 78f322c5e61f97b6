"""config validate."""

from __future__ import annotations

from flyctl_orchestrator.local.stand_in.failures import Failure, NotOffered
from flyctl_orchestrator.local.stand_in.session import Session
from flyctl_orchestrator.local.stand_in.toml.strict import unread
from flyctl_orchestrator.local.stand_in.toml.validate import validate


def check(session: Session) -> None:
    """`config validate -c FILE`: exit status 1 when it may not be deployed (with --strict: or holds unknown keys)."""
    if not session.token or not session.app or session.toml is None:
        raise NotOffered("config validate without a fly.toml")
    if session.toml.problem:
        session.tell(f"WARN WARNING the config file at '{session.toml.path}' is not valid: {session.toml.problem}")
        raise Failure(f"{_before_strict(session)}{session.toml.problem}")
    verdict = validate(session.toml)
    for line in verdict.lines:
        session.say(line)
    session.say()
    unknown = unread(session.toml.modern or {}) if session.arguments.on("strict") else []
    if unknown:
        session.say("\nStrict validation found unrecognised sections or keys:")
        for name in unknown:
            session.say(f"  - {name}")
        session.say("\n")
    if not verdict.valid:
        raise Failure("App configuration is not valid")
    if unknown:
        raise Failure("strict validation failed")


def _before_strict(session: Session) -> str:
    """What flyctl puts before a problem that it meets when it reads the file for the second time."""
    assert session.toml is not None
    again = session.arguments.on("strict") and session.toml.modern is None
    return "failed to load config for strict validation: " if again else ""
