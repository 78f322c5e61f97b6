"""The search for the planted secret finds it; every other test relies on that."""

from __future__ import annotations

import base64
from pathlib import Path

from tests import planted


def test_what_was_said_and_written_is_found_and_forgotten(tmp_path: Path) -> None:
    planted.hear("nothing", f"Error: {planted.SECRET} is bad")
    planted.hear(base64.b64encode(planted.SECRET.encode()).decode())
    ear = planted.Ear()
    ear.write(f"half of it: {planted.SECRET[:9]}")
    ear.write(planted.SECRET[9:])
    journal, platform = tmp_path / "rollouts" / "one.jsonl", tmp_path / "local" / "platform.db"
    for path in (journal, platform):
        path.parent.mkdir()
        path.write_text(planted.SECRET)
    planted.watch(tmp_path, but=(tmp_path / "local",))
    leaks = planted.found()
    assert [leak.split(":")[0] for leak in leaks[:3]] == ["said"] * 3
    assert leaks[3:] == [f"written to {journal}"]
    assert planted.found() == []
