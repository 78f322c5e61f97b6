"""What can go wrong with a call to the Machines API, sorted into kinds a caller can act on."""

from __future__ import annotations

from typing import Literal

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.exits import Exit

ApiErrorKind = Literal[
    "not_found",
    "conflict",
    "precondition",
    "rate_limited",
    "timeout",
    "capacity",
    "unauthorized",
    "invalid",
    "server",
    "network",
    "unsupported",
    "unreadable",
]

_ADVICE: dict[str, str] = {
    "conflict": "Another client is changing it; try again when it has finished",
    "precondition": "It changed in the meantime, or is not in a state that allows this; look with 'flyo status'",
    "rate_limited": "Try again in a minute",
    "timeout": "Look with 'flyo status' before trying again",
    "capacity": "Try again later, or use another region or a smaller machine",
    "unauthorized": "Check FLY_API_TOKEN, or log in with 'flyctl auth login'",
    "invalid": "Correct what it names, then run this again",
    "unsupported": "docs/fidelity.md lists what the local platform offers; use Fly.io for the rest",
    "not_found": "'flyctl apps list' shows the apps that the token may see, 'flyo status' their machines",
    "server": "Try again; https://status.flyio.net lists incidents",
    "network": "Check the connection, then try again",
    "unreadable": "Check what answers in its place (an HTTP proxy, a login page, FLY_FLAPS_BASE_URL), then try again",
}


class ApiError(FlyoError):
    """One call to the Machines API failed.

    Attributes:
        status: the HTTP status, None when there was no answer.
        kind: what sort of failure; the stable code is ``api.<kind>``.
        ambiguous: whether the platform may have acted on the request all the same.
    """

    def __init__(
        self, what: str, *, kind: ApiErrorKind, status: int | None = None, where: str = "", ambiguous: bool = False
    ) -> None:
        # Whoever gives no answer, or none that makes sense, cannot be told from somebody who is not there.
        unreachable = kind in ("unauthorized", "network", "unreadable") or (kind == "timeout" and status is None)
        super().__init__(
            what,
            where=where,
            next=_ADVICE.get(kind, ""),
            code=f"api.{kind}",
            exit=Exit.UNREACHABLE if unreachable else Exit.ERROR,
        )
        self.kind: ApiErrorKind = kind
        self.status = status
        self.ambiguous = ambiguous


def kind_of(status: int, message: str, reported: str) -> ApiErrorKind:
    """Sort an error answer.

    Args:
        status: the HTTP status (400 or more).
        message: the platform's own text.
        reported: the `status` field of its error body, e.g. "insufficient_capacity", or "".
    """
    text = message.lower()
    if "capacity" in reported or _speaks_of_capacity(text):
        return "capacity"
    by_status: dict[int, ApiErrorKind] = {
        401: "unauthorized",
        403: "unauthorized",
        404: "not_found",
        408: "timeout",
        409: "conflict",
        412: "precondition",
        429: "rate_limited",
        501: "unsupported",
    }
    if status in by_status:
        return by_status[status]
    return "server" if status >= 500 else "invalid"


def _speaks_of_capacity(text: str) -> bool:
    # Worded differently per host and status (400, 403, 409, 412, 422), hence the text.
    marks = (
        "insufficient resources",
        "insufficient memory",
        "insufficient cpus",
        "no capacity",
        "could not reserve",
        "quota",
    )
    return any(mark in text for mark in marks)
