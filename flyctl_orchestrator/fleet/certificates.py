"""An app's certificates: the hostnames that it is to answer for, and how far each of them has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

from flyctl_orchestrator.fleet import wire
from flyctl_orchestrator.fleet.api_answer import expect
from flyctl_orchestrator.fleet.api_call import Call, Caller
from flyctl_orchestrator.fleet.decode import Unreadable

# As many as the platform gives at once.
PAGE = 500


@dataclass(frozen=True)
class Hostname:
    """One hostname of an app.

    Attributes:
        issued: whether there is a certificate for it.
        leads_here: whether its DNS is set up, as the platform saw it.
    """

    name: str
    issued: bool
    leads_here: bool


@dataclass(frozen=True)
class Certificate:
    """What is known of the certificates of one hostname.

    Attributes:
        expires: seconds since the epoch when the first of those in use ends; None where there is none or nobody says.
        custom: whether it was uploaded, so that nobody renews it.
        records: what its DNS has to say, e.g. "AAAA 2001:db8::1".
        troubles: why it could not be issued, in the platform's words.
    """

    hostname: Hostname
    expires: float | None = None
    custom: bool = False
    records: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()


class CertificatesApi:
    """The certificate operations of a Machines API; every method raises `ApiError` as those of `MachinesApi` do."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def list(self, app: str) -> list[Hostname]:
        """The hostnames of an app, all pages of them."""
        found: list[Hostname] = []
        cursor = ""
        while True:
            query = urlencode({"limit": PAGE} | ({"cursor": cursor} if cursor else {}))
            call = self._call(app, f"?{query}", "certificates.list", "list the certificates")
            page = self._caller.send(call, expect(wire.CertificateRows))
            found += [_hostname(row) for row in page.certificates or ()]
            if page.next_cursor in ("", cursor) or not page.certificates:
                return found
            cursor = page.next_cursor

    def get(self, app: str, hostname: Hostname) -> Certificate:
        """Everything about one hostname."""
        path, doing = f"/{quote(hostname.name, safe='')}", f"read the certificate of {hostname.name}"
        call = self._call(app, path, "certificates.get", doing)
        return self._caller.send(call, lambda answer: _certificate(hostname, _DETAIL(answer)))

    def _call(self, app: str, path: str, action: str, doing: str) -> Call:
        return Call("GET", f"/apps/{quote(app)}/certificates{path}", action, app, f"app {app}", doing)


_DETAIL = expect(wire.CertificateDetail)


def _hostname(row: wire.CertificateRow) -> Hostname:
    issued = row.has_fly_certificate or row.has_custom_certificate
    validated = row.acme_dns_configured or row.acme_alpn_configured or row.acme_http_configured
    return Hostname(row.hostname, issued=issued, leads_here=row.configured or validated)


def _certificate(hostname: Hostname, data: wire.CertificateDetail) -> Certificate:
    # One that was uploaded is used before the platform's own.
    sources = sorted(data.certificates or (), key=lambda each: each.source != "custom")
    ends = [(moments, each.source == "custom") for each in sources if (moments := _moments(each))]
    needs = data.dns_requirements or wire.DnsNeeds()
    records = [("A", each) for each in needs.a or ()] + [("AAAA", each) for each in needs.aaaa or ()]
    records += [("CNAME", needs.cname)] if needs.cname else []
    return Certificate(
        hostname,
        expires=min(ends[0][0]) if ends else None,
        custom=bool(ends) and ends[0][1],
        records=tuple(f"{kind} {value}" for kind, value in records),
        troubles=tuple(each.message for each in data.validation_errors or () if each.message),
    )


def _moments(source: wire.CertificateOf) -> list[float]:
    texts = [each.expires_at for each in source.issued or ()] or [source.expires_at]
    moments = []
    for text in filter(None, texts):
        try:
            moments.append(datetime.fromisoformat(text).timestamp())
        except (ValueError, OverflowError):
            raise Unreadable("expires_at is no time") from None
    # Go writes a time that is not set as the year 1.
    return [moment for moment in moments if moment > 0]
