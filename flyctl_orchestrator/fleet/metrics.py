"""How an app's users were answered, by machine and by where they came in: Fly.io's Prometheus, asked for two counters.

https://docs.fly.io/monitoring/metrics/ (fly_app_http_responses_count, by instance and status;
fly_edge_http_responses_count, by region)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Annotated, Generic, Literal, TypeVar
from urllib.parse import quote, urlencode

from msgspec import Meta, Struct

from flyctl_orchestrator.fleet.api_answer import complaint, understood
from flyctl_orchestrator.fleet.api_call import authorization
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.decode import Unreadable, decode
from flyctl_orchestrator.fleet.http import Http, HttpAnswer, HttpError

METRIC = "fly_app_http_responses_count"
EDGE_METRIC = "fly_edge_http_responses_count"
# No app is asked so often; more is no count.
MOST = 10**15
# Seconds for one question: of a rollout, which can do without the answer, and of a person who waits for it.
PATIENCE = 3.0
LONG_PATIENCE = 20.0

Name = Annotated[str, Meta(max_length=128)]


class Labels(Struct):
    """What a figure is about."""

    instance: Name
    status: Name


class Edge(Struct):
    """Where users came in; "" where a series does not say."""

    region: Name = ""


L = TypeVar("L")


class Series(Struct, Generic[L]):
    """One figure: when, and how much, written as text."""

    metric: L
    value: tuple[float, Annotated[str, Meta(max_length=40)]]


class Found(Struct, Generic[L]):
    """What a query has found."""

    result: list[Series[L]]


class Answered(Struct, Generic[L]):
    """A whole answer."""

    status: Literal["success"]
    data: Found[L]


class MetricsError(Exception):
    """The metrics could not be had; the text says why, for a person.

    Attributes:
        refused: whether it is the token that was not accepted, so that another one may help.
    """

    def __init__(self, what: str, *, refused: bool = False) -> None:
        super().__init__(what)
        self.refused = refused


class Metrics:
    """A client of the metrics of one organization's apps.

    Args:
        base_url: scheme://host, below which /prometheus/ORG is.
        organization: app -> slug of its organization; raises ApiError.
    """

    def __init__(self, base_url: str, token: str, http: Http, organization: Callable[[str], str]) -> None:
        self._base_url = base_url.rstrip("/")
        self._token = token
        self._http = http
        self._organization = organization
        self._organizations: dict[str, str] = {}

    def answers(self, app: str, window: float | None = None) -> dict[str, Counter[int]]:
        """How many answers each machine has given, by the first digit of their status: machine id -> digit -> number.

        Args:
            window: only those of the last so many seconds; None for all since the machine was first counted.

        Raises:
            MetricsError: they could not be had.
        """
        series = f'{METRIC}{{app="{app}"}}'
        inner = series if window is None else f"increase({series}[{window:.0f}s])"
        found: dict[str, Counter[int]] = {}
        for each in self._ask(app, f"sum by (instance, status) ({inner})", Answered[Labels], PATIENCE):
            digit, number = each.metric.status[:1], _number(each.value[1])
            if digit.isdigit() and number > 0:
                found.setdefault(each.metric.instance, Counter())[int(digit)] += number
        return found

    def came_in(self, app: str, window: float) -> Counter[str]:
        """How many requests of the last so many seconds came in by each of Fly.io's regions: code -> number.

        What names no region is counted under "".

        Raises:
            MetricsError: they could not be had.
        """
        query = f'sum by (region) (increase({EDGE_METRIC}{{app="{app}"}}[{window:.0f}s]))'
        found: Counter[str] = Counter()
        for each in self._ask(app, query, Answered[Edge], LONG_PATIENCE):
            found[each.metric.region] += _number(each.value[1])
        return +found

    def _ask(self, app: str, query: str, shape: type[Answered[L]], patience: float) -> list[Series[L]]:
        organization = self._organization_of(app)
        url = f"{self._base_url}/prometheus/{quote(organization, safe='')}/api/v1/query?{urlencode({'query': query})}"
        headers = {"Authorization": authorization(self._token), "Accept": "application/json"}
        try:
            answer = self._http.send("GET", url, headers=headers, timeout=patience)
        except HttpError as error:
            raise MetricsError(f"the metrics API did not answer ({error.detail})") from None
        if answer.status != 200:
            raise self._refused(answer)
        try:
            return decode(answer.body, shape).data.result
        except Unreadable as unreadable:
            if understood(answer):
                raise self._refused(answer) from None
            raise MetricsError(f"the answer of the metrics API cannot be read: {unreadable.reason}") from None

    def _refused(self, answer: HttpAnswer) -> MetricsError:
        """What the server says is wrong, in its own words where it has any."""
        said = complaint(answer, (self._token,))
        what = f"the metrics API answered {answer.status}"
        return MetricsError(f"{what} ({said})" if said else what, refused=answer.status in (401, 403))

    def _organization_of(self, app: str) -> str:
        if app not in self._organizations:
            try:
                self._organizations[app] = self._organization(app)
            except ApiError as error:
                raise MetricsError(error.what, refused=error.kind == "unauthorized") from None
        return self._organizations[app]


def _number(text: str) -> int:
    try:
        number = round(float(text))
    except (ValueError, OverflowError):
        raise MetricsError("a value of the metrics is not a number") from None
    if abs(number) > MOST:
        raise MetricsError(f"a value of the metrics is no number of requests ({number:.3g})")
    return number
