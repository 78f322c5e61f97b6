"""The `fly-replay` answer of an app: "give this request to somebody else". The header form; grammar and meaning.

    fly-replay: region="iad,us";state=write;timeout=5s;fallback=prefer_self

Facts: Fly.io's page on dynamic request routing. A list of regions must be quoted; there is no fallback to other regions
unless `any` is in the list; what is not understood is an error (PA03), never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flyctl_orchestrator.local.proxy.geography import AREAS
from flyctl_orchestrator.local.proxy.hosts import APP_NAME
from flyctl_orchestrator.local.proxy.route_constraints import RouteConstraints, split_regions

REPLAY_HEADER = "fly-replay"
SOURCE_HEADER = "fly-replay-src"
FAILED_HEADER = "fly-replay-failed"

Fallback = Literal["force_self", "prefer_self"]
Reason = Literal["timeout", "retries_exhausted", "no_candidate"]

_REGION = re.compile(r"[a-z]{3}", re.ASCII)
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
_APP = re.compile(APP_NAME, re.ASCII)
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m)", re.ASCII)
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class InvalidReplay(ValueError):
    """A replay answer that cannot be understood; the message says which part."""


@dataclass(frozen=True)
class Transform:
    """Changes to the request before it is replayed (JSON form only). `path` includes the query."""

    path: str | None = None
    delete_headers: tuple[str, ...] = ()
    set_headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Replay:
    """Where to, and how. `timeout` is in seconds, for reaching the target only."""

    regions: tuple[str, ...] = ()
    instance: str | None = None
    prefer_instance: str | None = None
    app: str | None = None
    state: str | None = None
    elsewhere: bool = False
    timeout: float | None = None
    fallback: Fallback | None = None
    transform: Transform | None = None

    def constraints(self, responder: str) -> RouteConstraints:
        """The constraints it puts on routing, when machine `responder` gave the answer."""
        return RouteConstraints(
            regions=self.regions,
            only_regions=bool(self.regions),
            instance=self.instance,
            prefer_instance=self.prefer_instance,
            avoid=responder if self.elsewhere else None,
        )


def parse_replay(text: str) -> Replay:
    """Read the value of a `fly-replay` header.

    Raises:
        InvalidReplay: it is not in the grammar.
    """
    fields: dict[str, str] = {}
    for piece in text.split(";"):
        if not piece.strip():
            continue
        key, equals, value = piece.strip().partition("=")
        key = key.strip()
        if not equals:
            raise InvalidReplay(f"{key!r} has no value")
        if key in fields:
            raise InvalidReplay(f"{key!r} is given twice")
        fields[key] = value.strip()
    if "region" in fields:
        fields["region"] = _unquoted_regions(fields["region"])
    return replay_of_fields(fields)


def replay_of_fields(fields: Mapping[str, Any], transform: Transform | None = None) -> Replay:
    """Check named fields, from either form, and make a `Replay` of them.

    Raises:
        InvalidReplay: an unknown field, a wrong value, or fields that exclude each other.
    """
    if not fields and transform is None:
        raise InvalidReplay("it is empty")
    known: dict[str, Any] = {}
    for key, value in fields.items():
        if key not in _FIELDS:
            raise InvalidReplay(f"there is no field {key!r}")
        name, read = _FIELDS[key]
        known[name] = read(key, value)
    if known.get("instance") and known.get("prefer_instance"):
        raise InvalidReplay("'instance' and 'prefer_instance' exclude each other")
    return Replay(transform=transform, **known)


def source_header(instance: str, region: str, now: float, state: str | None) -> str:
    """The `fly-replay-src` of a replayed request: who sent it on, from where, when (`now`, in seconds), its state."""
    parts = [f"instance={instance}", f"region={region}", f"t={int(now * 1_000_000)}"]
    return ";".join([*parts, f"state={state}"] if state is not None else parts)


def failed_header(replay: Replay, app: str, source: str, reason: Reason, elapsed_seconds: float) -> str:
    """The `fly-replay-failed` of a request that comes back to the machine (`source`) that had sent it on."""
    parts = {
        "instance": replay.instance or replay.prefer_instance or "",
        "app": app,
        "region": ",".join(replay.regions),
        "replay_source": source,
        "reason": reason,
        "elapsed_ms": str(int(elapsed_seconds * 1000)),
    }
    return ";".join(f"{key}={value}" for key, value in parts.items() if value)


def _unquoted_regions(value: str) -> str:
    if len(value) >= 2 and value.startswith('"') and value.endswith('"'):
        return value[1:-1]
    if "," in value:
        raise InvalidReplay(f'a list of regions must be quoted: region="{value}"')
    return value


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidReplay(f"{key!r} must be text")
    if _CONTROL.search(value):
        raise InvalidReplay(f"{key!r} has control characters")
    return value


def _regions(key: str, value: Any) -> tuple[str, ...]:
    terms = split_regions(_text(key, value))
    if not terms:
        raise InvalidReplay(f"{key!r} names no region")
    for term in terms:
        if not _REGION.fullmatch(term) and term not in AREAS:
            raise InvalidReplay(f"{term!r} is not a region")
    return terms


def _matching(pattern: re.Pattern[str], what: str) -> Callable[[str, Any], str]:
    def read(key: str, value: Any) -> str:
        if not pattern.fullmatch(_text(key, value)):
            raise InvalidReplay(f"{key!r} is not {what}: {value!r}")
        return str(value)

    return read


def _state(key: str, value: Any) -> str:
    if value == "":
        return ""
    if ";" in _text(key, value) or not value.isascii():
        raise InvalidReplay("'state' must be plain text without ';'")
    return str(value)


def _true(key: str, value: Any) -> bool:
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise InvalidReplay(f"{key!r} must be true or false")


def _duration(key: str, value: Any) -> float:
    match = _DURATION.fullmatch(_text(key, value))
    if match is None or float(match[1]) == 0:
        raise InvalidReplay(f"{key!r} is not a time such as 10s or 800ms: {value!r}")
    return float(match[1]) * _UNIT_SECONDS[match[2]]


def _fallback(key: str, value: Any) -> str:
    if value not in ("force_self", "prefer_self"):
        raise InvalidReplay(f"{key!r} must be force_self or prefer_self")
    return str(value)


_FIELDS: dict[str, tuple[str, Callable[[str, Any], Any]]] = {
    "region": ("regions", _regions),
    "instance": ("instance", _matching(_ID, "a machine id")),
    "prefer_instance": ("prefer_instance", _matching(_ID, "a machine id")),
    "app": ("app", _matching(_APP, "an app name")),
    "state": ("state", _state),
    "elsewhere": ("elsewhere", _true),
    "timeout": ("timeout", _duration),
    "fallback": ("fallback", _fallback),
}
