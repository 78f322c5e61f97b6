"""The certificates of an app's own hostnames."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from flyctl_orchestrator.doctor.finding import Finding
from flyctl_orchestrator.fleet.certificates import Certificate
from flyctl_orchestrator.fleet.decode import readable

DAY = 86_400.0
# Days. Fly.io renews its own 30 days before they end; one that is closer to its end was not renewed.
SOON = 14
LONGEST = 200


def check_certificates(app: str, certificates: Iterable[Certificate], now: float) -> Iterator[Finding]:
    """What is wrong with the certificates of an app.

    Args:
        now: seconds since the epoch, by the platform's clock.
    """
    for each in certificates:
        where = readable(each.hostname.name)[:LONGEST]
        check = f"'flyctl certs check {where} --app {app}'"
        if not each.hostname.leads_here:
            lead = f"Set its DNS to {' and '.join(each.records)}, then " if each.records else ""
            what = "has no DNS that leads to the app" + ("" if each.hostname.issued else ", so it gets no certificate")
            yield Finding(
                "warning",
                where,
                what,
                f"{lead}look with {check}" if lead else f"Look with {check}",
                code="doctor.certificate_dns",
            )
        elif not each.hostname.issued:
            why = f": {readable('; '.join(each.troubles))[:LONGEST]}" if each.troubles else ""
            what = f"its certificate is not issued yet{why}"
            yield Finding(
                "warning", where, what, f"Look with {check} what it waits for", code="doctor.certificate_pending"
            )
        yield from _end(each, where, check, now)


def _end(each: Certificate, where: str, check: str, now: float) -> Iterator[Finding]:
    if each.expires is None or each.expires - now > SOON * DAY:
        return
    day = time.strftime("%Y-%m-%d", time.gmtime(each.expires))
    upload = f"Upload a new one with 'flyctl certs import {where}': nobody renews one that was uploaded"
    fix = upload if each.custom else f"Look with {check} why it was not renewed"
    if each.expires <= now:
        what = f"its certificate ended on {day}: browsers refuse it"
        yield Finding("error", where, what, fix, code="doctor.certificate_ended")
    else:
        what = f"its certificate ends on {day}, in {_left(each.expires - now)}, and was not renewed"
        yield Finding("warning", where, what, fix, code="doctor.certificate_expiring")


def _left(seconds: float) -> str:
    """A time until something ends, e.g. "9 days", "1 day", "less than a day"."""
    days = int(seconds // DAY)
    return f"{days} day{'s' * (days > 1)}" if days else "less than a day"
