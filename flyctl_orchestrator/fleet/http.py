"""What the fleet needs of HTTP: one request, one answer. Tests hand in an in-process implementation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from flyctl_orchestrator.fleet.decode import Unreadable, decode

HttpErrorKind = Literal["refused", "timeout", "reset", "dns", "tls", "unreadable", "other"]


class HttpError(Exception):
    """No HTTP answer was received, or none that can be read to its end.

    Args:
        kind: why. Only "refused" and "dns" say for sure that the request never reached the other side; "unreadable"
            is an answer that is too large, or encoded in a way that it does not say.
        detail: one line without credentials, for a person.
    """

    def __init__(self, kind: HttpErrorKind, detail: str = "") -> None:
        super().__init__(detail or kind)
        self.kind: HttpErrorKind = kind
        self.detail = detail or kind

    @property
    def never_sent(self) -> bool:
        """Whether the other side cannot have acted on the request."""
        return self.kind in ("refused", "dns")


@dataclass(frozen=True)
class HttpAnswer:
    """One HTTP answer, whatever its status.

    Attributes:
        status: e.g. 200.
        headers: lower-case names.
        body: undecoded.
        elapsed_seconds: from before connecting until the body was read.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    elapsed_seconds: float = 0.0

    def json(self) -> Any:
        """The decoded body, or None when it is empty or not JSON; for answers that nothing is decided from."""
        try:
            return decode(self.body, Any)
        except Unreadable:
            return None


class Http(Protocol):
    """Sends requests. Implementations are safe to use from many threads at once."""

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        json: Any = None,
        timeout: float,
    ) -> HttpAnswer:
        """Send one request and read the whole answer; redirects are answers, never followed.

        Args:
            json: body to encode, or None for no body.
            timeout: seconds for the whole exchange.

        Raises:
            HttpError: there was no answer.
        """
        ...


class StreamingHttp(Http, Protocol):
    """An `Http` that can also read an answer line by line while it is being written."""

    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        json: Any = None,
        idle_timeout: float,
        on_line: Callable[[str], None],
    ) -> HttpAnswer:
        """Send one request; call `on_line` for each line of a 2xx answer as it arrives.

        Args:
            idle_timeout: the longest silence, in seconds.

        Returns: the answer; its body is empty when the status was 2xx (the lines were handed out).

        Raises:
            HttpError: there was no answer, or it broke off.
        """
        ...
