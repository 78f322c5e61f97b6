"""One call to the Machines API: credentials, pacing, patience, and an error that says where."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.fleet.api_error import ApiError, ApiErrorKind, kind_of
from flyctl_orchestrator.fleet.http import Http, HttpAnswer, HttpError
from flyctl_orchestrator.fleet.pacing import Pacer
from flyctl_orchestrator.fleet.redact import redact

NONCE_HEADER = "fly-machine-lease-nonce"
# https://github.com/superfly/fly-go/blob/main/tokens/tokens.go: these tokens are macaroons, all others are opaque.
MACAROON_PREFIXES = ("fm1r_", "fm1a_", "fm2_")
SCHEMES = ("Bearer ", "FlyV1 ")
RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})

# Seconds of patience with a server that has never answered: it is more likely wrong than in trouble.
FIRST_CONTACT = 3.0

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
            answer (429) or failure (connection refused) that proves nothing was done.
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


class Caller:
    """Sends calls to one Machines API. Safe for many threads.

    Args:
        base_url: scheme://host:port, without /v1.
        patience: seconds during which a failing call is tried again.

    Attributes:
        ahead: seconds that the platform's clock was ahead of ours at its last answer; 0.0 before one that says.
    """

    def __init__(
        self, base_url: str, token: str, http: Http, clock: Clock, random: random.Random, *, patience: float = 30.0
    ) -> None:
        self._base = base_url.rstrip("/") + "/v1"
        self._token = token
        self._http = http
        self._clock = clock
        self._random = random
        self._patience = patience
        self._pacer = Pacer(clock)
        self._reached = False
        self.ahead = 0.0

    def send(self, call: Call, *, accept: Iterable[int] = ()) -> HttpAnswer:
        """Send a call, in its turn, again where that is safe.

        Args:
            accept: error statuses that the caller wants as an answer and not as an error.

        Raises:
            ApiError: it failed for good, or kept failing until the patience was over.
        """
        began = self._clock.monotonic()
        accepted = frozenset(accept)
        attempt = 0
        while True:
            self._pacer.pace(call.action, call.identifier)
            attempt += 1
            answer: HttpAnswer | None = None
            try:
                answer = self._once(call)
            except HttpError as failure:
                error, again = self._no_answer(call, failure), call.repeat == "always" or failure.never_sent
            else:
                self._reached = True
                if answer.status < 400 or answer.status in accepted:
                    return answer
                error, again = self._refusal(call, answer), self._may_repeat(call, answer)
            pause = self._pause(attempt, answer)
            patience = self._patience if self._reached else min(self._patience, FIRST_CONTACT)
            if not again or call.hurry or self._clock.monotonic() + pause > began + patience:
                raise error
            self._clock.sleep(pause)

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

    def _may_repeat(self, call: Call, answer: HttpAnswer) -> bool:
        return answer.status == 429 or (call.repeat == "always" and answer.status in RETRIED_STATUSES)

    def _pause(self, attempt: int, answer: HttpAnswer | None) -> float:
        """Seconds until the next attempt: what Retry-After says, else twice as long every time, with full jitter."""
        asked = (answer.headers.get("retry-after", "") if answer else "").strip()
        spread = self._random.random()
        if asked.replace(".", "", 1).isdigit():
            return float(asked) + 0.1 * spread
        return min(8.0, 0.25 * 2.0 ** (attempt - 1)) * (0.5 + 0.5 * spread)

    def _no_answer(self, call: Call, failure: HttpError) -> ApiError:
        host = self._base.split("//", 1)[-1].split("/", 1)[0]
        detail = self._clean(call, failure.detail)
        if failure.kind == "timeout":
            what = f"could not {call.doing}: no answer from {host} within {call.timeout:g} s"
        else:
            what = f"could not {call.doing}: no connection to {host} ({detail})"
        kind: ApiErrorKind = "timeout" if failure.kind == "timeout" else "network"
        return ApiError(what, kind=kind, where=call.where, ambiguous=not failure.never_sent)

    def _refusal(self, call: Call, answer: HttpAnswer) -> ApiError:
        body = answer.json()
        body = body if isinstance(body, dict) else {}
        said = self._clean(call, str(body.get("message") or body.get("error") or ""))
        kind = kind_of(answer.status, said, str(body.get("status") or ""))
        request = answer.headers.get("fly-request-id", "")
        detail = f"{answer.status} {said}".strip() + (f", request {request}" if request else "")
        return ApiError(
            f"could not {call.doing}: {detail}",
            kind=kind,
            status=answer.status,
            where=call.where,
            ambiguous=answer.status == 408 or answer.status >= 500,
        )

    def _clean(self, call: Call, text: str) -> str:
        one_line = " ".join(redact(text, (self._token, *call.private)).split())
        return one_line if len(one_line) <= 300 else one_line[:297] + "..."
