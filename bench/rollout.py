"""Measures a rollout: `flyo deploy` and `flyctl deploy`, on the same local platform, app and settings, in turn.

    python -m bench.rollout                      # 3, 6 and 144 machines
    python -m bench.rollout --machines 3 --quick

Both deploy an image that is built already to a fleet that runs another one; building is left out. The real flyctl is
measured when FLYO_FLYCTL names one or PATH has one, else this project's stand-in for it; the table says which. The
platform enforces the documented rate limits. Its machines are processes of a small C server that boot in a fixed time,
so that the figures are about steps and waiting and not about the computer. "Default flags" are flyctl's, but for
the DNS check, which asks a name server on the internet and not the platform.

Every machine is watched for 10 s after it has first passed, once per wave, as flyctl's smoke checks do; a row "no
watch" leaves that out, but not the answers that flyo's gate judges by.

The floor is what nobody can beat: the canary region, then all others, each wave's machines changed at once by bare
API calls and watched without limits until every check passes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.rollout_fleet import APP, Platform, Size

SIZES = {3: Size(3, 1), 6: Size(3, 2), 144: Size(16, 9)}
FLYO = (str(Path(sysconfig.get_path("scripts")) / "flyo"),)
STAND_IN = (sys.executable, "-m", "flyctl_orchestrator.local.stand_in")
NO_EXTRAS = ("--smoke-checks=false", "--dns-checks=false")
NO_WATCH, UNWATCHED = ("--watch", "0s"), "flyo, no watch"


@dataclass
class Row:
    """One way to deploy, and how long it took (seconds, one per round)."""

    name: str
    argv: tuple[str, ...] = ()
    seconds: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)
    limited: int = 0
    over: float = 0.0
    """Seconds after which it was broken off, 0 when it never was."""

    @property
    def median(self) -> float | None:
        """None when there is nothing to tell."""
        return statistics.median(self.seconds) if self.seconds and not self.over else None


def find_flyctl() -> tuple[tuple[str, ...], str]:
    """How to run flyctl, and what it is called in the table."""
    named = os.environ.get("FLYO_FLYCTL", "")
    if named != "stand-in":
        found = named or shutil.which("flyctl") or shutil.which("fly")
        if found:
            return (found,), "flyctl"
    return STAND_IN, "stand-in"


def rows_for(size: Size, flyctl: tuple[str, ...], kind: str, *, default_flags: bool) -> list[Row]:
    """What is measured at one size."""
    deploy = (*flyctl, "deploy", "--app", APP, "--config", "fly.toml", "--yes", "--image")
    flyo = (*FLYO, "deploy", "--local", "--yes", "--max-unavailable")
    rows = [Row("floor")]
    if default_flags:
        rows.append(Row(f"{kind}, default flags", ("--dns-checks=false", *deploy)))
    rows.append(Row(f"{kind}, no smoke or DNS checks", (*NO_EXTRAS, *deploy)))
    if size.each > 2:
        a_third = -(-size.each // 3)
        rows.append(Row(f"flyo, no watch, {a_third} at once per region", (*flyo, str(a_third), *NO_WATCH, "--image")))
    if size.each > 1:
        rows.append(Row(f"{kind}, no checks, all at once", (*NO_EXTRAS, f"--max-unavailable={size.machines}", *deploy)))
    rows.append(Row(UNWATCHED, (*flyo, str(size.each), *NO_WATCH, "--image")))
    if default_flags:
        rows.append(Row("flyo", (*flyo, str(size.each), "--image")))
    return rows


def measure(platform: Platform, size: Size, rows: Sequence[Row], options: argparse.Namespace) -> None:
    """Measure every row once per round, in turn."""
    for number in range(options.rounds):
        for row in rows:
            if row.over:
                continue
            image = platform.new_image()
            if not row.argv:
                row.seconds.append(platform.floor(image, size.codes[0]))
            else:
                _measure(platform, size, row, image, options)
            said = f"> {row.over:.0f}" if row.over else f"{row.seconds[-1]:.2f}"
            progress(
                f"  round {number + 1}, {size.machines} machines, {row.name}: {said} s, load {os.getloadavg()[0]:.1f}"
            )


def _measure(platform: Platform, size: Size, row: Row, image: str, options: argparse.Namespace) -> None:
    # flyctl takes its flags anywhere; they stand first so that the image can be the last word.
    argv = _ordered((*row.argv, image))
    environment = platform.environment({"FLYO_FLYCTL": os.environ.get("FLYO_FLYCTL", "")} if _named() else {})
    seconds, done, asked = platform.measured(lambda: run(argv, platform.project, environment, options.limit))
    if not done:
        row.over = options.limit
        return
    row.seconds.append(seconds)
    row.calls.append(asked["total"] / size.machines)
    row.limited += asked["limited"]
    if options.calls:
        shown = {name: n for name, n in asked["operations"].items() if n}
        progress(f"    {shown}")


def _named() -> bool:
    return bool(os.environ.get("FLYO_FLYCTL"))


def _ordered(argv: tuple[str, ...]) -> tuple[str, ...]:
    flags = tuple(each for each in argv if each.startswith("--") and "=" in each)
    return (*(each for each in argv if each not in flags), *flags)


def run(argv: Sequence[str], cwd: Path, environment: Mapping[str, str], limit: float) -> bool:
    """Run a command; False when it was interrupted after `limit` seconds. Raises RuntimeError when it fails."""
    child = subprocess.Popen(
        argv, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
    )
    try:
        said, _ = child.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=60)
        return False
    if child.returncode:
        raise RuntimeError(f"{' '.join(argv)} ended with {child.returncode}:\n{said.decode(errors='replace')[-3000:]}")
    return True


def progress(line: str) -> None:
    """Tell how far it is."""
    print(line, file=sys.stderr, flush=True)


def table(size: Size, rows: Sequence[Row], kind: str) -> list[str]:
    """The figures of one size, as Markdown."""
    medians = {row.name: row.median for row in rows}
    floor = medians["floor"]
    usual, bare = medians.get(f"{kind}, default flags"), medians.get(f"{kind}, no smoke or DNS checks")
    lines = [
        f"{size.machines} machines in {size.regions} regions:",
        "",
        f"| | seconds (median, range) | of {kind}'s default | of {kind}'s bare | of the floor "
        "| API calls per machine | 429 |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        if row.over:
            lines.append(f"| {row.name} | not measured, > {row.over:.0f} | | | | | |")
            continue
        took = f"{row.median:.2f} ({min(row.seconds):.2f}-{max(row.seconds):.2f})"
        calls = f"{statistics.median(row.calls):.1f}" if row.calls else ""
        refused = str(row.limited) if row.calls else ""
        shares = " | ".join(_share(row.median, of) for of in (usual, bare, floor))
        lines.append(f"| {row.name} | {took} | {shares} | {calls} | {refused} |")
    return [*lines, ""]


def _share(seconds: float | None, of: float | None) -> str:
    return f"{seconds / of:.2f}" if seconds is not None and of else ""


def growth(results: Mapping[int, Sequence[Row]]) -> list[str]:
    """How much longer the largest fleet takes than the middle one."""
    if not {6, 144} <= set(results):
        return []
    few, many = (next(row.median for row in results[size] if row.name == UNWATCHED) for size in (6, 144))
    return [f"From 6 to 144 machines, no watch: {many / few:.2f} times the time.", ""] if few and many else []


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.rollout", description=__doc__.split("\n")[0])
    parser.add_argument("--machines", type=int, action="append", choices=sorted(SIZES), help="fleet size, repeatable")
    parser.add_argument("--rounds", type=int, default=3, help="measurements per row; the median counts")
    parser.add_argument("--boot", type=float, default=5.0, help="seconds a machine takes to boot")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds after which a deploy is broken off")
    parser.add_argument("--quick", action="store_true", help="one round, half a second of boot, no default flags")
    parser.add_argument("--calls", action="store_true", help="show every operation asked for")
    options = parser.parse_args(argv)
    if options.quick:
        options.rounds, options.boot = 1, min(options.boot, 0.5)
    return options


def main(argv: Sequence[str]) -> int:
    """Measure and print."""
    options = parse(argv)
    if shutil.which("cc") is None:
        print("bench.rollout: skipped, there is no C compiler (cc) for the app", file=sys.stderr)
        return 0
    flyctl, kind = find_flyctl()
    print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, boot {options.boot:g} s, ", end="")
    print(f"{options.rounds} round(s), {kind}: {' '.join(flyctl) if kind == 'stand-in' else _version(flyctl)}\n")
    results: dict[int, list[Row]] = {}
    for machines in options.machines or sorted(SIZES):
        size = SIZES[machines]
        results[machines] = rows_for(size, flyctl, kind, default_flags=not options.quick)
        with tempfile.TemporaryDirectory(prefix="flyo-bench-", ignore_cleanup_errors=True) as directory:
            platform = Platform(Path(directory).resolve(), options.boot)
            try:
                prepare(platform, size)
                measure(platform, size, results[machines], options)
            finally:
                platform.close()
        print("\n".join(table(size, results[machines], kind)), flush=True)
    print("\n".join(growth(results)))
    return 0


def prepare(platform: Platform, size: Size) -> None:
    """Bring the fleet up: its first machine by a deploy, the others as copies of it."""
    platform.settings(rate_limits=False)
    progress(f"making {size.machines} machines")
    platform.write_project(Size(1, 1))
    environment = platform.environment({"FLYO_FLYCTL": "stand-in"})
    run((*STAND_IN, "apps", "create", APP, "--yes"), platform.project, environment, 60)
    run((*FLYO, "deploy", "--local", "--yes", "--image", platform.new_image()), platform.project, environment, 60)
    platform.multiply(size)
    platform.write_project(size)


def _version(flyctl: tuple[str, ...]) -> str:
    said: Any = subprocess.run([*flyctl, "version"], capture_output=True, text=True, check=False).stdout
    return str(said).strip().split("\n")[0][:60]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
