"""How good the gate is: how often it accepts releases with errors, refuses good ones, and what that costs.

    python -m bench.gate                          the table, 1,000 rollouts a point (about five minutes)
    python -m bench.gate --picture docs/gate.svg  and the curve (needs the extra `bench`)
    python -m bench.gate --crashes                crashes and wall times, by whole rollouts on the simulated platform

Answers are drawn by lot and go through the gate's own code (bench/gate_releases.py); in whole rollouts everything is
real but for the machines and the time (tests/unit/rollout/rollout_world.py).
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.gate_releases import Release, roll_out
from flyctl_orchestrator.rollout.gate.error_rate import at_least, at_most

RATES = (0.0, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5)


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        aim: the share of rollouts that may be accepted; at least that many where it is more than a half.
    """

    name: str
    release: Release
    aim: float | None = None


HALF = Release()
ROWS = (
    *(
        Row(f"{errors:.0%} errors, 3 machines", replace(HALF, after=errors), aim)
        for errors, aim in ((0.5, 0.0), (0.2, 0.01), (0.1, 0.05), (0.05, 0.2), (0.02, None), (0.01, None))
    ),
    *(
        Row(f"{errors:.0%} errors on one page of two, 3 machines", replace(HALF, after=errors, health=True), aim)
        for errors, aim in ((0.5, 0.0), (0.2, 0.01), (0.1, 0.05), (0.05, 0.2))
    ),
    *(
        Row(f"{errors:.0%} errors, 3 machines of one region", Release(1, 3, after=errors), aim)
        for errors, aim in ((0.5, 0.0), (0.2, 0.01), (0.1, 0.05), (0.05, 0.2))
    ),
    Row("2% errors, 3 machines, strict", replace(HALF, after=0.02, strictness="strict"), 0.2),
    Row("one machine of 18 at 50% errors", Release(18, one=0.5), 0.05),
    Row("one machine of 18 at 20% errors", Release(18, one=0.2)),
    Row("20% errors before, 40% after, 3 machines", Release(before=0.2, after=0.4)),
    Row("answers take three times as long, 3 machines", Release(slower=3.0)),
    Row("good: no errors, 3 machines", Release(), 1.0),
    Row("good: 0.5% errors before and after, 3 machines", Release(before=0.005, after=0.005), 0.99),
    Row("good: 0.5% errors, two pages, 3 machines", Release(before=0.005, after=0.005, health=True), 0.99),
    Row("good: 0.5% errors, 18 machines", Release(18, before=0.005, after=0.005), 0.99),
    Row("good: 0.5% errors, two pages, 18 machines", Release(18, before=0.005, after=0.005, health=True), 0.99),
    Row("good: 5% errors before and after, 3 machines", Release(before=0.05, after=0.05)),
    Row("good: 20% errors before and after, 3 machines", Release(before=0.2, after=0.2)),
    Row("good: no errors, 144 machines", Release(18, 8), 1.0),
    Row("good: 0.5% errors, two pages, 144 machines", Release(18, 8, before=0.005, after=0.005, health=True), 0.99),
)


def measure(release: Release, rollouts: int, seed: int) -> tuple[int, float]:
    """How many rollouts were accepted, and requests per machine on average."""
    luck = random.Random(f"{seed} {release}")
    ends = [roll_out(release, luck) for _ in range(rollouts)]
    return sum(not end.code for end in ends), statistics.fmean(end.sent for end in ends) / len(release.machines)


def table(rollouts: int, seed: int) -> list[str]:
    """The measured lines, as Markdown."""
    lines = ["| release | aim | accepted | 95 % sure | requests per machine |", "|---|--:|--:|--:|--:|"]
    for row in ROWS:
        few = max(20, rollouts // 10) if len(row.release.machines) > 100 else rollouts
        accepted, sent = measure(row.release, few, seed)
        aim = "" if row.aim is None else f"{'≥' if row.aim > 0.5 else '≤'} {row.aim:.0%}"
        low, high = at_least(accepted, few), at_most(accepted, few)
        sure = f"{low:.1%}-{high:.1%}"
        lines.append(f"| {row.name} | {aim} | {accepted / few:.1%} of {few:,} | {sure} | {sent:.1f} |")
        print(lines[-1], file=sys.stderr, flush=True)
    return lines


def curve(strictness: str, rollouts: int, seed: int) -> list[float]:
    """The share that is accepted at each of RATES, of rollouts to 3 machines that had no errors before."""
    releases = [Release(after=rate, strictness=strictness) for rate in RATES]
    return [measure(release, rollouts, seed)[0] / rollouts for release in releases]


def draw(path: Path, rollouts: int, seed: int) -> None:
    """The operating curve as a picture."""
    import matplotlib

    matplotlib.use("Agg")
    # The same picture has the same file.
    matplotlib.rcParams["svg.hashsalt"] = "gate"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    for strictness, style in (("usual", "o-"), ("strict", "s--")):
        shares = curve(strictness, rollouts, seed)
        axes.plot([rate * 100 for rate in RATES], [share * 100 for share in shares], style, label=strictness)
    aims = ((50, 0), (20, 1), (10, 5), (5, 20))
    axes.plot([rate for rate, _ in aims], [most for _, most in aims], "v", color="black", label="aim: no more than")
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xticks([0, 0.5, 1, 2, 5, 10, 20, 50], ["0", "0.5", "1", "2", "5", "10", "20", "50"])
    axes.set(xlabel="errors of the new release, %", ylabel="rollouts that accept it, %")
    axes.set_title(f"3 machines in 3 regions, no errors before; {rollouts:,} rollouts a point")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main(argv: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.gate", description=__doc__.split("\n")[0])
    parser.add_argument("--rollouts", type=int, default=1000, help="rollouts a point")
    parser.add_argument("--seed", type=int, default=1, help="for other rollouts")
    parser.add_argument("--picture", type=Path, help="where to draw the curve (.svg or .png)")
    parser.add_argument("--crashes", action="store_true", help="whole rollouts on the simulated platform instead")
    options = parser.parse_args(argv)
    if options.crashes:
        from bench.gate_rollouts import crashes, wall_times

        print("\n".join([*crashes(options.rollouts), "", *wall_times()]))
        return 0
    print("\n".join(table(options.rollouts, options.seed)))
    if options.picture:
        draw(options.picture, options.rollouts, options.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
