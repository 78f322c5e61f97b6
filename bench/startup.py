"""Measures what starting `flyo` costs, beside a bare Python and a bare `import click`, in turn.

    python -m bench.startup
    python -m bench.startup --rounds 100

The figure is processor time, user and system, as the kernel counts it for the finished process; it hardly depends on
what else the computer does. Every round runs each row once, so that a slow moment falls on all of them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FLYO = str(Path(sysconfig.get_path("scripts")) / "flyo")
YARDSTICK = "import click"
SUGGESTED = ("--users", "sg=40,de=30,us=30", "--budget", "15")


@dataclass
class Row:
    """A command, and its processor time (seconds, one per round)."""

    name: str
    argv: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)

    @property
    def least(self) -> float:
        """The round that the computer disturbed least."""
        return min(self.seconds)

    @property
    def median(self) -> float:
        """The round in the middle."""
        return statistics.median(self.seconds)


def rows() -> list[Row]:
    """What is measured, the yardstick among it."""
    return [
        Row("python", (sys.executable, "-c", "pass")),
        Row(YARDSTICK, (sys.executable, "-c", "import click")),
        Row("flyo --version", (FLYO, "--version")),
        Row("flyo --help", (FLYO, "--help")),
        Row("flyo deploy --help", (FLYO, "deploy", "--help")),
        Row("completion of 'flyo st'", (FLYO,), completing("flyo st", 1)),
        Row("completion of 'flyo deploy --'", (FLYO,), completing("flyo deploy --", 2)),
        Row("completion of a region", (FLYO,), completing("flyo logs --region ", 3)),
        Row("completion of an app", (FLYO,), completing("flyo logs -a ", 3)),
        Row("flyo regions suggest", (FLYO, "regions", "suggest", *SUGGESTED)),
        # With a local platform that runs it is asked; else it is found out that none does.
        Row("completion of a local app", (FLYO,), completing("flyo logs --local -a ", 4)),
        Row("completion of a local machine", (FLYO,), completing("flyo logs --local -a app --machine ", 6)),
    ]


def completing(words: str, position: int) -> dict[str, str]:
    """What bash sets when it asks for completions of the word at `position`."""
    return {"_FLYO_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(position)}


def processor_time(row: Row) -> float:
    """Run the command once, its output thrown away; seconds of processor time.

    Raises:
        RuntimeError: it failed, so that its time means nothing.
    """
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, descriptor) for descriptor in range(3)]
    child = os.posix_spawn(row.argv[0], row.argv, {**os.environ, **row.variables}, file_actions=actions)
    _, status, used = os.wait4(child, 0)
    os.close(null)
    if status:
        raise RuntimeError(f"{row.name} ended with {os.waitstatus_to_exitcode(status)}")
    return used.ru_utime + used.ru_stime


def table(measured: list[Row]) -> list[str]:
    """Milliseconds, and how many times the yardstick's they are."""
    base = next(row for row in measured if row.name == YARDSTICK)
    wide = max(len(row.name) for row in measured)
    lines = [f"{'processor time':<{wide}}  {'least':>8}  {'median':>8}  {'least':>6}  {'median':>6}"]
    for row in measured:
        least, median = row.least * 1000, row.median * 1000
        ratios = f"{row.least / base.least:5.2f}x  {row.median / base.median:5.2f}x"
        lines.append(f"{row.name:<{wide}}  {least:5.1f} ms  {median:5.1f} ms  {ratios}")
    return lines


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40, help="How often each is run (40).")
    rounds = parser.parse_args().rounds
    measured = rows()
    for row in measured:
        processor_time(row)  # once unmeasured: afterwards all files are read and compiled
    for _ in range(rounds):
        for row in measured:
            row.seconds.append(processor_time(row))
    print("\n".join(table(measured)))


if __name__ == "__main__":
    main()
