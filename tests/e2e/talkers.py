"""Clients that talk over a websocket for as long as the app lets them, and come back when it says goodbye."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field

import aiohttp
from aiohttp import WSMsgType

GOING_AWAY = 1001
# Seconds: between two messages, and for an answer.
PAUSE, PATIENCE = 0.05, 20.0


@dataclass
class Talker:
    """One client with a websocket; a connection that ends without a goodbye is a failure, and so is one refused.

    Attributes:
        sent: messages that were sent.
        goodbyes: how often the app has ended a connection, as it does before it stops.
    """

    app: str
    port: int
    region: str
    stop: threading.Event
    sent: int = 0
    goodbyes: int = 0
    failed: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Talk until told to stop."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        async with aiohttp.ClientSession() as session:
            while not self.stop.is_set():
                try:
                    await self._talk(session)
                except (aiohttp.ClientError, OSError, TimeoutError) as error:
                    self.failed.append(f"{self.region} message: {type(error).__name__}: {error}")

    async def _talk(self, session: aiohttp.ClientSession) -> None:
        headers = {"Host": f"{self.region}.{self.app}.localhost:{self.port}"}
        async with session.ws_connect(f"http://127.0.0.1:{self.port}/talk", headers=headers) as socket:
            while not self.stop.is_set():
                self.sent += 1
                text = f"{self.region} {self.sent}"
                await socket.send_str(text)
                answer = await socket.receive(PATIENCE)
                if (answer.type, answer.data) == (WSMsgType.CLOSE, GOING_AWAY):
                    # What was under way is said again on the next connection, as websockets have it.
                    self.goodbyes += 1
                    self.sent -= 1
                    return
                if (answer.type, answer.data) != (WSMsgType.TEXT, text):
                    self.failed.append(f"{self.region} message: {answer.type!r} {answer.data!r}")
                    return
                await asyncio.sleep(PAUSE)
