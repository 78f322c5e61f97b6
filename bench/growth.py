"""Measures what a deploy costs as fleets grow: calls, own processor time, memory; on the simulated platform.

    python -m bench.growth                       # 6, 144 and 1,000 machines in 17 regions, all of a region at once
    python -m bench.growth --machines 1000 --at-once 1 --profile

Everything is real but for the machines, the network and the time: project files, lock, plan, flyctl's part (the
stand-in), Machines API with the documented rate limits, journal. Own processor time is what is left when the platform
and flyctl are taken off; each size is measured in a process of its own, so the memory is that of flyo and of all of the
platform together.
"""

from __future__ import annotations

import argparse
import cProfile
import multiprocessing
import pstats
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.rollout_fleet import REGIONS
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.local.simulated.fly import Answer, SimulatedFly
from flyctl_orchestrator.local.simulated.flyctl import Run
from flyctl_orchestrator.project.project import load_project
from flyctl_orchestrator.rollout.context.concurrency import InTurn, Stop
from flyctl_orchestrator.rollout.context.events import Emitter
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.lock.app_lock import AppLock
from flyctl_orchestrator.rollout.lock.computer import ComputerLock
from flyctl_orchestrator.rollout.lock.held import Held
from flyctl_orchestrator.rollout.lock.take import Locker
from flyctl_orchestrator.rollout.prepare import prepare
from flyctl_orchestrator.rollout.rehearsal.simulated_target import simulated_target
from flyctl_orchestrator.rollout.state.lock_record import LockRecord

APP = "growth"
FLY_TOML = """
app = "growth"
primary_region = "iad"

[http_service]
internal_port = 8080
auto_stop_machines = "off"
auto_start_machines = true

[[http_service.checks]]
path = "/up"
interval = "2s"
timeout = "1s"
grace_period = "5s"
"""
# Aims: calls per machine, milliseconds of own processor time per machine, megabytes, answers of 429.
CALLS, MILLISECONDS, MEGABYTES, REFUSED = 8.0, 15.0, 200.0, 0


class MeteredFly(SimulatedFly):
    """A simulated Fly that counts what flyo asks of it, and how much processor time it takes itself.

    Attributes:
        calls: of the Machines API, by method and path without ids.
        refused: answers of 429, to flyo and to flyctl.
        pages: requests to machines.
        own_seconds: processor time that the platform and flyctl have taken.
    """

    def __init__(self, seed: int, directory: Path) -> None:
        super().__init__(seed, directory)
        self.calls: Counter[tuple[str, str]] = Counter()
        self.refused = self.pages = 0
        self.own_seconds = 0.0
        self._depth = 0
        exchange = self.simulation.exchange

        def counted(method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float | None) -> Answer:
            answer = exchange(method, url, headers, body, timeout)
            self.refused += answer[0] == 429
            return answer

        # flyctl's calls go there, too, and not through `send`.
        self.simulation.exchange = counted  # type: ignore[method-assign]

    def reset(self) -> None:
        """Count from here on."""
        self.calls.clear()
        self.refused = self.pages = 0
        self.own_seconds = 0.0

    @contextmanager
    def _metered(self) -> Iterator[None]:
        began, self._depth = time.thread_time(), self._depth + 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                self.own_seconds += time.thread_time() - began

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        with self._metered():
            super().sleep(seconds)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> Answer:
        """One request of flyo's."""
        if "/v1/" in url:
            self.calls[method, _called(url)] += 1
        elif "/_local/" not in url:
            self.pages += 1
        with self._metered():
            return super().send(method, url, headers, body, timeout)

    def flyctl(self, words: Sequence[str], directory: Path, on_line: Callable[[str], None]) -> Run:
        """Start flyctl."""
        with self._metered():
            return super().flyctl(words, directory, on_line)


def _called(url: str) -> str:
    """The path of a call without its ids."""
    parts = urlsplit(url).path.split("/v1/apps/")[-1].split("/")[1:]
    return "/".join("*" if len(part) == 14 or before == "metadata" else part for before, part in pairwise(["", *parts]))


@dataclass(frozen=True)
class Cost:
    """What one deploy cost.

    Attributes:
        calls, pages: requests to the Machines API and to machines.
        own_seconds: flyo's processor time.
        megabytes: the most memory that the process had, platform included.
        seconds: how long it took on the clock of the platform.
    """

    machines: int
    calls: int
    pages: int
    refused: int
    own_seconds: float
    megabytes: float
    seconds: float

    @property
    def good(self) -> bool:
        """Whether it is what was aimed for."""
        return (
            self.calls <= CALLS * self.machines
            and self.own_seconds * 1000 <= MILLISECONDS * self.machines
            and self.megabytes <= MEGABYTES
            and self.refused == REFUSED
        )

    def line(self) -> str:
        """A row of the table."""
        each = self.machines
        return (
            f"| {each:,} | {self.calls / each:.1f} | {self.refused} | {self.pages / each:.1f} "
            f"| {1000 * self.own_seconds / each:.1f} ms | {self.megabytes:.0f} MB | {self.seconds:.0f} s |"
        )


def measure(machines: int, at_once: int | None, root: Path, profile: bool = False) -> Cost:
    """Deploy a fleet, and then another release to it, which is measured.

    Args:
        at_once: machines changed at once in a region; None for all of them.
        root: an empty directory.
    """
    counts = {
        region: machines // len(REGIONS) + (number < machines % len(REGIONS)) for number, region in enumerate(REGIONS)
    }
    counts = {region: count for region, count in counts.items() if count}
    (root / "fly.toml").write_text(FLY_TOML)
    (root / "Dockerfile").write_text("FROM scratch\n")
    (root / "settings").mkdir()
    fly = MeteredFly(1, root / "settings")
    target = simulated_target(fly, Random(1))
    # How the first one is judged is not what is measured.
    _write(root, counts, max(counts.values()), 'watch = "0s"\n\n[probe]\nevidence = "off"\n')
    _deploy(root, target)
    _write(root, counts, at_once or max(counts.values()))
    fly.reset()
    profiler = cProfile.Profile() if profile else None
    began, since = time.process_time(), fly.now()
    if profiler is not None:
        profiler.enable()
    outcome = _deploy(root, target)
    if profiler is not None:
        profiler.disable()
        print(*(f"{count:6} {method} {path}" for (method, path), count in fly.calls.most_common()), sep="\n")
        pstats.Stats(profiler).sort_stats("tottime").print_stats(25)
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(60)
    own = time.process_time() - began - fly.own_seconds
    new = sum(row.fate == "new" for row in outcome.rows)
    assert new == machines, f"{new} of {machines} are new: {outcome.what}"
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Cost(machines, fly.calls.total(), fly.pages, fly.refused, own, megabytes, fly.now() - since)


def _write(root: Path, counts: Mapping[str, int], at_once: int, more: str = "") -> None:
    places = "\n".join(f"{region} = {count}" for region, count in counts.items())
    (root / "flyo.toml").write_text(f"[regions]\n{places}\n\n[rollout]\nmax_unavailable = {at_once}\n{more}")


class _LockInTurn(AppLock):
    """The app's lock, renewed when somebody looks: on a clock that is moved by hand no thread can tell when to."""

    def _keep(self, held: Held | None) -> None:
        self._held = held

    def lost(self) -> str:
        """Why the lock is no longer ours."""
        if self._held is not None:
            self._held.renew_if_due()
        return super().lost()


def _deploy(root: Path, target: Target) -> Outcome:
    project = load_project(root, None, None, {})
    emit = Emitter(APP, target.clock)
    computer = ComputerLock(root / "locks" / "app.lock")
    locker = Locker(target.api, APP, target.clock, computer, REGIONS[:2])
    lock = _LockInTurn(
        locker, LockRecord(f"{target.random.getrandbits(48):012x}", "bench@test", "flyo deploy", "rollout")
    )
    work = Deployment(
        target, project, project.flyo.rollout, InTurn(), emit, Stop(), root / "state", lock, who="bench@test"
    )
    lock.take()
    try:
        plan, fleet = prepare(work, None)
        outcome = work.run(plan, fleet)
    finally:
        lock.release()
    assert outcome.exit == 0, outcome
    return outcome


def _measure_aside(words: tuple[int, int | None, bool]) -> Cost:
    machines, at_once, profile = words
    with tempfile.TemporaryDirectory(prefix="bench-growth-") as root:
        return measure(machines, at_once, Path(root), profile)


def main() -> int:
    """Print a row per size; 1 when an aim is missed."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--machines", type=int, nargs="+", default=[6, 144, 1000])
    options.add_argument("--at-once", type=int, help="machines changed at once in a region; default: all of them")
    options.add_argument("--profile", action="store_true", help="show where the time goes")
    given = options.parse_args()
    print("| machines | calls per machine | 429 | requests to each | own processor time each | memory | simulated |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    costs = []
    for machines in given.machines:
        # A fresh process each time: the most memory a process ever had is never forgotten.
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            costs.append(pool.apply(_measure_aside, ((machines, given.at_once, given.profile),)))
        print(costs[-1].line(), flush=True)
    missed = [cost for cost in costs if not cost.good]
    print(f"aims: {CALLS:g} calls, {MILLISECONDS:g} ms, {MEGABYTES:g} MB, no 429: {'missed' if missed else 'met'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
