"""Requests and answers of the platform's APIs, free of any HTTP library.

A handler is an ordinary function `(Request) -> Response | Wait`. The HTTP server (`http.py`) turns real requests
into these, and a test on a virtual clock can call the very same handlers without a socket. A long poll is a value,
not a coroutine: whoever runs the handler decides how to wait.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """One API call.

    Attributes:
        method: upper case, e.g. "POST".
        path: without query, e.g. "/v1/apps/a/machines".
        params: what the route's placeholders matched, e.g. {"app": "a"}.
        query: every value given for each query key.
        headers: lower-case names.
        body: the decoded JSON body, or None when there was none.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    def arg(self, name: str, default: str = "") -> str:
        """The first value of a query key, or `default`."""
        values = self.query.get(name)
        return values[0] if values else default


@dataclass(frozen=True)
class Raw:
    """A body that is sent as it is, for answers that are not as they should be.

    Attributes:
        data: the bytes.
        content_type: what they claim to be.
        cut: the connection is closed in the middle of them.
        drip: seconds between any two bytes of the answer, its head included; 0: at once.
    """

    data: bytes = field(repr=False)
    content_type: str = "application/json"
    cut: bool = False
    drip: float = 0.0


@dataclass(frozen=True)
class Response:
    """One answer: a status, a JSON-able body (None means no body) and extra headers; `raw` instead of the body."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: Raw | None = None


@dataclass(frozen=True)
class Wait:
    """A long poll: answer as soon as `check` gives something, or `on_timeout` (which may wait again) after `seconds`.

    `check` is called at once and again after every change of the platform's state; it must be cheap and must not
    change anything.
    """

    check: Callable[[], Response | None]
    seconds: float
    on_timeout: Callable[[], Response | Wait]
