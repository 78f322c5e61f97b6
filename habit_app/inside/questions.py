"""A far machine's side: asks a machine in the primary region, on kept connections."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from threading import Lock

from habit_app.clock import Clock
from habit_app.inside.answers import REVISIONS, SNAPSHOT
from habit_app.inside.network import Place
from habit_app.inside.signing import HEADER, BadSignature, Signer
from habit_app.known.snapshot import BadSnapshot, Snapshot, decode
from habit_app.store.database import WAIT_SECONDS, DatabaseUnreachable
from habit_app.store.guard import Guard

_MOST_KEPT = 6


class PrimarySource:
    """Snapshots from the primary region: one request for each, over the private network."""

    def __init__(self, place: Place, signer: Signer, clock: Clock, guard: Guard | None = None) -> None:
        """Ask the machines at `place`; `guard` limits who waits for an answer."""
        self._place = place
        self._signer = signer
        self._clock = clock
        self.guard = guard or Guard()
        self._kept: list[http.client.HTTPConnection] = []
        self._lock = Lock()

    def snapshot(self, user_id: str) -> tuple[Snapshot, bytes] | None:
        """The user's snapshot as it is now, and encoded; None when there is no such user.

        Raises:
            DatabaseUnavailable: nobody answers, or not in a way that this release understands.
        """
        data = self._ask(SNAPSHOT, user_id.encode())
        if not data:
            return None
        try:
            return decode(data), data
        except BadSnapshot as problem:
            raise DatabaseUnreachable(
                f"the primary region's snapshot cannot be read by this release: {problem}"
            ) from None

    def moved(self, revisions: Mapping[str, int]) -> set[str]:
        """Those of the users who are at another revision by now, or gone.

        Raises:
            DatabaseUnavailable: nobody answers.
        """
        return set(json.loads(self._ask(REVISIONS, json.dumps(revisions, separators=(",", ":")).encode())))

    def _ask(self, path: str, body: bytes) -> bytes:
        with self.guard.reading():
            try:
                return self._asked(path, body)
            except (OSError, http.client.HTTPException, BadSignature) as problem:
                text = f"{self._place.name} does not answer: {type(problem).__name__}: {problem}"
                raise DatabaseUnreachable(text) from problem

    def _asked(self, path: str, body: bytes) -> bytes:
        """On a kept connection, and when that one has died meanwhile, on a new one."""
        kept = self._take()
        if kept is not None:
            try:
                return self._on(kept, path, body)
            except (OSError, http.client.HTTPException):
                self._drop()
        return self._on(self._place.connect(WAIT_SECONDS), path, body)

    def _on(self, connection: http.client.HTTPConnection, path: str, body: bytes) -> bytes:
        question = self._signer.question(path, body, int(self._clock().timestamp()))
        headers = {
            HEADER: question,
            "Host": self._place.name,
            "Content-Type": "application/octet-stream",
            # For whoever stands in for the private network: how far the question has to go.
            "Fly-Region": self._place.asks,
        }
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            data = answer.read()
            if answer.status != 200:
                raise http.client.HTTPException(f"status {answer.status}")
            self._signer.check_answer(answer.headers.get(HEADER, ""), question, data)
        except BaseException:
            connection.close()
            raise
        self._give_back(connection)
        return data

    def _take(self) -> http.client.HTTPConnection | None:
        with self._lock:
            return self._kept.pop() if self._kept else None

    def _give_back(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if len(self._kept) < _MOST_KEPT:
                self._kept.append(connection)
                return
        connection.close()

    def _drop(self) -> None:
        """Where one kept connection is dead the others are, too: the machine has slept."""
        with self._lock:
            dropped, self._kept = self._kept, []
        for connection in dropped:
            connection.close()
