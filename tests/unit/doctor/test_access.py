"""What is wrong with leases, the lock and tokens, one thing at a time."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.doctor.access import check_leases, check_lock, check_token
from flyctl_orchestrator.fleet.resources import Lease
from flyctl_orchestrator.fleet.token import Lifetime, TokenScope
from flyctl_orchestrator.rollout.state.lock_record import LockRecord
from tests.unit.doctor.test_fleet import one

NOW = 1_764_500_000.0
DAY = 86_400.0
ROLLOUT = LockRecord("r", "ann@ci", "flyo deploy", "rollout", since=NOW - 60)
BY_HAND = LockRecord("h", "bob@desk", "do not touch", "hand", since=NOW - 7200)


def lease(seconds: float) -> Lease:
    return Lease("n0nce", NOW + seconds, description="by hand", owner="ann@example.com")


def test_a_long_lease_is_told_with_its_owner_its_end_and_how_to_release_it() -> None:
    (found,) = check_leases([(one("a"), lease(3700))], [], NOW)
    assert (found.code, found.severity, found.where) == ("doctor.lease_left", "warning", "iad a")
    assert found.what == (
        "is leased by ann@example.com (by hand) for another 1 hour, until 2025-11-30 11:55:00 UTC: "
        "nobody else can change it"
    )
    assert found.fix == "Release it with 'flyctl machine leases clear a --app shop', once nobody works on it any more"


def test_a_short_lease_is_somebody_at_work() -> None:
    (found,) = check_leases([(one("a"), lease(13))], [], NOW)
    assert (found.code, found.severity) == ("doctor.leased", "info")


def test_a_long_lease_is_nobodys_work_also_during_a_rollout() -> None:
    (found,) = check_leases([(one("a"), lease(3700))], [ROLLOUT], NOW)
    assert (found.code, found.severity) == ("doctor.lease_left", "warning")


def test_a_short_lease_during_a_rollout_is_told_with_who_works() -> None:
    (found,) = check_leases([(one("a"), lease(13))], [ROLLOUT], NOW)
    assert (found.code, found.severity) == ("doctor.leased", "info")
    assert found.what == "is leased while ann@ci works on the app since 2025-11-30 10:52:20 UTC: flyo deploy"


def test_what_others_wrote_into_a_lease_is_shown_on_one_clean_line() -> None:
    strange = Lease("n", NOW + 900, description="a\nb\x1b[31m", owner="\u202eevil")
    (found,) = check_leases([(one("a"), strange)], [], NOW)
    assert found.what.isprintable()


def test_a_lock_by_hand_is_told_and_a_rollouts_is_not() -> None:
    (found,) = check_lock("shop", [ROLLOUT, BY_HAND], NOW)
    assert (found.code, found.severity, found.fix) == (
        "doctor.lock_by_hand",
        "warning",
        "Release it with 'flyo lock release'",
    )
    assert found.what == (
        "bob@desk holds the lock since 2025-11-30 08:53:20 UTC (2 hours), so that no rollout starts: do not touch"
    )


@pytest.mark.parametrize(
    ("days", "code", "severity"),
    [
        (-1.0, "doctor.token_expired", "error"),
        (3.0, "doctor.token_expiring", "warning"),
        (30.0, None, None),
        (90.0, None, None),
        (7300.0, "doctor.token_long", "warning"),
    ],
)
def test_a_token_says_how_long_it_is_good(days: float, code: str | None, severity: str | None) -> None:
    found = list(check_token("shop", "FLY_API_TOKEN", Lifetime(NOW - DAY, NOW + days * DAY), (), NOW))
    assert [(each.code, each.severity) for each in found] == ([(code, severity)] if code else [])
    assert all("--app shop --expiry 720h" in each.fix for each in found)


@pytest.mark.parametrize(
    ("apps", "what"),
    [
        (("shop",), None),
        ((), None),
        (("*",), "the token is good for every app of organization acme"),
        (("shop", "bank"), "the token is also good for 1 other app"),
        (("a", "b", "shop"), "the token is also good for 2 other apps"),
    ],
)
def test_a_token_is_for_this_app_alone(apps: tuple[str, ...], what: str | None) -> None:
    found = list(check_token("shop", "FLY_API_TOKEN", None, [TokenScope("acme", apps)], NOW))
    assert [(each.code, each.what) for each in found] == ([("doctor.token_wide", what)] if what else [])
