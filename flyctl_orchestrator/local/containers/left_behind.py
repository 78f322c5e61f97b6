"""Ends what the platform left in an engine: the containers and networks of a daemon that was killed, and volumes and
images that it had no time to remove.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flyctl_orchestrator.local.containers.endpoint import Endpoint
from flyctl_orchestrator.local.containers.names import Names, note_erasures, noted_engine, noted_erasures

_CALL_SECONDS = 30.0


def reap(state: Path) -> list[str]:
    """Remove every container and network of the platform of a directory; the names of the containers. Blocks.

    Harmless when no engine was ever used, or it does not run any more: then nothing of it runs either.
    """
    endpoint = noted_engine(state)
    if endpoint is None:
        return []
    names = Names(state)
    label = names.label_filter
    try:
        ended = []
        for found in _listed(endpoint, "/containers/json?all=1&", label):
            _call(endpoint, "DELETE", f"/containers/{found['Id']}?force=1&v=1")
            ended.append(str(found["Names"][0]).lstrip("/"))
        for found in _listed(endpoint, "/networks?", label):
            _call(endpoint, "DELETE", f"/networks/{found['Id']}")
        for path in (f"/images/{names.empty_image}", *noted_erasures(state)):
            _call(endpoint, "DELETE", path)
        note_erasures(state, ())
    except (OSError, http.client.HTTPException, ValueError, KeyError, IndexError, TypeError):
        return []
    return ended


def _listed(endpoint: Endpoint, path: str, label: str) -> Iterator[dict[str, Any]]:
    said = _call(endpoint, "GET", f"{path}filters={quote(json.dumps({'label': [label]}))}")
    yield from json.loads(said)


def _call(endpoint: Endpoint, method: str, path: str) -> bytes:
    connection = endpoint.connect(_CALL_SECONDS)
    try:
        connection.request(method, path)
        return connection.getresponse().read()
    finally:
        connection.close()
