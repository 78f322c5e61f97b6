"""`flyo regions`: whole outputs, as a person and a program get them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.cli.main import run
from flyctl_orchestrator.environment import Environment


def flyo(tmp_path: Path, *words: str, zone: str = "UTC") -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    variables = {"PATH": "", "TZ": zone}
    status = run(["regions", *words], Environment(variables, tmp_path, stdin=io.StringIO(), stdout=out, stderr=err))
    return status, out.getvalue(), err.getvalue()


def document(tmp_path: Path, *words: str) -> Any:
    status, out, err = flyo(tmp_path, *words, "--json")
    assert (status, err) == (0, "")
    return json.loads(out)


def test_the_list_names_every_region_its_price_and_how_old_that_is(tmp_path: Path) -> None:
    status, out, _ = flyo(tmp_path, "list")
    lines = out.splitlines()
    assert (status, len(lines)) == (0, 19)
    assert lines[0].split() == ["region", "city", "country", "status", "USD/month"]
    assert "iad     Ashburn       United States   open         3.69" in lines
    assert lines[-1] == (
        "USD/month: one shared-cpu-1x with 512 MB that runs all month. Regions as of 2026-10-02, prices of 2026-10-02."
    )


def test_from_a_city_the_nearest_comes_first(tmp_path: Path) -> None:
    rows = document(tmp_path, "list", "--from", "Osaka")
    assert [row["region"] for row in rows[:2]] == ["nrt", "sin"]
    assert rows[0] | {"rtt_ms": 0, "rtt_p95_ms": 0} == {
        "region": "nrt", "city": "Tokyo", "country": "Japan", "status": "open", "usd_per_month": 4.83, "rtt_ms": 0,
        "rtt_p95_ms": 0,
    }  # fmt: skip
    assert 5 < rows[0]["rtt_ms"] < rows[0]["rtt_p95_ms"] < 18


def test_without_a_place_it_is_this_computers(tmp_path: Path) -> None:
    status, out, err = flyo(tmp_path, "list", zone="Asia/Tokyo")
    assert (status, err) == (
        0, "note: round trips are from Asia/Tokyo, this computer's time zone; --from takes another place\n",
    )  # fmt: skip
    assert out.splitlines()[1].startswith("nrt ")
    named = flyo(tmp_path, "list", "--from", "Tokyo", zone="Asia/Tokyo")
    assert named == (0, out, "")


def test_the_sizes_price_is_asked_for_with_its_memory(tmp_path: Path) -> None:
    rows = {
        row["region"]: row for row in document(tmp_path, "list", "--vm-size", "performance-1x", "--vm-memory", "4096")
    }
    assert rows["iad"]["usd_per_month"] == 45.01


def test_a_suggestion_says_what_each_region_buys_and_the_next_command(tmp_path: Path) -> None:
    status, out, err = flyo(tmp_path, "suggest", "--users", "sg=40,de=30,us=30", "--budget", "15")
    lines = out.splitlines()
    assert (status, err) == (0, "")
    assert [line.split()[0] for line in lines[:4]] == ["regions", "cdg", "ewr", "fra"]
    assert lines[3].endswith("for +5.19")
    assert "Of 806 sets of regions within 15.00 USD a month, all looked at, none is faster than fra ord sin" in lines[4]
    assert lines[-1] == "next     flyo init --regions fra,ord,sin"


def test_the_primary_region_can_be_kept(tmp_path: Path) -> None:
    found = document(tmp_path, "suggest", "--users", "jp", "--keep", "iad", "--max", "2")
    assert found["best"] == ["iad", "nrt"]
    assert found["sets_looked_at"] == 17
    assert [choice["regions"] for choice in found["choices"]] == [["iad"], ["iad", "nrt"]]


def test_several_machines_cost_several_times_as_much(tmp_path: Path) -> None:
    one, three = (
        document(tmp_path, "suggest", "--users", "us", "--max", "1", "--count", count)["choices"][0] for count in "13"
    )
    assert three["usd_per_month"] == pytest.approx(3 * one["usd_per_month"], abs=0.02)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("suggest", "--users", "de", "--budget", "1"),
         "flyo: --budget: nothing is within 1.00 USD a month. The cheapest costs 3.69 USD a month [regions.budget]"),
        (("suggest", "--users", "Atlantis"),
         "flyo: --users: 'Atlantis' is no country of two letters, no region and no city that is known. "
         "Write e.g. --users sg=40,de=30,us=30 or world [regions.users]"),
        (("list", "--from", "x\x1b[2J"), "flyo: --from: 'x\\x1b[2J' is no country of two letters"),
        (("list", "--vm-size", "a100-40gb"), "flyo: --vm-size: no price is known for size 'a100-40gb'"),
        (("list", "--vm-size", "shared-cpu-0x"), "flyo: --vm-size: no price is known for size 'shared-cpu-0x'"),
        (("list", "--vm-size", "performance-1x", "--vm-memory", "1024"),
         "flyo: --vm-memory: no machine of size performance-1x has 1024 MB. Give 2048 to 8192 in steps of 256, or "
         "another --vm-size [usage]"),
        (("list", "--vm-memory", "2304"), "Give 256 to 2048 in steps of 256, or another --vm-size [usage]"),
        (("suggest", "--users", "de", "--vm-memory", "300"), "no machine of size shared-cpu-1x has 300 MB"),
        (("suggest", "--users", "de", "--keep", "den"), "flyo: --keep: Fly.io has closed its region 'den'"),
        (("suggest", "--users", "de", "--keep", "iad,fra", "--max", "1"),
         "flyo: --keep: 2 regions do not fit into 1. Raise --max [usage]"),
        (("suggest",), "flyo: --users: where the users are is not said"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_in_one_line(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    status, out, err = flyo(tmp_path, *words)
    assert (status, out) == (2, "")
    assert says in err and len(err.splitlines()) == 1


def test_a_size_has_its_own_memory(tmp_path: Path) -> None:
    rows = {row["region"]: row for row in document(tmp_path, "list", "--vm-size", "performance-16x")}
    assert rows["iad"]["usd_per_month"] == 528.02


def test_a_region_without_round_trips_is_listed_without_one(tmp_path: Path) -> None:
    text = 'captured_on = 2026-01-01\nsource = ""\n[beside]\niad = "A"\nfra = "B"\n'
    for name, other in (("A", "fra"), ("B", "iad")):
        text += f'[[place]]\nname = "{name}"\nat = [1.0, 2.0]\nms = {{ {other} = 90 }}\n'
    (tmp_path / "latency.toml").write_text(text)
    out, err = io.StringIO(), io.StringIO()
    environment = Environment({"PATH": "", "FLYO_CATALOG_DIR": str(tmp_path)}, tmp_path, stdout=out, stderr=err)
    assert run(["regions", "list", "--from", "iad", "--json"], environment) == 0
    found = {row["region"]: row["rtt_ms"] for row in json.loads(out.getvalue())}
    assert (found["iad"], found["nrt"], found["fra"] is None) == (1.0, None, False)
