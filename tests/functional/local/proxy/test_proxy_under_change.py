"""Machines come and go while clients keep asking: nobody notices, and no write is lost or done twice."""

from __future__ import annotations

import asyncio
from collections import Counter

from aiohttp import web

from tests.functional.local.proxy.proxy_town import PATIENT, App, Town, ToyMachine, in_town
from tests.waiting import until


class Ledger:
    """What the machines have written, and what clients were told."""

    def __init__(self) -> None:
        self.written: Counter[str] = Counter()
        self.confirmed: list[str] = []
        self.wrong: list[tuple[int, str]] = []

    def app(self, region: str) -> App:
        """Reads answer anywhere; writes are done in iad and replayed there from elsewhere."""

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            if request.method == "POST":
                if region != "iad":
                    return web.Response(status=409, headers={"fly-replay": "region=iad;state=write;timeout=5s"})
                self.written[(await request.read()).decode()] += 1
            return web.Response(text=region)

        return handle


async def client(town: Town, ledger: Ledger, name: str, region: str, stop: asyncio.Event) -> None:
    number = 0
    while not stop.is_set():
        number += 1
        write = f"{name}-{number}"
        method, data = ("POST", write.encode()) if number % 3 == 0 else ("GET", None)
        async with town.ask(host=f"{region}.shop.localhost", method=method, data=data) as answer:
            body = await answer.text()
        if answer.status != 200:
            ledger.wrong.append((answer.status, body))
        elif method == "POST":
            ledger.confirmed.append(write)


async def restart(town: Town, toy: ToyMachine, cordon_first: bool) -> None:
    """As a rollout does it: by a cordon that is waited for, or by a plain stop that lets requests finish."""
    await until(lambda: town.proxy.in_flight("shop", toy.machine_id) > 0)
    if cordon_first:
        toy.routable = False
    else:
        toy.state = "stopping"
    await until(lambda: town.proxy.in_flight("shop", toy.machine_id) == 0)
    await toy.hang_up()
    toy.state = "starting"
    await town.looked()
    toy.state = "started"
    if not cordon_first:
        await town.counted("retries")  # a moment before it listens: connections are refused
    await toy.listen()
    toy.routable = True


async def _rounds(town: Town, cordon_first: bool) -> None:
    ledger = Ledger()
    toys = [await town.machine(region, region, ledger.app(region)) for region in ("iad", "fra", "nrt")]
    stop = asyncio.Event()
    regions = ("iad", "fra", "nrt", "syd")
    clients = [asyncio.create_task(client(town, ledger, f"c{n}", regions[n % 4], stop)) for n in range(8)]
    for toy in toys * 2:
        await restart(town, toy, cordon_first)
    await until(lambda: len(ledger.confirmed) > 20)
    stop.set()
    await asyncio.gather(*clients)
    assert ledger.wrong == []
    assert ledger.written == Counter(ledger.confirmed)


@in_town(limits=PATIENT)
async def test_machines_replaced_behind_a_cordon(town: Town) -> None:
    await _rounds(town, cordon_first=True)


@in_town(limits=PATIENT)
async def test_machines_restarted_in_place(town: Town) -> None:
    await _rounds(town, cordon_first=False)
