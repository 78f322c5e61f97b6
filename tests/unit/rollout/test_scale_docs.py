"""docs/reference/scale-json.md shows exactly the keys that are written."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.unit.rollout.recovery.killed_world import KilledWorld

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "scale-json.md").read_text()


def keys(value: object) -> object:
    """A value's keys, all the way down; of a list's elements those of the first."""
    if isinstance(value, dict):
        return {key: keys(each) for key, each in value.items()}
    return [keys(each) for each in value[:1]] if isinstance(value, list) else None


def test_the_examples_have_the_keys_of_the_real_thing(tmp_path: Path) -> None:
    killed = KilledWorld(tmp_path)
    killed.deploy(killed.world.push("one"))
    killed.events.clear()
    killed.work().finish(killed.scale(nrt=2, fra=0))
    for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL):
        shown = json.loads(text)
        (told,) = (event.as_dict() for event in killed.events if event.name == shown["event"])
        # Waves are shown elsewhere.
        told = {**told, "waves": []} if "waves" in told else told
        assert keys(told) == keys(shown)
