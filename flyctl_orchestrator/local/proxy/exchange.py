"""One client's request, from its arrival to its answer, however many machines pass it on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from aiohttp import ClientError, ClientResponse, web

from flyctl_orchestrator.local.proxy.body import BodyTooLarge
from flyctl_orchestrator.local.proxy.delivery import Delivery, Dispatcher
from flyctl_orchestrator.local.proxy.errors import ProxyError
from flyctl_orchestrator.local.proxy.forward import Message, answer
from flyctl_orchestrator.local.proxy.headers import response_headers, transformed
from flyctl_orchestrator.local.proxy.replay import REPLAY_HEADER, InvalidReplay, Replay, parse_replay
from flyctl_orchestrator.local.proxy.replay_json import MAX_BYTES, REPLAY_JSON, parse_replay_json
from flyctl_orchestrator.local.proxy.route_attempt import RouteAttempt, Undelivered
from flyctl_orchestrator.local.proxy.route_constraints import RouteConstraints
from flyctl_orchestrator.local.proxy.tunnel import tunnel
from flyctl_orchestrator.local.proxy.waiting import pause


@dataclass
class Exchange:
    """The course of one request.

    Attributes:
        edge: the region in which the client came in.
        message: the request as it is now; a replay may rewrite it.
        request_id: goes on the answer.
        on_answer: called with the status when an answer's head is about to go to the client.
        hops: region and id of each machine that was reached.
        way: how long the answer takes from the edge to the client, seconds.
    """

    dispatcher: Dispatcher
    request: web.BaseRequest
    edge: str
    message: Message
    request_id: str
    on_answer: Callable[[int], None] = lambda status: None
    hops: list[tuple[str, str]] = field(default_factory=list)
    way: float = 0.0

    async def run(self, app: str, constraints: RouteConstraints) -> web.StreamResponse:
        """Deliver, follow replays, and pass the answer on.

        Raises:
            ProxyError: there is no answer to pass on.
            AnsweredInstead: the platform answers for the machine.
            ConnectionError: one end went away in the middle.
        """
        attempt, replays = RouteAttempt(app, constraints), 0
        while True:
            attempt, delivery = await self._delivered(attempt)
            self.hops.append((delivery.target.region, delivery.target.machine_id))
            try:
                replay = await self._replay_in(attempt, delivery)
                if replay is None:
                    return await self._pass_on(attempt.app, delivery)
            finally:
                delivery.close()
            replays += 1
            if replays > self.dispatcher.limits.replays:
                raise ProxyError("PA02", f"replayed more than {self.dispatcher.limits.replays} times")
            attempt = await self._replayed(attempt, replay, delivery)

    async def _delivered(self, attempt: RouteAttempt) -> tuple[RouteAttempt, Delivery]:
        began = asyncio.get_running_loop().time()
        try:
            return attempt, await self.dispatcher.deliver(attempt, self.message, self.edge)
        except Undelivered as failure:
            back = attempt.fallen_back(failure.reason, asyncio.get_running_loop().time() - began)
            if back is None:
                raise failure.error from failure
            self.dispatcher.loads.events["fallbacks"] += 1
        try:
            return back, await self.dispatcher.deliver(back, self.message, self.edge)
        except Undelivered as failure:
            raise failure.error from failure

    async def _replay_in(self, attempt: RouteAttempt, delivery: Delivery) -> Replay | None:
        """What the machine's answer says about replaying; None when it is an ordinary answer."""
        headers = delivery.upstream.headers
        in_header = headers.get(REPLAY_HEADER)
        in_body = in_header is None and headers.get("Content-Type", "").partition(";")[0].strip().lower() == REPLAY_JSON
        if in_header is None and not in_body:
            return None
        who = f"machine {delivery.target.machine_id}"
        if attempt.final:
            raise ProxyError("PA03", f"{who} replayed a request that had already come back to it")
        if "fly-replay-cache" in headers:
            self._log(attempt, delivery, "fly-replay-cache is not modelled here; the replay itself is followed")
        try:
            if in_header is not None:
                return parse_replay(in_header)
            return parse_replay_json(await _small_body(delivery.upstream))
        except InvalidReplay as error:
            raise ProxyError("PA03", f"{who} gave a replay that cannot be understood: {error}") from error

    async def _replayed(self, attempt: RouteAttempt, replay: Replay, delivery: Delivery) -> RouteAttempt:
        await self._travel(delivery.one_way)
        if replay.app is not None and not self.dispatcher.backend.app_exists(replay.app):
            raise ProxyError("PA04", f"replayed to the app {replay.app!r}, which does not exist")
        try:
            await self.message.body.keep_all()
        except BodyTooLarge as error:
            limit = self.dispatcher.limits.replay_body_bytes
            advice = "send it with the header fly-prefer-region instead"
            raise ProxyError("PA01", f"requests larger than {limit} bytes cannot be replayed; {advice}") from error
        if replay.transform is not None:
            path = replay.transform.path or self.message.path
            self.message = replace(self.message, path=path, headers=transformed(self.message.headers, replay.transform))
        self.dispatcher.loads.events["replays"] += 1
        return attempt.replayed(replay, delivery.target, self.dispatcher.clock.now())

    async def _pass_on(self, app: str, delivery: Delivery) -> web.StreamResponse:
        await self._travel(delivery.one_way + self.way)
        upstream = delivery.upstream
        self.dispatcher.backend.answered(app, delivery.target.machine_id, upstream.status)
        self.on_answer(upstream.status)
        headers = response_headers(upstream.headers, self.request_id)
        if upstream.status != 101:
            return await answer(self.request, upstream, headers)
        headers["Connection"] = "Upgrade"
        headers["Upgrade"] = upstream.headers.get("Upgrade", "websocket")
        return await tunnel(self.request, upstream, headers, self.dispatcher.clock, delivery.one_way + self.way)

    async def _travel(self, seconds: float) -> None:
        if seconds:
            await pause(self.dispatcher.clock, seconds)

    def _log(self, attempt: RouteAttempt, delivery: Delivery, message: str) -> None:
        self.dispatcher.backend.log(attempt.app, delivery.target.machine_id, delivery.target.region, message)


async def _small_body(upstream: ClientResponse) -> bytes:
    pieces = b""
    try:
        while len(pieces) <= MAX_BYTES:
            piece = await upstream.content.readany()
            if not piece:
                return pieces
            pieces += piece
    except (TimeoutError, ClientError) as error:
        raise InvalidReplay("its body broke off") from error
    raise InvalidReplay("its body is too long")
