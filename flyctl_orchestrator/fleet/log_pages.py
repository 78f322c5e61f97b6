"""What an app's machines have written: the pages of lines that `flyctl logs` asks for when it polls.

`GET {FLY_API_BASE_URL}/api/v1/apps/{app}/logs?next_token=&region=&instance=`, as fly-go's resource_logs.go has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote, urlencode

from msgspec import Meta, Struct, field

from flyctl_orchestrator.fleet.api_answer import complaint, strange, understood
from flyctl_orchestrator.fleet.api_call import authorization
from flyctl_orchestrator.fleet.api_error import ApiError, ApiErrorKind, kind_of
from flyctl_orchestrator.fleet.decode import Unreadable, decode, readable
from flyctl_orchestrator.fleet.http import Http, HttpAnswer, HttpError
from flyctl_orchestrator.fleet.redact import redact, without_private

# Seconds for one page.
PATIENCE = 20.0
# Characters of one line; the rest is cut off.
LONGEST = 10_000

Word = Annotated[str, Meta(max_length=256)]


class _Attributes(Struct):
    timestamp: Word
    message: str
    level: Word = ""
    instance: Word = ""
    region: Word = ""


class _Record(Struct):
    attributes: _Attributes


class _Position(Struct):
    next_token: str | None = None


class _Page(Struct):
    data: list[_Record] | None
    meta: _Position = field(default_factory=_Position)


@dataclass(frozen=True)
class LogLine:
    """One line.

    Attributes:
        ts: as the platform wrote it, ISO 8601.
        message: without passwords in URLs and values in queries, unless it was asked for as it was written.
    """

    ts: str
    level: str
    region: str
    machine: str
    message: str

    @property
    def at(self) -> datetime:
        """When, for putting lines of several pages in order."""
        try:
            found = datetime.fromisoformat(self.ts)
        except ValueError:
            return datetime.min.replace(tzinfo=UTC)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


class LogPages:
    """The lines of one app, page by page.

    Args:
        base_url: of Fly's own API, scheme://host.
        region, machine: only lines of these; "" for all.
        raw: messages as they were written, with whatever is private in them.
    """

    def __init__(
        self, base_url: str, token: str, http: Http, app: str, *, region: str = "", machine: str = "", raw: bool = False
    ) -> None:
        self._base = base_url.rstrip("/")
        self._token = token
        self._http = http
        self._app = app
        self._filter = {"region": region, "instance": machine}
        self._next = ""
        self._raw = raw

    def next_page(self) -> list[LogLine]:
        """The newest lines at the first call, afterwards those since the page before; may be none.

        Raises:
            ApiError: they cannot be had.
        """
        query = urlencode({"next_token": self._next, **self._filter})
        url = f"{self._base}/api/v1/apps/{quote(self._app, safe='')}/logs?{query}"
        headers = {"Authorization": authorization(self._token), "Accept": "application/json"}
        try:
            answer = self._http.send("GET", url, headers=headers, timeout=PATIENCE)
        except HttpError as failure:
            kind: ApiErrorKind = "timeout" if failure.kind == "timeout" else "network"
            raise self._error(f"no answer ({redact(failure.detail, (self._token,))})", kind) from None
        page = self._read(answer)
        self._next = page.meta.next_token or self._next
        return [_line(each, self._raw) for each in page.data or ()]

    def _read(self, answer: HttpAnswer) -> _Page:
        if answer.status >= 400 and understood(answer):
            said = complaint(answer, (self._token,))
            raise self._error(
                f"it was refused ({said or answer.status})", kind_of(answer.status, said, ""), answer.status
            )
        try:
            if answer.status >= 300:
                raise Unreadable(f"status {answer.status}")
            return decode(answer.body, _Page)
        except Unreadable as failure:
            what = strange(answer, self._base.partition("://")[2], failure.reason, (self._token,))
            raise self._error(what, "server" if answer.status >= 500 else "unreadable", answer.status) from None

    def _error(self, what: str, kind: ApiErrorKind, status: int | None = None) -> ApiError:
        return ApiError(f"the logs cannot be read: {what}", kind=kind, status=status, where=f"app {self._app}")


def _line(record: _Record, raw: bool) -> LogLine:
    said = record.attributes
    message = said.message[:LONGEST]
    ts, level, region, machine = map(readable, (said.timestamp, said.level, said.region, said.instance))
    return LogLine(ts, level, region, machine, message if raw else without_private(message))
