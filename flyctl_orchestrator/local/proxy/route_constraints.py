"""What a request asks for: the routing headers a client may set, turned into constraints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PREFER_REGION = "fly-prefer-region"
FORCE_REGION = "fly-force-region"
PREFER_INSTANCE = "fly-prefer-instance-id"
FORCE_INSTANCE = "fly-force-instance-id"
INSTANCE_UNAVAILABLE = "fly-preferred-instance-unavailable"


@dataclass(frozen=True)
class RouteConstraints:
    """Constraints on where a request may go.

    Attributes:
        regions: codes or areas (`eu`, `any`), best first; empty means the nearest.
        only_regions: nowhere else, should none of them do.
        instance: this machine and no other, be it cordoned or failing its checks: who names a machine wants to hear
            that very machine (a deployment's probe does).
        prefer_instance: this machine if it can take the request.
        avoid: not this machine.
    """

    regions: tuple[str, ...] = ()
    only_regions: bool = False
    instance: str | None = None
    prefer_instance: str | None = None
    avoid: str | None = None


ANYTHING = RouteConstraints()


def wish_of_headers(headers: Mapping[str, str]) -> RouteConstraints:
    """Read the four routing headers (`headers` must ignore case). Forcing beats preferring; blank ones say nothing."""
    forced = split_regions(headers.get(FORCE_REGION, ""))
    wanted = forced or split_regions(headers.get(PREFER_REGION, ""))
    instance = headers.get(FORCE_INSTANCE, "").strip() or None
    preferred = headers.get(PREFER_INSTANCE, "").strip() or None
    if not (wanted or instance or preferred):
        return ANYTHING
    return RouteConstraints(wanted, bool(forced), instance, None if instance else preferred)


def split_regions(text: str) -> tuple[str, ...]:
    """`"iad, us"` as codes and areas, in order, lower case, blanks dropped."""
    if not text:
        return ()
    return tuple(part for part in (piece.strip().lower() for piece in text.split(",")) if part)
