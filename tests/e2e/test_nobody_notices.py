"""Surge rollouts under steady load: no request fails, and no write is lost or made twice.

    make endurance REQUESTS=1000000

asks as often as that, with slow requests of ten seconds and a proxy that hears up to 20 seconds late of what happens to
machines, in turns; the suite asks 10,000 times, with slow requests of two seconds and a second's delay.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.laptop import Laptop, example
from tests.e2e.traffic import Traffic

REGIONS = ("iad", "fra", "nrt")
REQUESTS = int(os.environ.get("REQUESTS") or 10_000)
LONG = REQUESTS > 10_000
# How late the proxy hears of changes, in seconds: rollout by rollout, in turns.
DELAYS = (0, 10, 1, 20, 5) if LONG else (1, 0)
SLOW_SECONDS = 10.0 if LONG else 2.0
# More rollouts at most, should a fast platform be through before there were enough requests.
MORE = 8 + REQUESTS // 1_000


# Several rollouts of several waves, on a computer that may have other things to do; as long as asked for by hand.
@pytest.mark.timeout(0 if LONG else 300)
def test_nobody_notices_a_surge_and_its_rollback(laptop: Laptop, tmp_path: Path) -> None:
    project, database = example(tmp_path / "counter", "counter"), tmp_path / "outside.db"
    toml = project / "fly.toml"
    toml.write_text(toml.read_text().replace("counter.db", str(database)))
    # A proxy that hears of changes 20 s late is waited for several times in each wave.
    laptop.patience = 900 if LONG else laptop.patience
    laptop.plant("counter")
    laptop.ok("deploy", "--local", cwd=project)
    first = {machine["id"] for machine in laptop.machines("counter")}
    good = back = 0
    with Traffic("counter", laptop.port, REGIONS, slow_seconds=SLOW_SECONDS) as traffic:
        while good < 1 or (traffic.sent < REQUESTS and good < MORE):
            _late(laptop, project, DELAYS[good % len(DELAYS)])
            _roll(laptop, project, f"good {good}", status=0)
            good += 1
            if good % len(DELAYS) != 1:
                continue
            fleet = _fleet(laptop)
            _roll(laptop, project, f"ill {good}", status=3)
            assert _fleet(laptop) == fleet
            laptop.ok("rollback", "--local", "--yes", cwd=project)
            back += 2
    assert traffic.failed == []
    assert traffic.sent >= REQUESTS
    assert all(traffic.kinds[kind] for kind in ("short", "large", "slow", "message"))
    assert sum(talker.goodbyes for talker in traffic.talkers) >= len(REGIONS)
    assert not first & {machine for _, machine, _ in _fleet(laptop)}
    served = {name for name, number in traffic.releases.items() if number}
    assert {"one", "good 0"} <= served
    _each_write_was_made_once(database, traffic)
    kinds = ", ".join(f"{number} {kind}" for kind, number in traffic.kinds.most_common())
    said = (
        f"{traffic.sent} requests ({kinds}), {len(traffic.failed)} failed; {len(traffic.written)} writes, each once; "
    )
    sys.stdout.write(f"\n{said}good rollouts: {good}, ways back: {back}; answers: {dict(traffic.releases)}\n")


def _each_write_was_made_once(database: Path, traffic: Traffic) -> None:
    link = sqlite3.connect(database)
    rows = Counter(token for (token,) in link.execute("SELECT token FROM writes"))
    link.close()
    assert rows == Counter(traffic.written)


def _late(laptop: Laptop, project: Path, seconds: int) -> None:
    """Have the proxy hear so late of everything, and flyo know it."""
    laptop.ok("local", "fault", "clear", "--all", cwd=project)
    if seconds:
        laptop.ok("local", "fault", "add", "proxy-lag", "--set", f"seconds={seconds}", cwd=project)
    toml = project / "flyo.toml"
    lines = [line for line in toml.read_text().splitlines() if not line.startswith("propagation")]
    at = lines.index("[rollout]") + 1
    toml.write_text("\n".join([*lines[:at], f'propagation = "{seconds}s"', *lines[at:]]) + "\n")


def _roll(laptop: Laptop, project: Path, release: str, *, status: int) -> None:
    (project / "release.txt").write_text(release)
    ran = laptop.flyo("deploy", "--local", cwd=project)
    assert ran.status == status, f"{release}: {ran.status}\n{ran.stdout}\n{ran.stderr}"


def _fleet(laptop: Laptop) -> set[tuple[str, str, str]]:
    return {(each["region"], each["id"], each["state"]) for each in laptop.machines("counter")}
