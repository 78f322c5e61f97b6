"""A fault as it is written on the command line: NAME, then where, how long and what else, with colons between."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.duration import parse_duration

NEW = "new"
"""As the value of `image`: the release that is rolled out, and not the one that was there before."""
OWN = ("region", "app", "machine", "for", "times", "chance")
_NAME = re.compile(r"[a-z]+(?:-[a-z]+)*")
_REGION = re.compile(r"[a-z]{3}")
FORM = "NAME[:REGION][:DURATION][:KEY=VALUE]…, e.g. region-down:fra:30s or server-error:times=3"


def parse_fault(text: str) -> dict[str, Any]:
    """The body of a request for the fault; whether there is such a fault is for the platform to say.

    Args:
        text: e.g. "region-down:fra:30s", "slow-boot:nrt:seconds=20", "rate-limited:chance=0.2:op=machines.*".

    Raises:
        UsageError: it is not of that form (code rehearse.fault).
    """
    name, *parts = text.split(":")
    if not _NAME.fullmatch(name):
        raise _wrong(text, f"'{name[:40]}' is no name of a fault")
    fault: dict[str, Any] = {"name": name}
    settings: dict[str, str] = {}
    for part in parts:
        key, equals, value = part.partition("=")
        if not equals:
            key, value = ("region", part) if _REGION.fullmatch(part) else ("for", part)
        if key in fault or key in settings:
            raise _wrong(text, f"'{key}' is said twice")
        if key in OWN:
            fault[key] = _own(text, key, value)
        else:
            settings[key] = value
    return fault | ({"set": settings} if settings else {})


def about_image(fault: Mapping[str, Any], new: str) -> dict[str, Any]:
    """The fault with `image=new` put into words the platform has.

    Args:
        new: reference of the image that is rolled out.
    """
    settings = fault.get("set") or {}
    if settings.get("image") != NEW:
        return dict(fault)
    return {**fault, "set": {**settings, "image": new}}


def _own(text: str, key: str, value: str) -> str | float | int:
    try:
        if key == "for":
            return parse_duration(value)
        if key == "times":
            return int(value)
        return float(value) if key == "chance" else value
    except ValueError:
        kind = {"for": "region and no duration", "times": "whole number", "chance": "number"}[key]
        raise _wrong(text, f"'{value[:40]}' is no {kind}") from None


def _wrong(text: str, what: str) -> UsageError:
    return UsageError(what, where=f"--fault {text[:80]}", next=f"Write {FORM}", code="rehearse.fault")
