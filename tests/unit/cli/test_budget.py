"""`[budget]`: neither plan nor deploy goes on to what costs more, whatever else they would find."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from flyctl_orchestrator.cli.main import run
from flyctl_orchestrator.environment import Environment

FLY = 'app = "web"\nprimary_region = "iad"\n[http_service]\ninternal_port = 80\nauto_stop_machines = "stop"\n'


def flyo(directory: Path, budget: str, *words: str, size: str = "shared-cpu-1x") -> tuple[int, str, str]:
    (directory / "fly.toml").write_text(f'{FLY}[[vm]]\nsize = "{size}"\nmemory = 512\n')
    (directory / "flyo.toml").write_text(f"[regions]\niad = 1\nnrt = 2\n[budget]\n{budget}\n")
    out, err = io.StringIO(), io.StringIO()
    status = run([*words], Environment({"PATH": ""}, directory, stdin=io.StringIO(), stdout=out, stderr=err))
    return status, out.getvalue(), err.getvalue()


@pytest.mark.parametrize(
    "words", [("plan",), ("deploy", "--yes"), ("deploy", "--image", "x:1"), ("plan", "--image", "x")]
)
def test_what_costs_more_than_the_budget_is_not_begun(words: tuple[str, ...], tmp_path: Path) -> None:
    assert flyo(tmp_path, "monthly_usd = 13", *words) == (
        7,
        "",
        "flyo: flyo.toml: budget.monthly_usd: the app would cost 13.36 USD a month, its budget is 13.00; "
        "nothing was changed. 'flyo cost' shows every line; take machines away or raise the budget [budget.passed]\n",
    )


@pytest.mark.parametrize("budget", ["monthly_usd = 13.4", "monthly_usd = 5\nhours = 8", "hours = 1"])
def test_within_the_budget_it_goes_on(budget: str, tmp_path: Path) -> None:
    status, _, said = flyo(tmp_path, budget, "plan")
    assert status == 8 and "budget" not in said


def test_the_error_is_one_object_for_programs(tmp_path: Path) -> None:
    status, out, _ = flyo(tmp_path, "monthly_usd = 1", "plan", "--json")
    assert (status, json.loads(out)["code"]) == (7, "budget.passed")


def test_an_unknown_price_is_said_and_stops_nothing(tmp_path: Path) -> None:
    status, _, said = flyo(tmp_path, "monthly_usd = 20", "plan", size="a10")
    assert status == 8
    assert said.startswith(
        "warning: whether the budget is kept is not known: "
        "no price for machines of app in iad, machines of app in nrt\n"
    )


@pytest.mark.parametrize(
    ("budget", "says"),
    [
        ("monthly_usd = -1", "budget.monthly_usd"),
        ('monthly_usd = "15"', "budget.monthly_usd"),
        ("hours = 25", "budget.hours is more than a day has"),
        ("dollars = 15", "budget.dollars is not a known key"),
        ("monthly_usd = nan", "budget.monthly_usd"),
    ],
)
def test_a_budget_that_is_none_is_refused(budget: str, says: str, tmp_path: Path) -> None:
    status, _, said = flyo(tmp_path, budget, "plan")
    assert status == 2 and says in said
