"""What is wrong with certificates, one thing at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flyctl_orchestrator.doctor.certificates import check_certificates
from flyctl_orchestrator.fleet.certificates import Certificate, Hostname

NOW = 1_764_500_000.0
DAY = 86_400.0
WELL = Certificate(Hostname("shop.example.com", issued=True, leads_here=True), expires=NOW + 60 * DAY)
UNISSUED = replace(WELL.hostname, issued=False)


@pytest.mark.parametrize(
    ("code", "severity", "changes"),
    [
        (
            "doctor.certificate_dns",
            "warning",
            {"hostname": replace(UNISSUED, leads_here=False), "expires": None, "records": ("A 192.0.2.1", "AAAA ::1")},
        ),
        ("doctor.certificate_pending", "warning", {"hostname": UNISSUED, "expires": None, "troubles": ("CAA\nno",)}),
        ("doctor.certificate_expiring", "warning", {"expires": NOW + 14 * DAY}),
        ("doctor.certificate_expiring", "warning", {"expires": NOW + DAY, "custom": True}),
        ("doctor.certificate_ended", "error", {"expires": NOW}),
    ],
)
def test_a_hostname_has_one_thing_wrong(code: str, severity: str, changes: dict[str, Any]) -> None:
    (found,) = check_certificates("shop", [WELL, replace(WELL, **changes)], NOW)
    assert (found.code, found.severity, found.where) == (code, severity, "shop.example.com")
    assert found.what.isprintable()


def test_missing_dns_names_the_records_that_are_needed() -> None:
    missing = replace(WELL, hostname=replace(UNISSUED, leads_here=False), expires=None, records=("CNAME a.fly.dev",))
    (found,) = check_certificates("shop", [missing], NOW)
    assert (
        found.fix == "Set its DNS to CNAME a.fly.dev, then look with 'flyctl certs check shop.example.com --app shop'"
    )


@pytest.mark.parametrize(("days", "left"), [(9.5, "9 days"), (1.5, "1 day"), (0.5, "less than a day")])
def test_how_long_one_has_left_is_said_as_it_is(days: float, left: str) -> None:
    (found,) = check_certificates("shop", [replace(WELL, expires=NOW + days * DAY)], NOW)
    assert f", in {left}, and was not renewed" in found.what


def test_nobody_renews_what_was_uploaded() -> None:
    (found,) = check_certificates("shop", [replace(WELL, expires=NOW - DAY, custom=True)], NOW)
    assert found.fix.startswith("Upload a new one with 'flyctl certs import shop.example.com'")
    assert found.what == "its certificate ended on 2025-11-29: browsers refuse it"
