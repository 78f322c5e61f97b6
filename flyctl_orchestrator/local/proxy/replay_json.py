"""The JSON form of a replay answer (`application/vnd.fly.replay+json`), which can also rewrite the request."""

from __future__ import annotations

import json
import re
from typing import Any

from flyctl_orchestrator.local.proxy.replay import InvalidReplay, Replay, Transform, replay_of_fields

REPLAY_JSON = "application/vnd.fly.replay+json"
MAX_BYTES = 64 * 1024

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}", re.ASCII)
_VALUE = re.compile(r"[\t\x20-\x7e]*", re.ASCII)
_PATH = re.compile(r"/[\x21-\x7e]*", re.ASCII)
_UNMODELLED = ("cache", "allow_bypass")  # replay caching is an optimisation that apps must not rely on


def parse_replay_json(body: bytes) -> Replay:
    """Read a replay answer's body.

    Raises:
        InvalidReplay: not JSON, or not what the JSON form may hold.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidReplay("its body is not JSON") from error
    if not isinstance(document, dict):
        raise InvalidReplay("its body is not a JSON object")
    transform = document.pop("transform", None)
    fields = {key: value for key, value in document.items() if key not in _UNMODELLED and value is not None}
    return replay_of_fields(fields, _transform(transform) if transform is not None else None)


def _transform(document: Any) -> Transform:
    if not isinstance(document, dict):
        raise InvalidReplay("'transform' must be an object")
    unknown = set(document) - {"path", "delete_headers", "set_headers"}
    if unknown:
        raise InvalidReplay(f"there is no field 'transform.{min(unknown)}'")
    path = document.get("path")
    if path is not None and not (isinstance(path, str) and _PATH.fullmatch(path)):
        raise InvalidReplay("'transform.path' must be a path")
    deleted = [_name(name) for name in _list(document, "delete_headers")]
    added = [_header(entry) for entry in _list(document, "set_headers")]
    return Transform(path, tuple(deleted), tuple(added))


def _list(document: dict[str, Any], key: str) -> list[Any]:
    value = document.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidReplay(f"'transform.{key}' must be a list")
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise InvalidReplay(f"not a header name: {value!r}")
    return value


def _header(entry: Any) -> tuple[str, str]:
    if not isinstance(entry, dict) or not isinstance(entry.get("value"), str) or not _VALUE.fullmatch(entry["value"]):
        raise InvalidReplay("'transform.set_headers' must hold objects with a name and a value")
    return _name(entry.get("name")), entry["value"]
