"""The record of what a real flyctl was seen to use, test by test. `docs/fidelity.md` is made from it.

It is written by running the parity tests with `FLYO_RECORD_PARITY=1` and a real flyctl; every other run compares.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import flyctl_orchestrator.fleet.flyctl

RECORD = Path(__file__).with_name("verified.json")
SWITCH = "FLYO_RECORD_PARITY"
TESTED = Path(flyctl_orchestrator.fleet.flyctl.__file__).with_name("tested.json")
TESTED_SWITCH = "FLYO_RECORD_TESTED"


@dataclass
class Record:
    """The version of flyctl, and the operations of each test."""

    flyctl: str
    tests: dict[str, list[str]]

    @property
    def operations(self) -> set[str]:
        """Everything that was seen."""
        return {op for ops in self.tests.values() for op in ops}


def load(path: Path = RECORD) -> Record:
    """The record, empty when there is none."""
    if not path.exists():
        return Record("", {})
    raw = json.loads(path.read_text(encoding="utf-8"))
    return Record(raw["flyctl"], raw["tests"])


def note(test: str, version: str, operations: set[str], path: Path = RECORD) -> None:
    """Write down what a test saw."""
    record = load(path)
    record.tests[test] = sorted(operations)
    told = {"flyctl": version, "tests": dict(sorted(record.tests.items()))}
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def missing(test: str, operations: set[str], path: Path = RECORD) -> set[str]:
    """What the record claims of a test and the test did not see."""
    return set(load(path).tests.get(test, [])) - operations


def unknown(operations: set[str], path: Path = RECORD) -> set[str]:
    """What a test saw and no test of the record did."""
    return operations - load(path).operations


def note_tested(version: str, tests: int, path: Path = TESTED) -> None:
    """Write down that this many tests have passed with a version of flyctl; flyo tells its range of versions by it."""
    told = json.loads(path.read_text(encoding="utf-8"))
    told[version] = {"tests": tests}
    path.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", encoding="utf-8")
