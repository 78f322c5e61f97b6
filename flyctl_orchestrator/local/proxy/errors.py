"""What the proxy says when it has no answer to give: the proxy's error codes, with an HTTP status for each.

Codes are those of Fly.io's error-code page; it has no HTTP statuses, so the choice is ours: 503 when nothing could take
the request, 502 when a machine was reached but gave no usable answer, 504 when it took too long.
"""

from __future__ import annotations

ERROR_HEADER = "Fly-Proxy-Error"

STATUS = {
    "PM06": 404,  # no such app
    "PR01": 503,  # no healthy machine
    "PR02": 503,  # the machine asked for does not exist
    "PR03": 503,  # no candidate fits what was asked for
    "PL01": 503,  # every machine at its limit of connections
    "PL02": 503,  # every machine at its limit of requests
    "PM02": 503,  # a machine could not be woken
    "PC01": 502,  # the machine refused the connection
    "PC03": 502,  # the machine reset the connection
    "PC05": 504,  # the machine, or the way to it, took too long
    "PC06": 502,  # the machine's answer could not be read
    "PA01": 413,  # too large to be replayed
    "PA02": 502,  # replayed too often
    "PA03": 502,  # fly-replay that cannot be understood
    "PA04": 502,  # replayed to an app that does not exist
}


class ProxyError(Exception):
    """The request ends here.

    Attributes:
        code: Fly's code, e.g. "PR01".
        status: the HTTP status to answer with.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"[{code}] {message}")
        self.code = code
        self.status = STATUS[code]
