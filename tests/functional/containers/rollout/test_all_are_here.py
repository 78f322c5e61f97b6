"""Every functional test of rollouts can be run with machines in containers, too."""

from __future__ import annotations

from pathlib import Path

import tests.functional.rollout

# A measurement that chooses how machines run, and one that only plans.
ELSEWHERE = {"test_bench_rollout.py", "test_corpus_planned.py"}


def test_no_file_is_left_out() -> None:
    here, there = Path(__file__).parent, Path(tests.functional.rollout.__path__[0])
    names = {path.name for path in there.glob("test_*.py")}
    assert names - ELSEWHERE == {path.name for path in here.glob("test_*.py")} - {Path(__file__).name}
