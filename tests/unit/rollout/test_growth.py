"""What a deploy asks of the Machines API grows with the fleet, and no faster: bench/growth.py measures larger ones."""

from __future__ import annotations

from pathlib import Path

from bench.growth import CALLS, Cost, measure


def cost(root: Path, machines: int) -> Cost:
    root.mkdir()
    return measure(machines, None, root)


def test_each_machine_costs_a_few_calls_and_nobody_is_refused(tmp_path: Path) -> None:
    few, many = cost(tmp_path / "few", 17), cost(tmp_path / "many", 51)
    assert (few.refused, many.refused) == (0, 0)
    assert many.calls <= CALLS * many.machines
    # What is beyond the fixed part of a deploy: a lease, the change, the lease given back, the mark.
    assert many.calls - few.calls <= 5 * (many.machines - few.machines)
    # Lock, app, secrets, and looks.
    assert few.calls - 4 * few.machines <= 40


def test_a_deploy_that_changes_few_machines_at_once_is_not_refused_either(tmp_path: Path) -> None:
    (tmp_path / "slow").mkdir()
    assert measure(34, 1, tmp_path / "slow").refused == 0


def test_a_small_fleet_pays_for_the_fixed_part_and_no_more(tmp_path: Path) -> None:
    six = cost(tmp_path / "six", 6)
    assert six.calls <= CALLS * six.machines
