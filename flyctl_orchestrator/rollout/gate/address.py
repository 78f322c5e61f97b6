"""What a platform says of an app that listens where nobody looks for it.

The local platform looks where an app listens and says so in a check's output and in the proxy's answer; Fly.io's checks
say that the connection was refused, and no more.
"""

from __future__ import annotations

import re

from flyctl_orchestrator.rollout.gate.evidence import Evidence

# Seconds for which that has to be so: another port than the one asked for may be a helper's, opened before the app's.
SURELY, PERHAPS = 8.0, 30.0
_TOLD = re.compile(r"the app listens on .+", re.DOTALL)
_LONGEST = 400


def told_address(text: str) -> str:
    """The platform's sentence about where an app listens, "" when a text holds none."""
    found = _TOLD.search(text)
    return " ".join(found[0].split())[:_LONGEST].rstrip(")") if found else ""


def patience_for(told: str) -> float:
    """Seconds after which an app that listens elsewhere will not listen where it should any more."""
    right_port = "let it listen on 0.0.0.0" in told and "internal_port" not in told
    return SURELY if right_port or " instead of " in told else PERHAPS


def heard_address(seen: Evidence, start: float, now: float) -> str:
    """The proxy's sentence, once it has been said for long enough without a break; "" otherwise.

    Args:
        start: answers before that do not count, in seconds of the monotonic clock.
    """
    since, told = now, ""
    for each in reversed([each for each in seen.answers if each.at >= start]):
        said = told_address(each.answer.error or "")
        if not said:
            break
        since, told = each.at, told or said
    return told if told and now - since >= patience_for(told) else ""
