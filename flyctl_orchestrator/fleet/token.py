"""What a Fly token is good for, without ever showing it: how long it says it lasts, and what the platform says.

Fly's tokens are macaroons (https://github.com/superfly/macaroon): their limits can be read by whoever holds them.
Nothing is proved by that, but a limit that is written in a token holds.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from flyctl_orchestrator.fleet import wire
from flyctl_orchestrator.fleet.api_answer import expect
from flyctl_orchestrator.fleet.api_call import Call, Caller

# Kinds of limits, by number: for how long, and one that holds other limits.
_VALIDITY, _IF_PRESENT = 4, 13
_PREFIXES = ("fm2_", "fm1r_")
_SECONDS = range(0, 10**11)


@dataclass(frozen=True)
class Lifetime:
    """When a token is good, in seconds since the epoch."""

    begins: float
    ends: float


@dataclass(frozen=True)
class TokenScope:
    """What one token is for.

    Attributes:
        organization: its slug, "" where the platform does not say.
        apps: the apps it may touch; empty where the platform does not say.
    """

    organization: str
    apps: tuple[str, ...]

    @property
    def whole_organization(self) -> bool:
        """Whether it is good for every app of the organization."""
        return "*" in self.apps


def lifetime_of(token: str) -> Lifetime | None:
    """For how long a token says that it is good; None where it does not say, or is of a kind that cannot be read.

    Args:
        token: as in FLY_API_TOKEN, with or without its scheme; of several parts the one that ends first counts.
    """
    parts = token.strip().removeprefix("FlyV1").strip().split(",")
    windows = [window for part in parts if part.startswith(_PREFIXES) for window in _windows_of(part)]
    return min(windows, key=lambda each: each.ends) if windows else None


def token_scopes(caller: Caller) -> list[TokenScope]:
    """What the token that `caller` sends is for.

    Raises:
        ApiError: the platform does not take it, or does not say.
    """
    call = Call("GET", "/tokens/current", "tokens.current", "", "token", "ask what the token is for")
    said = caller.send(call, expect(wire.CurrentToken))
    return [TokenScope(each.org_slug or "", tuple(each.apps or ())) for each in said.tokens or ()]


def _windows_of(part: str) -> Iterator[Lifetime]:
    """The limits of time in one macaroon: an array of a nonce, a place, the limits, and a signature."""
    try:
        decoded = msgspec.msgpack.decode(base64.b64decode(part.split("_", 1)[1], validate=True))
    except (binascii.Error, msgspec.DecodeError, RecursionError, ValueError):
        return
    if isinstance(decoded, list) and len(decoded) == 4:
        yield from _windows_in(decoded[2])


def _windows_in(caveats: Any) -> Iterator[Lifetime]:
    """Limits are written as kind, body, kind, body, …"""
    if not isinstance(caveats, list):
        return
    for kind, body in zip(caveats[::2], caveats[1::2], strict=False):
        if kind == _VALIDITY and isinstance(body, list) and len(body) == 2 and all(_is_moment(each) for each in body):
            yield Lifetime(*body)
        elif kind == _IF_PRESENT and isinstance(body, list) and body:
            yield from _windows_in(body[0])


def _is_moment(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in _SECONDS
