"""`flyo regions suggest --plot` and `--svg`, logs and round trips of one's own, as a person gets them."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.unit.cli.test_regions_command import document, flyo

LINE = '203.0.113.9 - - [30/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "curl" {}\n'


def test_the_map_shows_users_and_regions_and_the_curve_the_round_trips(tmp_path: Path) -> None:
    status, out, err = flyo(tmp_path, "suggest", "--users", "Singapore=40,Frankfurt=60", "--max", "2", "--plot")
    assert (status, err) == (0, "")
    world, _, rest = out.partition(". people  o users")
    assert "fra" in world and "sin" in world
    assert max(len(line) for line in world.splitlines()) <= 78
    curve = [line for line in rest.splitlines() if "#" in line]
    assert [line.split()[0] for line in curve] == ["1", "2"]
    assert len(curve[0].split()[1]) > 10 * len(curve[1].split()[1])
    assert world.isascii()
    fra, sin = (next((row, line.index(code)) for row, line in enumerate(world.splitlines()) if code in line)
                for code in ("fra", "sin"))  # fmt: skip
    assert fra[0] < sin[0] and fra[1] < sin[1], "Frankfurt is north and west of Singapore"


def test_the_picture_is_well_formed_and_shows_as_much(tmp_path: Path) -> None:
    status, out, err = flyo(tmp_path, "suggest", "--users", "sg=40,de=60", "--max", "2", "--svg", "map.svg")
    assert (status, err) == (0, "wrote map.svg\n") and "next" in out
    root = ElementTree.fromstring((tmp_path / "map.svg").read_text("utf-8"))
    space = "{http://www.w3.org/2000/svg}"
    assert root.findtext(f"{space}title") == "Users of sg=40,de=60 and the regions fra sin"
    names = [text.text for text in root.iter(f"{space}text") if text.get("class") == "name"]
    assert names == ["fra", "sin"]
    assert len([one for one in root.iter(f"{space}circle") if one.get("class") == "user"]) > 2


def test_a_picture_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    status, out, err = flyo(tmp_path, "suggest", "--users", "sg", "--svg", "no/where.svg")
    assert (status, out) == (2, "")
    assert (
        err
        == "flyo: no/where.svg: cannot be written: No such file or directory. Name another file after --svg [usage]\n"
    )


def test_users_come_from_a_log(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text(LINE.format("SG") * 3 + LINE.format("DE") + LINE.format("-") + "junk\n")
    status, out, err = flyo(tmp_path, "suggest", "--users-from", "access.log", "--max", "1")
    assert status == 0 and "sin" in out.splitlines()[1]
    assert err.splitlines() == [
        "access.log: 4 requests from sg 75 %, de 25 %; robots are counted, too",
        "access.log: 1 request left out that name no place flyo knows",
        "access.log: 1 line left out that are no request",
    ]


@pytest.mark.parametrize("words", [(), ("--users", "sg", "--users-from", "access.log")])
def test_users_are_said_once(words: tuple[str, ...], tmp_path: Path) -> None:
    status, out, err = flyo(tmp_path, "suggest", *words)
    assert (status, out) == (2, "")
    assert err.startswith("flyo: --users: where the users are is")
    assert err.endswith("Give --users LIST, such as sg=40,de=30, or --users-from LOG [usage]\n")


def test_a_column_needs_a_log(tmp_path: Path) -> None:
    status, out, err = flyo(tmp_path, "suggest", "--users", "sg", "--column", "land")
    assert (status, out) == (2, "")
    assert err == "flyo: --column: there is no log to look into. Give --users-from LOG with it [usage]\n"


def test_round_trips_of_ones_own_are_said_with_their_number(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("from,to,ms,p95\nOsaka,nrt,12,19\nOsaka,sin,80,\n")
    status, out, _ = flyo(tmp_path, "list", "--from", "Osaka", "--rtt", "own.csv")
    lines = out.splitlines()
    assert status == 0 and lines[0].split()[-3:] == ["round", "trip", "P95"]
    assert lines[1].endswith("12 ms   19 ms") and lines[2].endswith("80 ms       -")
    assert lines[-1].endswith("round trips of 2026-08-01 and 2 of your own.")
    found = document(tmp_path, "suggest", "--users", "Osaka", "--max", "1", "--rtt", "own.csv")
    assert (found["own_round_trips"], found["choices"][0]["rtt_p95_ms"]) == (2, 19.0)


def test_the_p95_can_be_what_counts(tmp_path: Path) -> None:
    words = ("suggest", "--users", "sg=94,br=6", "--max", "1")
    by_mean, by_p95 = document(tmp_path, *words), document(tmp_path, *words, "--by", "p95")
    assert (by_mean["best"], by_mean["by"], by_p95["by"]) == (["sin"], "mean", "p95")
    assert by_p95["choices"][0]["rtt_p95_ms"] < by_mean["choices"][0]["rtt_p95_ms"]
    assert by_p95["choices"][0]["rtt_mean_ms"] > by_mean["choices"][0]["rtt_mean_ms"]
    _, out, _ = flyo(tmp_path, *words, "--by", "p95")
    assert "all looked at, none has a lower P95 than" in out
