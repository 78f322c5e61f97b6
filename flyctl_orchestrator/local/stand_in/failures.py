"""What ends a command: failures with flyctl's wording and exit statuses."""

from __future__ import annotations

EXIT_FAILED = 1
EXIT_INTERRUPTED = 127


class Failure(Exception):
    """A command that failed: `Error: <message>` on stderr, exit status 1.

    Args:
        message: one line.
        detail: further lines for stderr, or "".
    """

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class NotOffered(Failure):
    """Something the real flyctl has and the stand-in lacks; `what` is quoted in the message."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the stand-in does not offer `{what}`; install flyctl")


class ApiFailure(Failure):
    """An answer outside 2xx. `status` is the HTTP status, 0 when there was no answer at all."""

    def __init__(self, status: int, message: str, request_id: str = "") -> None:
        super().__init__(f"{message} (Request ID: {request_id})" if request_id else message)
        self.status = status

    def during(self, what: str) -> ApiFailure:
        """The same failure with what was being done in front of its message."""
        told = ApiFailure(self.status, f"{what}: {self.message}")
        return told


# What code runs into that takes an answer for what it should be, and it is something else.
MISUNDERSTOOD = (KeyError, TypeError, AttributeError, IndexError, ValueError)


def misunderstood(problem: Exception) -> Failure:
    """The failure of a command whose answer was JSON of another shape than it should be."""
    return Failure(f"the platform's answer is not what it should be ({type(problem).__name__}: {problem})")


class Interrupted(Exception):
    """SIGINT or SIGTERM arrived: exit status 127 and nothing printed, as flyctl does."""
