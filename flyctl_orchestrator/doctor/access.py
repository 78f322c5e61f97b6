"""Who may change an app, and who keeps others from it: tokens, and leases of machines."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

from flyctl_orchestrator.doctor.finding import Finding, Severity
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.resources import Lease
from flyctl_orchestrator.fleet.token import Lifetime, TokenScope
from flyctl_orchestrator.rollout.state.lock_record import LockRecord, plain

DAY = 86_400.0
# A token that anybody may have copied should not be good for longer; one that ends soon stops a pipeline.
LONG, SOON = 90 * DAY, 7 * DAY
# Seconds. flyctl takes leases for 13 s and flyo for 30 s, and both renew them: one that ends later is nobody's work.
BRIEF = 60.0
NEW_TOKEN = "Make one for this app alone: 'flyctl tokens create deploy --app {app} --expiry 720h'"


def check_leases(
    leases: Iterable[tuple[Machine, Lease]], holders: Sequence[LockRecord], now: float
) -> Iterator[Finding]:
    """Machines that somebody holds, so that nobody else can change them.

    Args:
        leases: those in force, with their machines.
        holders: who holds the app's lock.
        now: seconds since the epoch, by the platform's clock.
    """
    working = next((each for each in holders if not each.by_hand and each.since), None)
    for machine, lease in leases:
        where, left = f"{machine.region} {machine.id}", lease.expires_at - now
        held_for = f" ({plain(lease.description)})" if lease.description else ""
        until = f"for another {_span(left)}, until {_moment(lease.expires_at)}"
        if working is not None and left <= BRIEF:
            # Whose lease it is nobody tells: flyctl, which a rollout runs, takes them in its own name.
            what = f"is leased while {working.who} works on the app since {_moment(working.since)}: {working.why}"
            yield Finding("info", where, what, "Wait until that has ended", code="doctor.leased")
            continue
        severity: Severity = "info" if left <= BRIEF else "warning"
        what = f"is leased by {plain(lease.owner) or 'somebody'}{held_for} {until}: nobody else can change it"
        clear = f"'flyctl machine leases clear {machine.id} --app {machine.app}'"
        fix = f"Release it with {clear}, once nobody works on it any more"
        yield Finding(severity, where, what, fix, code="doctor.leased" if left <= BRIEF else "doctor.lease_left")


def check_lock(app: str, holders: Iterable[LockRecord], now: float) -> Iterator[Finding]:
    """A lock that a person has taken, so that no rollout starts.

    Args:
        now: seconds since the epoch, by the platform's clock.
    """
    for each in holders:
        if each.by_hand:
            since = f" since {_moment(each.since)} ({_span(now - each.since)})" if each.since else ""
            what = f"{each.who} holds the lock{since}, so that no rollout starts: {each.why}"
            yield Finding(
                "warning", f"app {app}", what, "Release it with 'flyo lock release'", code="doctor.lock_by_hand"
            )


def check_token(
    app: str, named: str, lifetime: Lifetime | None, scopes: Sequence[TokenScope], now: float
) -> Iterator[Finding]:
    """A token from the environment: whoever can read a pipeline's variables has it.

    Args:
        named: the variable it is in.
        lifetime: what it says itself, None where it does not.
        scopes: what the platform says; empty where it does not.
        now: seconds since the epoch.
    """
    fix = NEW_TOKEN.format(app=app)
    if lifetime is not None:
        left = lifetime.ends - now
        if left <= 0:
            what = f"the token ended on {_day(lifetime.ends)}"
            yield Finding("error", named, what, fix, code="doctor.token_expired")
        elif left < SOON:
            what = f"the token ends in {_span(left)}, on {_day(lifetime.ends)}"
            yield Finding("warning", named, what, fix, code="doctor.token_expiring")
        elif left > LONG:
            what = f"the token is good until {_day(lifetime.ends)}, {_span(left)} from now"
            yield Finding("warning", named, what, fix, code="doctor.token_long")
    for scope in scopes:
        others = [each for each in scope.apps if each != app]
        if scope.whole_organization:
            whose = f" {plain(scope.organization)}" if scope.organization else ""
            what = f"the token is good for every app of organization{whose}"
        elif others:
            what = f"the token is also good for {len(others)} other app{'s' * (len(others) > 1)}"
        else:
            continue
        yield Finding("warning", named, what, fix, code="doctor.token_wide")


def refused_token(app: str, named: str, said: str) -> Finding:
    """A token that the platform does not take.

    Args:
        said: what the platform said.
    """
    what = f"Fly.io does not take the token ({said}): it has ended, was revoked, or is for something else"
    return Finding("error", named, what, NEW_TOKEN.format(app=app), code="doctor.token_refused")


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


def _span(seconds: float) -> str:
    """A time for a person, e.g. "9 s", "3 minutes", "12 days"."""
    for size, name in ((DAY, "day"), (3600.0, "hour"), (60.0, "minute")):
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {name}{'s' * (number > 1)}"
    return f"{max(0, int(seconds))} s"
