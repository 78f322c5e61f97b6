"""Steady traffic from every region through the proxy: reads, and writes that are replayed in the primary region."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from dataclasses import dataclass, field

# Every loop below ends here, whatever happens.
MOST = 100_000
PATIENCE = 30.0


@dataclass
class Client:
    """One client in one region: every fourth request is a write, all others are reads. Nothing is ever tried again.

    Attributes:
        written: tokens of the writes that were answered well.
        failed: what went wrong, one line per request.
        releases: how often each release answered.
    """

    app: str
    port: int
    region: str
    number: int
    stop: threading.Event
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
                self._ask(link, number)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.failed.append(f"{self.region}: {type(error).__name__}: {error}")
                link.close()
        link.close()

    def _ask(self, link: http.client.HTTPConnection, number: int) -> None:
        token = f"{self.region}-{self.number}-{number}"
        host = {"Host": f"{self.region}.{self.app}.localhost:{self.port}"}
        write = number % 4 == 3
        link.request("POST" if write else "GET", "/", body=token if write else None, headers=host)
        answer = link.getresponse()
        text = answer.read()
        said = json.loads(text) if answer.status == 200 else {}
        expected = {"written": token, "by": "iad"} if write else {"region": self.region}
        if answer.status != 200 or any(said.get(key) != value for key, value in expected.items()):
            self.failed.append(f"{self.region} {'write' if write else 'read'}: {answer.status} {text[:120]!r}")
            return
        self.releases[said["release"]] += 1
        if write:
            self.written.append(token)


class Traffic:
    """Clients in every region, running until the block is left."""

    def __init__(self, app: str, port: int, regions: tuple[str, ...], each: int = 2) -> None:
        self._stop = threading.Event()
        places = [(region, number) for region in regions for number in range(each)]
        self.clients = [Client(app, port, region, number, self._stop) for region, number in places]
        self._threads = [threading.Thread(target=client.run) for client in self.clients]

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
        """Requests so far."""
        return sum(client.sent for client in self.clients)

    @property
    def failed(self) -> list[str]:
        """Every request that did not go well."""
        return [line for client in self.clients for line in client.failed]

    @property
    def written(self) -> list[str]:
        """Every write that was answered well."""
        return [token for client in self.clients for token in client.written]

    @property
    def releases(self) -> Counter[str]:
        """How often each release answered."""
        return sum((client.releases for client in self.clients), Counter[str]())
