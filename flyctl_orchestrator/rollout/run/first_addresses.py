"""Addresses for an app that has none, before its first machines are made.

flyctl does this at an app's first deploy. Where flyo's lock machine is there already, flyctl takes the app for deployed
(Fly calls its status "suspended" then) and leaves it out, and nobody could reach the app.
"""

from __future__ import annotations

from collections.abc import Callable

from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.project.flytoml.ports import shared_address_will_do
from flyctl_orchestrator.project.model import FlyToml
from flyctl_orchestrator.rollout.state.observe import Fleet

Note = Callable[[str], None]


def give_addresses(api: MachinesApi, fly: FlyToml, fleet: Fleet, note: Note) -> None:
    """Allocate a public IPv6 and the shared IPv4, as flyctl would; an app that has an address keeps what it has.

    Args:
        note: takes what was done, or is left for a person to do, as a sentence.

    Raises:
        ApiError: the platform does not give them; no machine was made.
    """
    if fleet.managed or not fly.services or api.addresses.list(fleet.app):
        return
    if not shared_address_will_do(fly.raw):
        note(
            f"app {fleet.app} has no address, and its services need an IPv4 of their own, which costs money "
            f"every month: 'flyctl ips allocate-v4 --app {fleet.app}'"
        )
        return
    organization = api.get_app(fleet.app)
    first = api.addresses.allocate(fleet.app, "v6", organization)
    try:
        second = api.addresses.allocate(fleet.app, "shared_v4", organization)
    except ApiError:
        # With one address the app looks as its owner wanted it, and nothing would be allocated the next time.
        note(
            f"allocated address: {first}; app {fleet.app} has no IPv4: "
            f"'flyctl ips allocate-v4 --shared --app {fleet.app}'"
        )
        raise
    note(f"allocated addresses: {first}, {second}")
