"""The platform's regions: which there are, which is the nearest, and how many machines would find room in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flyctl_orchestrator.fleet import wire
from flyctl_orchestrator.fleet.api_answer import expect
from flyctl_orchestrator.fleet.api_call import Call, Caller
from flyctl_orchestrator.fleet.decode import Unreadable, convert, decode
from flyctl_orchestrator.fleet.http import HttpAnswer


@dataclass(frozen=True)
class Offered:
    """One region as the platform lists it.

    Attributes:
        closing: whether it takes no new machines.
        paid: whether it takes those of organizations with a paid plan alone.
    """

    code: str
    closing: bool = False
    paid: bool = False


class RegionsApi:
    """What a Machines API says of regions; every method raises `ApiError` as those of `MachinesApi` do."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def nearest(self) -> str:
        """The region nearest to this computer, as the platform sees it: where it puts machines that name none."""
        return self._list(expect(wire.Regions)).nearest

    def offered(self) -> dict[str, Offered]:
        """The regions by code."""
        return {
            each.code: Offered(each.code, bool(each.deprecated), bool(each.requires_paid_plan))
            for each in self._list(_some_regions).regions or ()
        }

    def room(self, organization: str, regions: Sequence[str], guest: Mapping[str, str | int]) -> dict[str, int]:
        """How many machines of a size an organization could have made in each region now; nothing is made.

        The platform answers with the regions that could take some: one that it leaves out takes none.
        It is what the platform would do, within the organization's own limits, and only true at this moment.

        Args:
            organization: its slug.
            guest: `cpu_kind`, `cpus` and `memory_mb`.
        """
        body = {"org_slug": organization, "region": ",".join(regions), "compute": dict(guest), "count": 0}
        call = Call(
            "POST", "/platform/placements", "placements.ask", "", "platform", "ask where there is room", json=body
        )
        found = self._caller.send(call, _placements)
        return {code: found.get(code, 0) for code in regions}

    def _list(self, read: Callable[[HttpAnswer], wire.Regions]) -> wire.Regions:
        call = Call("GET", "/platform/regions", "regions.list", "", "platform", "list the regions")
        return self._caller.send(call, read)


def _some_regions(answer: HttpAnswer) -> wire.Regions:
    """A platform has regions: an answer without any would make each of a project's look as if it were not offered."""
    found = decode(answer.body, wire.Regions)
    if not found.regions:
        raise Unreadable("it names no regions")
    return found


def _placements(answer: HttpAnswer) -> dict[str, int]:
    """Machines by region. flyctl's types name no keys, so that it reads them in either case; so does this."""
    body = _lower(decode(answer.body, dict[str, Any]))
    if "regions" not in body:
        raise Unreadable("it names no regions")
    rows = convert(body["regions"], list[dict[str, Any]] | None)  # type: ignore[arg-type]
    found = [convert(_lower(row), wire.Placement) for row in rows or ()]
    return {each.region: each.count for each in found}


def _lower(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key.lower(): value for key, value in row.items()}
