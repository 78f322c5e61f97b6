"""docs/reference/lock-json.md says what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

from flyctl_orchestrator.cli.lock import SCHEMA, status_as_dict
from tests.unit.rollout.lock.lock_hall import Hall
from tests.unit.rollout.rollout_world import APP

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "lock-json.md"


def test_the_page_shows_and_explains_every_field(hall: Hall) -> None:
    hall.create("iad")
    held = hall.take("ada")
    shown = status_as_dict(APP, hall.holders())
    assert shown["locked"] is True
    hall.world.pass_time(31)
    assert status_as_dict(APP, hall.holders())["locked"] is False
    held.release()
    assert status_as_dict(APP, hall.holders()) == {"schema": SCHEMA, "app": "shop", "locked": False, "holders": []}
    page = PAGE.read_text()
    example = json.loads(page.split("```json\n")[1].split("```")[0])
    assert example.keys() == shown.keys() and example["holders"][0].keys() == shown["holders"][0].keys()
    rows = {
        name
        for line in page.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line[: line.index("|", 2)])
    }
    assert rows == (shown.keys() | shown["holders"][0].keys()) - {"schema"}
