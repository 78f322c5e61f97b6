"""Steady traffic from every region through the proxy, of several kinds. Nothing is ever tried again."""

from __future__ import annotations

import http.client
import json
import threading
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.talkers import Talker

# Every loop below ends here, whatever happens.
MOST = 1_000_000
PATIENCE = 40.0
LARGE = bytes(range(256)) * 4096


@dataclass
class Client:
    """One client in one region.

    Attributes:
        ask: sends one request and says what is wrong with its answer, "" when nothing is.
        written: tokens of the writes that were answered well.
        failed: what went wrong, one line per request.
        releases: how often each release answered.
    """

    app: str
    port: int
    region: str
    number: int
    stop: threading.Event
    ask: Callable[[Client, http.client.HTTPConnection, int], str]
    sent: int = 0
    written: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    releases: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        """Ask until told to stop."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        for number in range(MOST):
            if self.stop.is_set():
                break
            self.sent += 1
            try:
                wrong = self.ask(self, link, number)
            except (OSError, http.client.HTTPException, ValueError) as error:
                wrong = f"{type(error).__name__}: {error}"
                link.close()
            if wrong:
                self.failed.append(f"{self.region} {self.ask.__name__}: {wrong}")
        link.close()

    def send(
        self, link: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None
    ) -> tuple[int, bytes]:
        """One request as from the client's region: status and body."""
        link.request(method, path, body=body, headers={"Host": f"{self.region}.{self.app}.localhost:{self.port}"})
        answer = link.getresponse()
        return answer.status, answer.read()

    def judge(self, status: int, text: bytes, **expected: Any) -> str:
        """What is wrong with an answer of the app."""
        said = json.loads(text) if status == 200 else {}
        if status != 200 or any(said.get(key) != value for key, value in expected.items()):
            return f"{status} {text[:120]!r}"
        self.releases[said["release"]] += 1
        return ""


def short(client: Client, link: http.client.HTTPConnection, number: int) -> str:
    """A short request; every fourth one is a write, which is replayed in the primary region."""
    if number % 4 != 3:
        return client.judge(*client.send(link, "GET", "/"), region=client.region)
    token = f"{client.region}-{client.number}-{number}"
    wrong = client.judge(*client.send(link, "POST", "/", token.encode()), written=token, by="iad")
    client.written += [] if wrong else [token]
    return wrong


def large(client: Client, link: http.client.HTTPConnection, number: int) -> str:
    """A megabyte there, and a megabyte back."""
    if number % 2:
        status, text = client.send(link, "POST", "/large", LARGE)
        return client.judge(status, text, bytes=len(LARGE), crc=zlib.crc32(LARGE), region=client.region)
    status, body = client.send(link, "GET", "/large")
    return "" if (status, body) == (200, LARGE) else f"{status}, {len(body)} bytes"


def slow(seconds: float) -> Callable[[Client, http.client.HTTPConnection, int], str]:
    """A request whose answer takes so many seconds."""

    def slow(client: Client, link: http.client.HTTPConnection, number: int) -> str:
        return client.judge(*client.send(link, "GET", f"/slow?seconds={seconds:g}"), region=client.region)

    return slow


class Traffic:
    """Clients in every region, running until the block is left.

    Args:
        each: clients with short requests in each region; one more has large ones, one slow ones, one a websocket.
        slow_seconds: how long slow requests take.
    """

    def __init__(self, app: str, port: int, regions: tuple[str, ...], each: int = 2, slow_seconds: float = 2.0) -> None:
        self._stop = threading.Event()
        asks = [*[short] * each, large, slow(slow_seconds)]
        self.clients = [
            Client(app, port, region, number, self._stop, ask) for region in regions for number, ask in enumerate(asks)
        ]
        self.talkers = [Talker(app, port, region, self._stop) for region in regions]
        runs = [*(client.run for client in self.clients), *(talker.run for talker in self.talkers)]
        self._threads = [threading.Thread(target=run) for run in runs]

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * PATIENCE)

    @property
    def sent(self) -> int:
        """Requests and messages so far."""
        return self.kinds.total()

    @property
    def kinds(self) -> Counter[str]:
        """Requests so far by their kind, websockets' messages among them."""
        found: Counter[str] = Counter()
        for each in self.clients:
            found[each.ask.__name__] += each.sent
        found["message"] = sum(talker.sent for talker in self.talkers)
        return found

    @property
    def failed(self) -> list[str]:
        """Every request that did not go well."""
        lists = [*(client.failed for client in self.clients), *(talker.failed for talker in self.talkers)]
        return [line for lines in lists for line in lines]

    @property
    def written(self) -> list[str]:
        """Every write that was answered well."""
        return [token for client in self.clients for token in client.written]

    @property
    def releases(self) -> Counter[str]:
        """How often each release answered."""
        return sum((client.releases for client in self.clients), Counter[str]())
