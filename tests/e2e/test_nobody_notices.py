"""Surge rollouts under steady load: no request fails, and no write is lost or made twice."""

from __future__ import annotations

import sqlite3
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.laptop import Laptop, example
from tests.e2e.traffic import Traffic

REGIONS = ("iad", "fra", "nrt")
REQUESTS = 10_000
# More rollouts at most, should a fast platform be through before there were enough requests.
MORE = 8


# Several rollouts of several waves, on a computer that may have other things to do.
@pytest.mark.timeout(240)
def test_nobody_notices_a_surge_and_its_rollback(laptop: Laptop, tmp_path: Path) -> None:
    project, database = example(tmp_path / "counter", "counter"), tmp_path / "outside.db"
    toml = project / "fly.toml"
    toml.write_text(toml.read_text().replace("counter.db", str(database)))
    laptop.plant("counter")
    laptop.ok("deploy", "--local", cwd=project)
    first = {machine["id"] for machine in laptop.machines("counter")}
    rollouts = 1
    with Traffic("counter", laptop.port, REGIONS) as traffic:
        _roll(laptop, project, "good", status=0)
        good = _fleet(laptop)
        _roll(laptop, project, "ill", status=3)
        assert _fleet(laptop) == good
        laptop.ok("rollback", "--local", "--yes", cwd=project)
        while traffic.sent < REQUESTS and rollouts < MORE:
            _roll(laptop, project, f"good {rollouts}", status=0)
            rollouts += 1
    assert traffic.failed == []
    assert traffic.sent >= REQUESTS
    assert not first & {machine for _, machine, _ in _fleet(laptop)}
    served = {name for name, number in traffic.releases.items() if number}
    assert {"one", "good"} <= served
    link = sqlite3.connect(database)
    rows = Counter(token for (token,) in link.execute("SELECT token FROM writes"))
    link.close()
    assert rows == Counter(traffic.written)
    said = f"{traffic.sent} requests, {len(traffic.failed)} failed; {len(traffic.written)} writes, each made once; "
    sys.stdout.write(f"\n{said}good rollouts: {rollouts}, ways back: 2; answers by release: {dict(traffic.releases)}\n")


def _roll(laptop: Laptop, project: Path, release: str, *, status: int) -> None:
    (project / "release.txt").write_text(release)
    ran = laptop.flyo("deploy", "--local", cwd=project)
    assert ran.status == status, f"{release}: {ran.status}\n{ran.stdout}\n{ran.stderr}"


def _fleet(laptop: Laptop) -> set[tuple[str, str, str]]:
    return {(each["region"], each["id"], each["state"]) for each in laptop.machines("counter")}
