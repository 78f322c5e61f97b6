"""Pages of figures: what stands in them, that it agrees with what the commands print, and that they ask for nothing."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.catalog.latency import load_latency
from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.cli.main import run
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.placement.choose import time_to
from flyctl_orchestrator.placement.users import read_users
from flyctl_orchestrator.report.html.figures import probe_page
from flyctl_orchestrator.report.look.measure.probe_text import Shown
from tests.unit.report.html.figured import measured, run_in
from tests.unit.report.html.told import asks_for_nothing, told

BOOK = load_regions({})


def test_a_suggestions_page_has_the_round_trips_of_all_users_to_the_regions_of_every_choice(tmp_path: Path) -> None:
    words = ("regions", "suggest", "--users", "Singapore=40,de=60", "--max", "3", "--budget", "20")
    printed = json.loads(run_in(tmp_path, *words, "--json", "--html", "page.html"))
    page = (tmp_path / "page.html").read_text("utf-8")
    made = told(page)["suggestion"]
    assert [one["regions"] for one in made["choices"]] == [one["regions"] for one in printed["choices"]]
    assert [one["usd"] for one in made["choices"]] == [one["usd_per_month"] for one in printed["choices"]]
    assert [one["p95"] for one in made["choices"]] == [one["rtt_p95_ms"] for one in printed["choices"]]
    assert (made["budget"], made["looked_at"]) == (20.0, printed["sets_looked_at"])
    assert set(told(page)["places"]) == set(made["codes"])
    assert sum(share for *_, share, _ in made["users"]) == pytest.approx(1.0, abs=1e-4)
    users, table = read_users("Singapore=40,de=60", BOOK), load_latency(BOOK)
    for choice in made["choices"]:
        there = [made["codes"].index(code) for code in choice["regions"]]
        for some, (where, *_, times) in zip(users, made["users"], strict=True):
            assert where == some.where
            nearest = time_to(some.at, table, choice["regions"])
            assert min(times[one] for one in there) == pytest.approx(nearest, abs=0.06)
    asks_for_nothing(page)


def test_the_world_and_every_region_are_still_a_small_page(tmp_path: Path) -> None:
    run_in(tmp_path, "regions", "suggest", "--users", "world", "--max", "3", "--by", "p95", "--html", "page.html")
    assert (tmp_path / "page.html").stat().st_size <= 300_000
    assert told((tmp_path / "page.html").read_text("utf-8"))["suggestion"]["by"] == "p95"


def test_a_bills_page_has_every_line_and_the_budget(tmp_path: Path) -> None:
    (tmp_path / "fly.toml").write_text('app = "shop"\nprimary_region = "iad"\n[http_service]\ninternal_port = 80\n')
    (tmp_path / "flyo.toml").write_text("[regions]\niad = 2\nnrt = 1\n[budget]\nmonthly_usd = 5\n")
    words = ("cost", "--traffic", "iad=100", "--ipv4", "1")
    printed = json.loads(run_in(tmp_path, *words, "--json", "--html", "page.html"))
    page = (tmp_path / "page.html").read_text("utf-8")
    made = told(page)["bill"]
    assert made["items"] == printed["items"] and made["usd_per_month"] == printed["usd_per_month"]
    assert (made["budget"], made["complete"]) == (5.0, True)
    assert "<title>Bill of shop</title>" in page
    asks_for_nothing(page)


def test_a_measurements_page_has_every_row_and_limit() -> None:
    given = measured(((None, "fra"), (0.03, 0.04), 0), (("nrt", None), (0.2,), 1), limits=("p95=100ms",))
    page = probe_page(given, BOOK, 1_800_000_000.0)
    made = told(page)["probe"]
    assert [(row["place"], row["requests"], row["errors"]) for row in made["rows"]] == [
        ("fra", 2, 0),
        ("from nrt", 2, 1),
    ]
    assert [row["slo"][0]["verdict"] for row in made["rows"]] == ["met", "missed"]
    assert (made["count"], made["ts"]) == (20, 1_800_000_000.0)
    assert set(told(page)["places"]) == {"fra", "nrt"}
    asks_for_nothing(page)


def test_hostile_texts_stay_texts() -> None:
    hostile = "</script><script>alert(1)</script>"
    given = Shown(hostile, "local", hostile, (f"/{hostile}",), 1, (), ())
    page = probe_page(given, BOOK, 0.0)
    assert "<script>alert" not in page and page.count("</script>") == 2


@pytest.mark.parametrize("words", [("regions", "suggest", "--users", "sg"), ("cost",)])
def test_a_page_that_cannot_be_written_is_one_line(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "fly.toml").write_text('app = "shop"\nprimary_region = "iad"\n')
    out, err = io.StringIO(), io.StringIO()
    environment = Environment({"PATH": ""}, tmp_path, stdin=io.StringIO(), stdout=out, stderr=err)
    assert run([*words, "--html", "no/where.html"], environment) == 1
    assert err.getvalue().endswith("Name a file in a directory that exists and can be written [report.unwritable]\n")
    assert out.getvalue() == ""


def test_the_file_is_named_on_stderr(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()
    environment = Environment({"PATH": ""}, tmp_path, stdin=io.StringIO(), stdout=out, stderr=err)
    words: Any = ["regions", "suggest", "--users", "sg", "--max", "1", "--html", "page.html"]
    assert run(words, environment) == 0
    assert err.getvalue() == "The page is in page.html\n"
