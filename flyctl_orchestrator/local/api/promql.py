"""The corner of PromQL that the local platform understands, and a parser that says what is outside of it.

fly_app_http_responses_count{app="web",status=~"5.."}
increase(fly_app_http_responses_count{app="web"}[30s])
sum by (instance, status) (rate(fly_app_http_responses_count{app="web"}[1m]))
sum(increase(fly_app_http_responses_count{app="web"}[30s])) by (status)
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from flyctl_orchestrator.local.base.duration import seconds
from flyctl_orchestrator.local.base.errors import PlatformError
from flyctl_orchestrator.local.core.traffic import Labels

METRIC = "fly_app_http_responses_count"
FORM = f'sum by (…) (increase({METRIC}{{app="…"}}[30s])), with rate or without a function, too'
FUNCTIONS = ("increase", "rate")
_TOKEN = re.compile(
    r"""\s*(?:(?P<word>[A-Za-z_:][\w:]*)|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<range>\[[^\]]*\])|(?P<sign>=~|!~|!=|[=(){},])|(?P<other>\S))"""
)


@dataclass(frozen=True)
class Matcher:
    """One condition on a label: `=`, `!=`, or (for a whole value) a regular expression with `=~`, `!~`."""

    label: str
    sign: str
    value: str

    def holds(self, labels: Labels) -> bool:
        """Whether a series meets it."""
        said = str(getattr(labels, self.label))
        same = re.fullmatch(self.value, said) is not None if "~" in self.sign else said == self.value
        return same != self.sign.startswith("!")


@dataclass(frozen=True)
class Query:
    """What is asked.

    Attributes:
        function: "increase", "rate", or "" for the counters themselves.
        window: seconds, 0 without a function.
        by: labels by which is summed; None: not summed.
    """

    matchers: tuple[Matcher, ...]
    function: str = ""
    window: float = 0.0
    by: tuple[str, ...] | None = None


def parse(text: str) -> Query:
    """What a query asks.

    Raises:
        PlatformError: 501 for PromQL that is not modelled, 400 for labels, regular expressions and durations that are
            none.
    """
    reader = _Reader(text)
    query = reader.sum() if reader.next_is("sum") else reader.value()
    reader.end()
    return query


def bad_data(error: str) -> PlatformError:
    """400, in Prometheus' shape."""
    return PlatformError(400, error, body={"status": "error", "errorType": "bad_data", "error": error})


def _not_modelled(text: str, what: str) -> PlatformError:
    error = f"prometheus.query: {what} in {text[:120]!r} is not modelled by the local platform; it understands {FORM}"
    return PlatformError(
        501,
        error,
        body={"status": "error", "errorType": "not_modelled", "error": error, "operation": "prometheus.query"},
    )


class _Reader:
    """Reads a query from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [(str(one.lastgroup), one.group(str(one.lastgroup))) for one in _TOKEN.finditer(text)]

    def next_is(self, value: str) -> bool:
        return bool(self._tokens) and self._tokens[0][1] == value

    def end(self) -> None:
        if self._tokens:
            raise _not_modelled(self._text, repr(self._tokens[0][1][:20]))

    def _take(self, kind: str, value: str = "") -> str:
        if not self._tokens:
            raise bad_data(f"the query {self._text[:120]!r} is not complete")
        found, said = self._tokens.pop(0)
        if found != kind or (value and said != value):
            raise _not_modelled(self._text, repr(said[:20]))
        return said

    def sum(self) -> Query:
        self._take("word", "sum")
        before = self._by()
        self._take("sign", "(")
        inner = self.value()
        self._take("sign", ")")
        return Query(inner.matchers, inner.function, inner.window, before or self._by() or ())

    def _by(self) -> tuple[str, ...] | None:
        if not self.next_is("by"):
            return None
        self._take("word", "by")
        self._take("sign", "(")
        names = []
        while not self.next_is(")"):
            names.append(_label(self._take("word")))
            if not self.next_is(")"):
                self._take("sign", ",")
        self._take("sign", ")")
        return tuple(names)

    def value(self) -> Query:
        name = self._take("word")
        if name == METRIC:
            return Query(self._matchers())
        if name not in FUNCTIONS:
            raise _not_modelled(self._text, repr(name[:60]))
        self._take("sign", "(")
        metric = self._take("word")
        if metric != METRIC:
            raise _not_modelled(self._text, repr(metric[:60]))
        matchers = self._matchers()
        window = seconds(self._take("range")[1:-1].strip(), 0.0, "range")
        self._take("sign", ")")
        if window <= 0:
            raise bad_data("the range of a query must be more than 0")
        return Query(matchers, name, window)

    def _matchers(self) -> tuple[Matcher, ...]:
        if not self.next_is("{"):
            return ()
        self._take("sign", "{")
        found = []
        while not self.next_is("}"):
            found.append(self._matcher())
            if not self.next_is("}"):
                self._take("sign", ",")
        self._take("sign", "}")
        return tuple(found)

    def _matcher(self) -> Matcher:
        label, sign, text = _label(self._take("word")), self._take("sign"), self._take("text")
        if sign not in ("=", "!=", "=~", "!~"):
            raise _not_modelled(self._text, repr(sign))
        value = _unquoted(text)
        try:
            re.compile(value if "~" in sign else "")
        except re.error as problem:
            raise bad_data(f"{value[:60]!r} is no regular expression: {problem}") from None
        return Matcher(label, sign, value)


def _label(name: str) -> str:
    if name not in Labels._fields:
        raise bad_data(f"{METRIC} has no label {name[:60]!r}; it has: {', '.join(Labels._fields)}")
    return name


def _unquoted(text: str) -> str:
    inner = text[1:-1] if text[0] == '"' else text[1:-1].replace("\\'", "'").replace('"', '\\"')
    try:
        return str(json.loads(f'"{inner}"'))
    except ValueError:
        raise bad_data(f"{text[:60]} is no string") from None
