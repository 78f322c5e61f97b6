"""One call to the Machines API: credentials, pacing, patience, and an error that says where."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from math import inf
from typing import Any, Literal, TypeVar

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.fleet.api_answer import Read, complaint, reported_status, strange, understood
from flyctl_orchestrator.fleet.api_error import ApiError, ApiErrorKind, kind_of
from flyctl_orchestrator.fleet.decode import Unreadable, readable
from flyctl_orchestrator.fleet.http import Http, HttpAnswer, HttpError
from flyctl_orchestrator.fleet.pacing import Pacer

NONCE_HEADER = "fly-machine-lease-nonce"
# https://github.com/superfly/fly-go/blob/main/tokens/tokens.go: these tokens are macaroons, all others are opaque.
MACAROON_PREFIXES = ("fm1r_", "fm1a_", "fm2_")
SCHEMES = ("Bearer ", "FlyV1 ")
# Refusals that count for what they are in whatever words, since nothing is concluded from them but that they are
# refusals. The others are only the platform's when they are worded like its own: a page of HTML with 404, or with a
# status that it does not have, is somebody else's, and no proof that something is not there.
PLAIN = frozenset({400, 401, 403, 408, 409, 412, 422, 429})

# Seconds of patience with a server that has never given an answer that makes sense: it is more likely wrong than in
# trouble.
FIRST_CONTACT = 3.0

T = TypeVar("T")
Repeat = Literal["always", "if_refused"]


def authorization(token: str) -> str:
    """The Authorization header for a token: a scheme it already carries is kept, macaroons go as FlyV1."""
    token = token.strip()
    if token.startswith(SCHEMES):
        return token
    return f"FlyV1 {token}" if token.startswith(MACAROON_PREFIXES) else f"Bearer {token}"


@dataclass(frozen=True)
class Call:
    """One request, and what is known about it.

    Attributes:
        path: after /v1, starting with a slash, with query.
        action: the name its rate limit goes by.
        identifier: the machine or app the rate limit counts for.
        where: for errors, e.g. "app web, region nrt, machine 148e…".
        doing: for errors, e.g. "start the machine".
        repeat: "always" when doing it twice is doing it once; "if_refused" when it may only be sent again after an
            answer (the platform's own 429) or failure (connection refused) that proves nothing was done.
        timeout: seconds for one attempt.
        hurry: one attempt is all; whoever asks has another way, or can ask again.
        private: values that must never show up in an error, whatever the platform answers.
    """

    method: str
    path: str
    action: str
    identifier: str
    where: str
    doing: str
    json: Any = None
    nonce: str | None = None
    repeat: Repeat = "always"
    timeout: float = 30.0
    hurry: bool = False
    private: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class _Failure:
    """One attempt that failed.

    Attributes:
        again: whether the call may be sent again.
        after: seconds that the platform asks to wait before that, None when it does not say.
    """

    error: ApiError
    again: bool
    after: float | None = None


class Caller:
    """Sends calls to one Machines API. Safe for many threads.

    Args:
        base_url: scheme://host:port, without /v1.
        patience: seconds during which a failing call is tried again. All in all a call ends within its own `timeout`
            and these.

    Attributes:
        pacer: keeps the pace for all calls.
        ahead: seconds that the platform's clock was ahead of ours at its last answer; 0.0 before one that says.
    """

    def __init__(
        self, base_url: str, token: str, http: Http, clock: Clock, random: random.Random, *, patience: float = 30.0
    ) -> None:
        self._base = base_url.rstrip("/") + "/v1"
        self._host = self._base.split("//", 1)[-1].split("/", 1)[0]
        self._token = token
        self._http = http
        self._clock = clock
        self._random = random
        self._patience = patience
        self.pacer = Pacer(clock)
        self._reached = False
        self._longest = inf
        self.ahead = 0.0

    def hurried(self, seconds: float) -> Caller:
        """This caller, with the same pace: one attempt takes `seconds` at most, and so long is a call tried again."""
        twin = copy.copy(self)
        twin._patience = twin._longest = seconds
        return twin

    def send(self, call: Call, read: Read[T], *, accept: Mapping[int, T] | None = None) -> T:
        """Send a call, in its turn, again where that is safe; gives what its answer says.

        An answer that is not understood is asked for again like one that did not come: it may be somebody else's.

        Args:
            read: takes the value out of an answer of status 2xx, or raises `Unreadable`.
            accept: values for error statuses that the caller does not take for errors.

        Raises:
            ApiError: it failed for good, or kept failing until the patience was over.
        """
        began = self._clock.monotonic()
        call = replace(call, timeout=min(call.timeout, self._longest))
        attempt = 0
        while True:
            self.pacer.pace(call.action, call.identifier)
            attempt += 1
            outcome = self._attempt(call, read, accept or {})
            if not isinstance(outcome, _Failure):
                return outcome
            pause = self._pause(attempt, outcome.after)
            patience = self._patience if self._reached else min(self._patience, FIRST_CONTACT)
            if not outcome.again or call.hurry or self._clock.monotonic() + pause > began + patience:
                raise outcome.error
            self._clock.sleep(pause)

    def _attempt(self, call: Call, read: Read[T], accept: Mapping[int, T]) -> T | _Failure:
        try:
            answer = self._once(call)
        except HttpError as failure:
            return _Failure(self._no_answer(call, failure), call.repeat == "always" or failure.never_sent)
        if answer.status in PLAIN or answer.status >= 500 or (answer.status >= 400 and understood(answer)):
            self._reached = True
            if answer.status in accept:
                return accept[answer.status]
            return _Failure(self._refusal(call, answer), _may_repeat(call, answer), _retry_after(answer))
        try:
            if not 200 <= answer.status < 300:
                raise Unreadable("the Machines API never gives this status")
            value = read(answer)
        except Unreadable as failure:
            return _Failure(self._strange(call, answer, failure.reason), call.repeat == "always")
        self._reached = True
        return value

    def _once(self, call: Call) -> HttpAnswer:
        headers = {"Authorization": authorization(self._token), "Accept": "application/json"}
        headers["User-Agent"] = "flyctl-orchestrator"
        if call.nonce:
            headers[NONCE_HEADER] = call.nonce
        answer = self._http.send(
            call.method, self._base + call.path, headers=headers, json=call.json, timeout=call.timeout
        )
        self._compare_clocks(answer.headers.get("date", ""))
        return answer

    def _compare_clocks(self, date: str) -> None:
        """Learn from an answer's Date header how far the platform's clock is from ours."""
        try:
            self.ahead = parsedate_to_datetime(date).timestamp() - self._clock.now()
        except ValueError:
            pass  # it does not say, or not in this way

    def _pause(self, attempt: int, after: float | None) -> float:
        """Seconds until the next attempt: what Retry-After says, else twice as long every time, with full jitter."""
        spread = self._random.random()
        if after is not None:
            return after + 0.1 * spread
        return min(8.0, 0.25 * 2.0 ** (attempt - 1)) * (0.5 + 0.5 * spread)

    def _no_answer(self, call: Call, failure: HttpError) -> ApiError:
        if failure.kind == "timeout":
            what = f"no whole answer from {self._host} within {call.timeout:g} s"
        elif failure.kind == "unreadable":
            what = f"the answer of {self._host} cannot be read: {failure.detail}"
        else:
            what = f"no connection to {self._host} ({failure.detail})"
        kinds: dict[str, ApiErrorKind] = {"timeout": "timeout", "unreadable": "unreadable"}
        return ApiError(
            f"could not {call.doing}: {what}",
            kind=kinds.get(failure.kind, "network"),
            where=call.where,
            ambiguous=not failure.never_sent,
        )

    def _strange(self, call: Call, answer: HttpAnswer, reason: str) -> ApiError:
        what = strange(answer, self._host, reason, (self._token, *call.private))
        # Whatever it was, the platform may have been reached and may have acted.
        return ApiError(
            f"could not {call.doing}: {what}", kind="unreadable", status=answer.status, where=call.where, ambiguous=True
        )

    def _refusal(self, call: Call, answer: HttpAnswer) -> ApiError:
        said = complaint(answer, (self._token, *call.private))
        request = readable(answer.headers.get("fly-request-id", ""))[:80]
        detail = f"{answer.status} {said}".strip() + (f", request {request}" if request else "")
        return ApiError(
            f"could not {call.doing}: {detail}",
            kind=kind_of(answer.status, said, reported_status(answer)),
            status=answer.status,
            where=call.where,
            # A refusal in other words than the platform's own may come from somebody who had passed the request on.
            ambiguous=answer.status == 408 or answer.status >= 500 or not understood(answer),
        )


def _may_repeat(call: Call, answer: HttpAnswer) -> bool:
    """Whether a refusal is worth another attempt; 501 is one that will not change."""
    if call.repeat == "if_refused":
        return answer.status == 429 and understood(answer)
    never = answer.status == 501 and understood(answer)
    return answer.status in (408, 429) or (answer.status >= 500 and not never)


def _retry_after(answer: HttpAnswer) -> float | None:
    asked = answer.headers.get("retry-after", "").strip()
    return float(asked) if asked.isascii() and asked.replace(".", "", 1).isdecimal() else None
