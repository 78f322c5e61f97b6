"""Files that carry habits: what was written is read again, Loop's are understood, a wrong line is named."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from habit_app.files import loop, own_csv
from habit_app.files.carried import FIRST_DAY, BadFile, Carried
from habit_app.schedule import Schedule, on_weekdays, times_a_week
from habit_app.store.entries import State

names = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=40)
odd_names = st.sampled_from(["=1+1", "'quoted", "''", "+a", "-", '"', "a,b", "@cmd", "'=x"])
notes = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60).map(
    lambda text: text.replace("\r", "").strip()
)
days = st.dates(FIRST_DAY, date(2026, 12, 31))
states: st.SearchStrategy[State] = st.sampled_from(["done", "skipped"])
schedules = st.one_of(
    st.just(Schedule()),
    st.sets(st.integers(0, 6), min_size=1, max_size=6).map(lambda chosen: on_weekdays(list(chosen))),
    st.integers(1, 7).map(times_a_week),
)
carried = st.builds(
    Carried,
    name=st.one_of(names, odd_names),
    schedule=schedules,
    archived=st.booleans(),
    days=st.dictionaries(days, states, max_size=12),
    notes=st.dictionaries(days, notes.filter(bool), max_size=5),
)


@given(st.lists(carried, max_size=6))
def test_what_was_written_is_read(habits: list[Carried]) -> None:
    assert own_csv.read(own_csv.write(habits).encode()) == habits


@given(st.lists(carried, max_size=4))
def test_a_spreadsheet_finds_no_formula(habits: list[Carried]) -> None:
    for row in csv.reader(io.StringIO(own_csv.write(habits), newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in row)


@given(st.binary(max_size=200))
def test_no_bytes_are_more_than_refused(data: bytes) -> None:
    for read in (own_csv.read, loop.read):
        try:
            read(data)
        except BadFile as problem:
            assert str(problem)


HEAD = "habit,name,schedule,archived,day,state,note\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n", "line 1 should be: habit,name"),
        (HEAD + "1,Read\n", "line 2 has 2 columns instead of 7"),
        (HEAD + "1,Read,hourly,no,,,\n", "line 2: There is no schedule called 'hourly'"),
        (HEAD + "1,,daily,no,,,\n", "line 2: a habit has no name"),
        (HEAD + "1,Read,daily,no,,,\n1,,,,2026-13-01,done,\n", "line 3: '2026-13-01' is not a day"),
        (HEAD + "1,Read,daily,no,,,\n1,,,,2026-01-01,maybe,\n", "line 3: a day is done, skipped or nothing"),
        (HEAD + "1,Read,daily,no,,,\n2,,,,2026-01-01,done,\n", "line 3: the row with the name of habit 2"),
        (HEAD + "1,Read,daily,no,,,\n1,Walk,daily,no,,,\n", "line 3: habit 1 is there twice"),
        (HEAD + '1,"Read,daily,no,,,\n', "line 2"),
        ("\xff", "line 1"),
    ],
)
def test_a_wrong_line_is_named(text: str, said: str) -> None:
    with pytest.raises(BadFile, match=said.replace("'", ".").replace("(", ".")):
        own_csv.read(text.encode())


def zipped(**files: str) -> bytes:
    """A zip of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


COLUMNS = "Position,Name,Type,Question,Description,FrequencyNumerator,FrequencyDenominator,Color,Unit,Target Type"
HABITS = f"""{COLUMNS},Target Value,Archived?
001,Sit still,YES_NO,Did you?,,1,1,#FF8F00,,,,false
002,Be up by six,YES_NO,,,2,3,#00897B,,,,true
003,Swim,YES_NO,,,2,7,#00897B,,,,false
004,Glasses of water,NUMERICAL,,,1,1,#00897B,glasses,AT_LEAST,8.0,false
005,Cigarettes,NUMERICAL,,,1,1,#00897B,,AT_MOST,3.0,false
"""
MARKS = """Date,Value,Notes
2025-01-25,YES_MANUAL,
2025-01-24,NO,Ill
2025-01-23,YES_AUTO,"Forgot, really"
2025-01-22,SKIP,
2025-01-21,UNKNOWN,
2025-01-20,2,
"""


def test_loops_own_export_is_understood() -> None:
    found = loop.read(
        zipped(
            **{
                "Habits.csv": HABITS,
                "Checkmarks.csv": "Date,Sit still,\n2025-01-25,2,\n",
                "Scores.csv": "not looked at \0",
                "001 Sit still/Checkmarks.csv": MARKS,
                "004 Glasses of water/Checkmarks.csv": "Date,Value,Notes\n2025-01-25,8.0,\n2025-01-24,7.9,\n"
                "2025-01-23,SKIP,\n",
            }
        )
    )
    sit, up, swim, water = found.habits
    assert sit.days == {
        date(2025, 1, 25): "done",
        date(2025, 1, 22): "skipped",
        date(2025, 1, 20): "done",
    }
    assert sit.notes == {date(2025, 1, 24): "Ill", date(2025, 1, 23): "Forgot, really"}
    assert (up.schedule, up.archived, swim.schedule) == (times_a_week(5), True, times_a_week(2))
    assert water.days == {date(2025, 1, 25): "done", date(2025, 1, 23): "skipped"}
    assert [remark.partition(":")[0] for remark in found.remarks] == [
        "Be up by six",
        "Glasses of water",
        "Cigarettes was left out",
        "Colours, questions and descriptions were left out",
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (zipped(**{"Other.csv": "x"}), "no Habits.csv"),
        (zipped(**{"Habits.csv": ""}), "empty"),
        (zipped(**{"Habits.csv": HABITS.replace("2,7", "0,7")}), "no number of times"),
        (zipped(**{"Habits.csv": HABITS})[:-30], "damaged"),
        (zipped(**{"Habits.csv": HABITS, "001 x/Checkmarks.csv": "Date,Value\nmonday,2\n"}), "line 2: 'monday'"),
        (zipped(**{"Habits.csv": "x" * (loop.LARGEST + 1)}), "more than 16 MB"),
        (zipped(**{f"00{number}/Checkmarks.csv": " " * (loop.LARGEST // 2) for number in (1, 2, 3)}), "more than 16"),
    ],
)
def test_what_is_no_export_of_loop_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(BadFile, match=said):
        loop.read(data)
