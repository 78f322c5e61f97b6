"""Rollouts that really happened, on a simulated Fly, as their events tell of them; and what stands in a page."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from flyctl_orchestrator.rollout.context.events import Event
from flyctl_orchestrator.rollout.rehearsal.bad_day import FAIR_DAY, chosen
from flyctl_orchestrator.rollout.rehearsal.day_end import DayEnd
from flyctl_orchestrator.rollout.rehearsal.every_day import EveryDay
from tests import planted
from tests.unit.rollout.rehearsal.simulated_project import SimulatedProject

# As many as docs and limits speak of: 144 machines.
REGIONS = (
    *("ams", "arn", "cdg", "dfw", "ewr", "fra", "gru", "iad"),
    *("jnb", "lax", "lhr", "nrt", "sin", "sjc", "syd", "yyz"),
)
PER_REGION = 9


def day_of(every: EveryDay, name: str) -> tuple[DayEnd, list[dict[str, Any]]]:
    """One day, and everything that was told of it."""
    events: list[Event] = []
    (day,) = [FAIR_DAY] if name == FAIR_DAY.name else chosen(every.days(), [name])
    end = every.run(day, events.append)
    return end, [event.as_dict() for event in events]


def large_rollout(root: Path) -> list[dict[str, Any]]:
    """A rehearsal of a deploy to 144 machines, each of which exists already."""
    others = "".join(f"{region} = {PER_REGION}\n" for region in REGIONS if region not in ("iad", "fra", "nrt"))
    project = SimulatedProject.deployed(root, count=PER_REGION, more=others)
    end, events = day_of(project.every_day(), FAIR_DAY.name)
    assert end.result.exit == 0, end
    return events


def told(page: str) -> Any:
    """The data in a report."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def event(name: str, second: int, **fields: Any) -> dict[str, Any]:
    """One made up."""
    stamp = f"2027-01-15T08:{second // 60:02}:{second % 60:02}.000Z"
    return {"schema": "flyo.event/1", "event": name, "ts": stamp, "app": "shop", **fields}


def asks_for_nothing(page: str) -> None:
    """A page runs only its own script, loads nothing, and holds no secret."""
    script, style = page.split("<script>")[1].split("</script>")[0], page.split("<style>")[1].split("</style>")[0]
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[0]
    for text, rule in ((script, "script-src"), (style, "style-src")):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{rule} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    # Names of name spaces are no addresses that anybody asks.
    addresses = set(re.findall(r"https?://[^\s\"']+", page)) - {"http://www.w3.org/2000/svg"}
    assert not {one for one in addresses if one in script or one in style}
    assert not re.findall(r"<(?:link|img|iframe|script src)|@import|url\(", page)
    planted.hear(page)
