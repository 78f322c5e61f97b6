"""Many at once: ticks, pages and processes that start together."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from habit_app.store.migrations import newest
from tests.functional.habit_app.conftest import Start
from tests.functional.habit_app.habit_server import ROOT, Visitor

MIGRATE = """
import sys
from habit_app.store.address import parse_address
from habit_app.store.database import open_database
from habit_app.store.migrations import migrate
for line in sys.stdin:
    database = open_database(parse_address(line.strip()))
    with database.reading() as link:
        link.run("SELECT 1")
    print("ready", flush=True)
    sys.stdin.readline()
    print(migrate(database), flush=True)
    database.close()
"""


def test_the_same_tick_many_times_over_is_one_tick(start: Start, database_url: str) -> None:
    one, other = start(DATABASE_URL=database_url), start(DATABASE_URL=database_url)
    ada = Visitor(one).sign_up()
    habit, today = ada.add_habit(), ada.today()

    def tick(number: int) -> dict[str, object]:
        visitor = ada.elsewhere((one, other)[number % 2])
        answer = visitor.put(f"/api/habits/{habit}/entries/{today}", {"done": True})
        assert answer.status_code == 200, answer.text
        entry: dict[str, object] = answer.json()
        return entry

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(tick, range(32)))
    assert {(answer["done"], answer["streak"]) for answer in answers} == {(True, 1)}
    # It was one change, however often it was asked for.
    assert len({answer["rev"] for answer in answers}) == 1
    again = ada.put(f"/api/habits/{habit}/entries/{today}", {"done": True}).json()
    assert again["rev"] == answers[0]["rev"]
    assert ada.done(habit) == [today]


def test_different_ticks_at_once_are_all_kept(start: Start, database_url: str) -> None:
    one, other = start(DATABASE_URL=database_url), start(DATABASE_URL=database_url)
    ada = Visitor(one).sign_up()
    habit = ada.add_habit()
    page = ada.dashboard().split("last 30 days")[1]
    days = [part.split('"')[0] for part in page.split('data-day="')[1:31]]

    def tick(number: int) -> int:
        visitor = ada.elsewhere((one, other)[number % 2])
        answer = visitor.put(f"/api/habits/{habit}/entries/{days[number]}", {"done": True})
        assert answer.status_code == 200, answer.text
        return int(answer.json()["rev"])

    with ThreadPoolExecutor(10) as pool:
        revisions = list(pool.map(tick, range(30)))
    assert len(set(revisions)) == 30
    ada.post("/settings", {"zone": "UTC", "day_start": "0"})
    assert ada.done(habit) == days


def test_a_name_is_given_to_one_person_only(start: Start, database_url: str) -> None:
    one, other = start(DATABASE_URL=database_url), start(DATABASE_URL=database_url)

    def sign_up(number: int) -> int:
        form = {"name": ("Ada", "ada")[number % 2], "password": "correct horse battery", "zone": "UTC"}
        return Visitor((one, other)[number % 2]).post("/signup", form).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(sign_up, range(8))) == [303] + [409] * 7


def test_processes_that_start_together_migrate_once(database_url: str) -> None:
    # Making a SQLite file is quick, and what can go wrong goes wrong once in a hundred times.
    rounds = 60 if database_url.startswith("sqlite") else 1
    urls = [database_url, *(f"{database_url}.{number}" for number in range(1, rounds))]
    with ExitStack() as stack:
        processes = [stack.enter_context(migrator()) for _ in range(4)]
        for url in urls:
            for line, answer in ((url, "ready"), ("", str(newest()))):
                for process in processes:
                    say(process, line)
                assert [hear(process) for process in processes] == [answer] * 4


@contextmanager
def migrator() -> Iterator[subprocess.Popen[str]]:
    """A process that migrates each database it is told, and says at which version it is then."""
    process = subprocess.Popen(
        [sys.executable, "-c", MIGRATE], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def say(process: subprocess.Popen[str], line: str) -> None:
    """Give a process one line."""
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> str:
    """The next line a process writes."""
    assert process.stdout is not None
    return process.stdout.readline().strip()
