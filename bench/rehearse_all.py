"""Measures `flyo rehearse --all`: how long every bad day takes together, in time of one processor.

    python -m bench.rehearse_all                     # 3 regions, 1 and 2 machines in each
    python -m bench.rehearse_all --machines 1 --profile

The fleet is deployed to a simulated Fly and rehearsed as the command does it, in this process; only the start of the
command itself (some tenths of a second) is left out.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flyctl_orchestrator.rollout.rehearsal.day_end import DayEnd
from tests.unit.rollout.rehearsal.simulated_project import SimulatedProject


def main() -> int:
    """Print a line per fleet; 1 when a day does not end uniform and as it should."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--machines", type=int, nargs="+", default=[1, 2], help="machines in each of three regions")
    options.add_argument("--profile", action="store_true", help="show where the time goes")
    given = options.parse_args()
    ends: list[DayEnd] = []
    for machines in given.machines:
        ends += _measured(machines, given.profile)
    for end in ends:
        if not end.good:
            print(f"  {end.day.name}: {end.wrong}")
    return 0 if all(end.good for end in ends) else 1


def _measured(machines: int, profile: bool) -> list[DayEnd]:
    with tempfile.TemporaryDirectory() as root:
        every = SimulatedProject.deployed(Path(root), count=machines).every_day()
        profiler = cProfile.Profile()
        since, began = time.process_time(), time.perf_counter()
        if profile:
            profiler.enable()
        ends = [every.run(day) for day in every.days()]
        profiler.disable()
        cpu, wall = time.process_time() - since, time.perf_counter() - began
    fleets = Counter(end.fleet for end in ends)
    calm = sum(end.seconds for end in ends)
    print(
        f"{3 * machines} machines in 3 regions: {len(ends)} bad days, {fleets['new']} end new,"
        f" {fleets['old']} as before, {fleets['mixed']} mixed; {cpu:.1f} s of one processor ({wall:.1f} s here)"
        f" for {calm / 60:.0f} minutes there"
    )
    if profile:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(25)
    return ends


if __name__ == "__main__":
    sys.exit(main())
