"""The measurement of a rollout runs, and says what it measured; its figures are for people, not for this suite."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.skipif(shutil.which("cc") is None, reason="the app needs a C compiler")
def test_a_quick_measurement_prints_a_table_with_ratios() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bench.rollout", "--machines", "3", "--quick"],
        cwd=ROOT,
        env={**os.environ, "FLYO_FLYCTL": "stand-in"},
        capture_output=True,
        text=True,
        timeout=110,
        stdin=subprocess.DEVNULL,
    )
    assert ran.returncode == 0, ran.stderr
    assert "3 machines in 3 regions:" in ran.stdout and "stand-in" in ran.stdout.splitlines()[0]
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in ran.stdout.splitlines() if line.startswith("|")
    ]
    _, _, floor, flyctl, flyo = rows
    assert (floor[0], flyctl[0], flyo[0]) == ("floor", "stand-in, no smoke or DNS checks", "flyo, no watch")
    assert floor[4] == "1.00" and flyctl[3] == "1.00"
    assert float(flyo[3]) > 0 and float(flyo[4]) > 1
    assert float(flyo[5]) > 0 and flyo[6] == "0"
