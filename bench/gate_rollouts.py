"""The gate in whole rollouts on the simulated platform: the orchestrator's own code, and a clock that jumps."""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

from flyctl_orchestrator.local.runtime.simulated import Behaviour
from flyctl_orchestrator.project.model import RolloutPolicy
from flyctl_orchestrator.rollout.context.outcome import Outcome
from tests.unit.rollout.rollout_world import Looks, World

# Seconds.
BOOT, CHECK = 5.0, 0.5
WATCH = RolloutPolicy().watch


def crashes(rollouts: int) -> list[str]:
    """Releases that end at some moment from 1 to 9 s after their first good answer, as Markdown."""
    luck = random.Random(1)
    lines = ["| release, 3 machines in 3 regions | accepted |", "|---|--:|"]
    accepted = 0
    for number in range(rollouts):
        ends = Behaviour(exit_after_seconds=0.5 + luck.uniform(1.0, 9.0), healthy_seconds=0.5)
        accepted += _roll_out({"iad": 1, "fra": 1, "nrt": 1}, ends, seed=number).exit == 0
        _progress(number, rollouts)
    lines.append(f"| ends 1 to 9 s after its first good answer | {accepted} of {rollouts:,} |")
    for errors in (0.5, 0.2, 0.1, 0.0):
        few = max(1, rollouts // 10)
        passed = [
            _roll_out({"iad": 1, "fra": 1, "nrt": 1}, Behaviour(), errors=errors, seed=number) for number in range(few)
        ]
        lines.append(f"| {errors:.0%} errors | {sum(each.exit == 0 for each in passed)} of {few:,} |")
    return lines


def wall_times() -> list[str]:
    """How long a wave takes beyond what its machines and the watch take, as Markdown."""
    lines = ["| machines | two waves took | of boot + first check + watch |", "|---|--:|--:|"]
    for regions, each in ((3, 1), (18, 8)):
        codes = ("iad", "fra", "nrt", "lhr", "sin", "syd", "gru", "ord", "lax", "ams", "arn", "cdg", "dfw", "ewr",
                 "jnb", "sjc", "yyz", "bom")  # fmt: skip
        policy = RolloutPolicy(timeout=120.0, max_unavailable=each)
        # The platform checks a machine every 2 s here, so its first pass is seen up to that much later.
        slow = Behaviour(boot_seconds=BOOT, healthy_seconds=CHECK)
        outcome = _roll_out(dict.fromkeys(codes[:regions], each), slow, policy=policy, latency=0.0)
        assert outcome.exit == 0, outcome.what
        share = outcome.seconds / (2 * (BOOT + 2.0 + WATCH))
        lines.append(f"| {regions * each} | {outcome.seconds:.1f} s | {share:.2f} |")
    return lines


def _roll_out(
    counts: dict[str, int],
    behaviour: Behaviour,
    *,
    errors: float = 0.0,
    seed: int = 0,
    policy: RolloutPolicy | None = None,
    latency: float = 0.01,
) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="bench-gate-") as directory:
        world = World(Path(directory), seed=seed)
        world.latency = latency
        fast = RolloutPolicy(timeout=600.0, watch=0.0, max_unavailable=8)
        outcome = world.deploy(world.desired(world.push("one"), counts, policy=fast))
        assert outcome.exit == 0, outcome.what
        two = world.push("two", behaviour)
        world.looks[two.ref or ""] = Looks(errors=errors)
        return world.deploy(world.desired(two, counts, policy=policy or RolloutPolicy(timeout=60.0)))


def _progress(number: int, of: int) -> None:
    if number % 100 == 99:
        print(f"{number + 1} of {of}", file=sys.stderr, flush=True)
