"""The query parameters that Fly.io documents, operation by operation, and which of them are honoured here.

Written after the Machines API's documentation and what flyctl sends. One that is documented and not honoured is
refused with 501 when it is given: a filter that is dropped silently makes a client act on what it did not ask for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from flyctl_orchestrator.local.api.wire import Request
from flyctl_orchestrator.local.base.errors import NotModelled, invalid
from flyctl_orchestrator.local.core.model import STATES

T = TypeVar("T")
MOST = 1000
_WHOLE = re.compile(r"[0-9]{1,9}")
_NO = ("", "false", "0", "no")

#: Honoured, by operation. The test of each is in `tests/unit/local/test_parameters.py`.
HONOURED: Mapping[str, tuple[str, ...]] = {
    "apps.list": ("org_slug", "app_role"),
    "apps.delete": ("force",),
    "secrets.list": ("min_version", "version"),
    "secrets.get": ("min_version", "version"),
    "machines.list": ("include_deleted", "region", "state", "summary", "include_leases", "metadata.{key}"),
    "machines.get": ("include_leases",),
    "machines.delete": ("force", "kill"),
    "machines.events": ("limit",),
    "machines.ps": ("sort_by", "order"),
    "machines.restart": ("timeout", "signal", "force_stop"),
    "machines.wait": ("state", "timeout", "version", "instance_id", "from_event_id"),
    "leases.acquire": ("ttl",),
    "volumes.list": ("summary",),
    "certificates.list": ("filter", "cursor", "limit"),
    "orgs.machines": ("include_deleted", "region", "state", "updated_after", "cursor", "limit"),
    "orgs.volumes": ("include_deleted", "region", "state", "summary", "updated_after", "cursor", "limit"),
}
#: Refused with 501 when given. Values of secrets never leave the platform but into machines.
REFUSED: Mapping[str, tuple[str, ...]] = {
    "secrets.list": ("show_secrets",),
    "secrets.get": ("show_secrets",),
}


def refuse_unmodelled(op: str, request: Request) -> None:
    """Raises PlatformError 501 for a documented parameter that is given and not honoured."""
    for name in REFUSED.get(op, ()):
        if request.arg(name).lower() not in _NO:
            raise NotModelled(f"{op} with {name}")


def listed(request: Request, name: str) -> list[str]:
    """The values of a parameter that may be repeated and may hold commas."""
    return [part for value in request.query.get(name, []) for part in value.split(",") if part]


def machine_states(request: Request) -> list[str]:
    """The wanted states of machines. Raises PlatformError 400 for what is none."""
    found = listed(request, "state")
    for state in found:
        if state not in STATES:
            raise invalid(f"invalid_argument: state {state!r} must be one of {', '.join(STATES)}")
    return found


def number(request: Request, name: str, default: int, most: int) -> int:
    """A whole number from 1 to `most`. Raises PlatformError 400."""
    said = request.arg(name) or str(default)
    if not _WHOLE.fullmatch(said) or not 1 <= int(said) <= most:
        raise invalid(f"invalid_argument: {name} must be between 1 and {most}")
    return int(said)


def moment(request: Request, name: str) -> float:
    """A time in RFC 3339 as seconds since the epoch; 0 when it is not given. Raises PlatformError 400."""
    said = request.arg(name)
    if not said:
        return 0.0
    try:
        found = datetime.fromisoformat(said.replace(" ", "+"))  # a plus that was not escaped
        if found.tzinfo is None:
            raise ValueError("no time zone")
        return found.timestamp()
    except (ValueError, OverflowError):
        raise invalid(f"invalid_argument: {name} must be a time such as 2026-01-31T12:00:00Z") from None


def page(request: Request, records: Sequence[T], identifier: Callable[[T], str]) -> tuple[Sequence[T], str]:
    """The records after `cursor`, `limit` at most, and the cursor of the next page ("" when this is the last).

    A cursor is the id of a page's last record. Raises PlatformError 400 for one that is not known.
    """
    limit, cursor = number(request, "limit", MOST, MOST), request.arg("cursor")
    begin = 0
    if cursor:
        found = [at for at, one in enumerate(records) if identifier(one) == cursor]
        if not found:
            raise invalid(f"invalid_argument: cursor {cursor!r} is not one of this list")
        begin = found[0] + 1
    shown = records[begin : begin + limit]
    more = begin + len(shown) < len(records)
    return shown, identifier(shown[-1]) if more else ""
