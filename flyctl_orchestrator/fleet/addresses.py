"""An app's IP addresses. Without one nobody outside reaches it, whatever its machines do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from flyctl_orchestrator.fleet import wire
from flyctl_orchestrator.fleet.api_answer import expect
from flyctl_orchestrator.fleet.api_call import Call, Caller, Repeat

Kind = Literal["v4", "shared_v4", "v6", "private_v6"]


@dataclass(frozen=True)
class Billed:
    """Addresses that cost something.

    Attributes:
        ipv4: dedicated ones, for what comes in.
        egress: static ones, for what goes out, each an IPv4 with its IPv6.
    """

    ipv4: int
    egress: int


class AddressesApi:
    """The address operations of a Machines API; every method raises `ApiError` as those of `MachinesApi` do."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def list(self, app: str) -> list[str]:
        """Every address of an app, public and private."""
        return [address.ip for address in self._all(app)]

    def billed(self, app: str) -> Billed:
        """How many addresses of an app have a price: IPv6 and the shared IPv4 have none."""
        v4 = [address for address in self._all(app) if ":" not in address.ip and not address.shared]
        egress = sum(address.egress for address in v4)
        return Billed(len(v4) - egress, egress)

    def allocate(self, app: str, kind: Kind, organization: str) -> str:
        """Give the app an address; the shared IPv4 is the same for all apps.

        Args:
            organization: slug of the one that owns the app.
        """
        body = {"type": kind, "region": "", "org_slug": organization, "network": "", "service_name": ""}
        call = self._call("POST", app, "create", f"allocate an address ({kind})", body, "if_refused")
        return self._caller.send(call, expect(wire.Address)).ip

    def _all(self, app: str) -> tuple[wire.Address, ...]:
        answer = self._caller.send(self._call("GET", app, "list", "list the addresses"), expect(wire.Addresses))
        return tuple(answer.ips or ())

    def _call(
        self, method: str, app: str, action: str, doing: str, body: object = None, repeat: Repeat = "always"
    ) -> Call:
        path = f"/apps/{quote(app)}/ip_assignments"
        return Call(method, path, f"addresses.{action}", app, f"app {app}", doing, json=body, repeat=repeat)
