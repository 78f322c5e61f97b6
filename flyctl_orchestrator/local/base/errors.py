"""Refusals of the local platform, as its APIs put them on the wire."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

# Response header that names the fault behind an answer.
FAULT_HEADER = "fly-local-fault"


class PlatformError(Exception):
    """A request the platform refuses.

    Args:
        status: the HTTP status it is answered with.
        error: one line for the `error` field of the body.
        code: the body's `status` field (`name_taken`, `insufficient_capacity`, ...) or "" for none.
        body: a whole body for the few answers that have another shape (leases).
    """

    def __init__(self, status: int, error: str, *, code: str = "", body: dict[str, Any] | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.code = code
        self.headers: dict[str, str] = {}
        self._body = body

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        if self._body is not None:
            return self._body
        return {"error": self.error, "status": self.code} if self.code else {"error": self.error}


def not_found(error: str) -> PlatformError:
    """404 with `error`."""
    return PlatformError(404, error)


def invalid(error: str) -> PlatformError:
    """400: the request itself is wrong."""
    return PlatformError(400, error)


def precondition(error: str) -> PlatformError:
    """412 in the platform's words: the thing is not in a state that allows this."""
    return PlatformError(412, f"failed_precondition: {error}")


class MethodNotAllowed(PlatformError):
    """405: the address is known, but not with this method."""

    def __init__(self, method: str, path: str, offered: Iterable[str]) -> None:
        allowed = ", ".join(sorted(set(offered)))
        super().__init__(405, f"{method} {path} is not allowed; there is {allowed}")
        self.headers = {"Allow": allowed}


class NotModelled(PlatformError):
    """501: an operation of Fly.io that the local platform does not offer, and says so."""

    def __init__(self, operation: str) -> None:
        error = f"{operation} is not modelled by the local platform"
        super().__init__(501, error, body={"error": error, "operation": operation})
        self.operation = operation
