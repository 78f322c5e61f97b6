"""HTTP to the local platform: Machines API, GraphQL and ui-ex, each on its own base URL, all on this computer."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from flyctl_orchestrator.local.stand_in.failures import ApiFailure, Failure

MACHINES = "FLY_FLAPS_BASE_URL"
GRAPHQL = "FLY_API_BASE_URL"
UIEX = "FLY_UIEX_BASE_URL"
NONCE_HEADER = "fly-machine-lease-nonce"
_TRIES = 4
_RETRIED = (502, 503)
_SLACK_SECONDS = 15.0


class Wire(Protocol):
    """Sends one request to an address of this computer and reads the whole answer."""

    def __call__(
        self,
        host: str,
        port: int,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        seconds: float,
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """Status, body and headers (lower-case names). Raises OSError and HTTPException as sockets do."""
        ...


def sockets(
    host: str, port: int, method: str, path: str, body: bytes | None, headers: Mapping[str, str], seconds: float
) -> tuple[int, bytes, Mapping[str, str]]:
    """The wire there usually is."""
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request(method, path, body=body, headers=dict(headers))
        answer = connection.getresponse()
        got = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, answer.read(), got
    finally:
        connection.close()


@dataclass(frozen=True)
class Transport:
    """Sends calls.

    Attributes:
        env: environment with the base URLs.
        token: what authorises the calls.
        pause: called with seconds to wait before another try.
        wire: what they are sent over.
    """

    env: Mapping[str, str]
    token: str
    pause: Callable[[float], None]
    wire: Wire = sockets

    def machines(self, method: str, path: str, body: Any = None, *, nonce: str = "", seconds: float = 60.0) -> Any:
        """One call of the Machines API; `path` starts after /v1.

        Raises:
            ApiFailure: an answer outside 2xx, or none.
        """
        headers = {NONCE_HEADER: nonce} if nonce else {}
        status, raw, got = self._send(MACHINES, method, f"/v1{path}", body, headers, seconds)
        if status // 100 != 2:
            raise ApiFailure(status, _machines_error(status, raw), got.get("fly-request-id", ""))
        return _decoded(raw, f"{method} {path}") if raw.strip() else None

    def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        """One GraphQL operation; the content of `data`.

        Raises:
            ApiFailure: the first of its errors, or an answer other than 200.
        """
        body = {"query": query, "variables": variables}
        status, raw, _ = self._send(GRAPHQL, "POST", "/graphql", body, {}, 60.0)
        if status != 200:
            raise ApiFailure(status, f"server returned a non-200 status code: {status}{_said(raw)}")
        answer = _decoded(raw, "POST /graphql")
        if not isinstance(answer, dict):
            raise ApiFailure(0, "POST /graphql: the answer is no object")
        if answer.get("errors"):
            raise ApiFailure(200, str(answer["errors"][0].get("message", "unknown error")))
        data = answer.get("data")
        return data if isinstance(data, dict) else {}

    def uiex(self, method: str, path: str, body: Any = None, *, what: str, seconds: float = 60.0) -> Any:
        """One ui-ex call; `path` starts after /api/v1, `what` names it in an error.

        Raises:
            ApiFailure: an answer outside 2xx, or none.
        """
        status, raw, _ = self._send(UIEX, method, f"/api/v1{path}", body, {}, seconds)
        if status // 100 != 2:
            raise ApiFailure(status, f"failed to {what} (status {status}): {raw.decode(errors='replace').strip()}")
        return _decoded(raw, f"{method} {path}") if raw.strip() else None

    def logs(self, app: str, next_token: str, region: str, instance: str) -> Any:
        """One page of an app's logs."""
        query = f"next_token={quote(next_token)}&region={quote(region)}&instance={quote(instance)}"
        status, raw, _ = self._send(GRAPHQL, "GET", f"/api/v1/apps/{quote(app)}/logs?{query}", None, {}, 60.0)
        if status != 200:
            raise ApiFailure(status, f"server returned a non-200 status code: {status}{_said(raw)}")
        return _decoded(raw, "GET logs")

    def _send(
        self, base: str, method: str, path: str, body: Any, headers: Mapping[str, str], seconds: float
    ) -> tuple[int, bytes, Mapping[str, str]]:
        host, port = loopback(self.env, base)
        payload = None if body is None else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.token}", "Accept": "application/json", **headers}
        if payload is not None:
            sent["Content-Type"] = "application/json"
        for left in reversed(range(_TRIES)):
            try:
                status, raw, got = self.wire(host, port, method, path, payload, sent, seconds + _SLACK_SECONDS)
            except (ConnectionRefusedError, ConnectionResetError) as error:
                if left and not isinstance(error, ConnectionRefusedError):
                    self.pause(0.1 * (_TRIES - left))
                    continue
                raise ApiFailure(0, f"{method} {path}: {error.strerror or error}; is the local platform up?") from error
            except (OSError, http.client.HTTPException) as error:
                raise ApiFailure(0, f"{method} {path}: {error}") from error
            if status in _RETRIED and left:
                self.pause(0.1 * (_TRIES - left))
                continue
            return status, raw, got
        raise AssertionError("the last try either returned or raised")


def loopback(env: Mapping[str, str], variable: str) -> tuple[str, int]:
    """Host and port of a base URL, which must be this computer's.

    Raises:
        Failure: the variable is missing or points elsewhere; the stand-in talks to nobody else.
    """
    base = env.get(variable, "")
    parts = urlsplit(base)
    host = parts.hostname or ""
    local = host in ("localhost", "::1") or (host.startswith("127.") and host.replace(".", "").isdigit())
    if local and parts.scheme == "http":
        return host, parts.port or 80
    problem = f"{variable} is {base}" if base else f"{variable} is not set, which would mean Fly.io itself"
    raise Failure(
        f"this is the stand-in for flyctl and only talks to the local platform on this computer, but {problem}; "
        'use `eval "$(flyo local env)"`, or install flyctl'
    )


def _decoded(raw: bytes, what: str) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise ApiFailure(0, f"{what}: the answer is no JSON: {raw[:60].decode(errors='replace')!r}") from None


def _machines_error(status: int, raw: bytes) -> str:
    try:
        told = json.loads(raw)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        return f"request returned non-2xx status: {status}: {raw.decode(errors='replace').strip()}"
    return str(told.get("message") or told.get("error") or f"request returned non-2xx status: {status}")


def _said(raw: bytes) -> str:
    text = raw.decode(errors="replace").strip()
    return f": {text}" if text else ""
