"""Streaks: the known ways to get them wrong, and properties against a slow and obvious model."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from habit_app.days import WINDOW_DAYS, in_window
from habit_app.schedule import Schedule, on_weekdays, times_a_week
from habit_app.streaks import NOTHING, Streak, measure, measure_from, settle, settles_until

TODAY = date(2026, 1, 30)  # a Friday
DAILY = Schedule()

days = st.dates(date(2025, 11, 1), date(2026, 1, 31))
day_sets = st.sets(days, max_size=70)
weekday_schedules = st.sets(st.integers(0, 6), min_size=1, max_size=6).map(lambda chosen: on_weekdays(list(chosen)))
weekly_schedules = st.integers(1, 7).map(times_a_week)
schedules = st.one_of(st.just(DAILY), weekday_schedules, weekly_schedules)


def back(count: int, of: date = TODAY, first: int = 0) -> set[date]:
    """`count` days in a row, the last one `first` days before `of`."""
    return {of - timedelta(days=first + number) for number in range(count)}


def test_a_day_that_is_not_over_yet_does_not_end_the_streak() -> None:
    assert measure(DAILY, back(20, first=1), TODAY) == Streak(20, 20, "day")


def test_missing_yesterday_does() -> None:
    assert measure(DAILY, back(20, first=2), TODAY) == Streak(0, 20, "day")


def test_a_long_streak_is_not_cut_off_where_the_dashboard_ends() -> None:
    assert measure(DAILY, back(400), TODAY).current == 400


def test_the_same_day_twice_counts_once() -> None:
    assert measure(DAILY, [TODAY, TODAY, TODAY - timedelta(days=1)], TODAY) == Streak(2, 2, "day")


def test_summer_time_ending_breaks_nothing() -> None:
    # In New York the clocks went back on 1 November 2026.
    today = date(2026, 11, 5)
    assert measure(DAILY, back(10, of=today), today).current == 10


def test_a_day_after_today_is_ignored() -> None:
    # Somebody who flew west has ticked a date that has not come yet where they are now.
    assert measure(DAILY, back(3) | {TODAY + timedelta(days=1)}, TODAY) == Streak(3, 3, "day")


def test_the_best_streak_may_lie_in_the_past() -> None:
    assert measure(DAILY, back(2) | back(9, first=50), TODAY) == Streak(2, 9, "day")


def test_days_off_are_bridged() -> None:
    weekdays_only = on_weekdays([0, 1, 2, 3, 4])
    monday = date(2026, 1, 26)
    done = {monday - timedelta(days=back) for back in (0, 3, 4, 5, 6, 7)}  # Mon, then Fri back to Mon
    assert measure(weekdays_only, done, monday) == Streak(6, 6, "day")
    assert measure(weekdays_only, done, monday + timedelta(days=1)).current == 6


def test_a_scheduled_day_missed_ends_it_even_on_a_day_off() -> None:
    fridays = on_weekdays([4])
    saturday = TODAY + timedelta(days=1)
    assert measure(fridays, {TODAY - timedelta(days=7)}, saturday) == Streak(0, 1, "day")


def test_weeks_are_calendar_weeks_and_the_current_one_is_still_open() -> None:
    three = times_a_week(3)
    monday = date(2026, 1, 26)
    last_week = {monday - timedelta(days=number) for number in (1, 2, 3)}
    week_before = {monday - timedelta(days=number) for number in (8, 10, 14)}
    assert measure(three, last_week | week_before, TODAY) == Streak(2, 2, "week", 0, 3)
    assert measure(three, last_week | week_before | back(3), TODAY) == Streak(3, 3, "week", 3, 3)
    assert measure(three, last_week | week_before | back(1), TODAY).text() == "1 of 3 this week · 2-week streak"
    assert measure(three, set(), TODAY).text() == "0 of 3 this week"
    # Three days around a Sunday midnight are two and one, not three.
    assert measure(three, {monday, *back(2, of=monday, first=1)}, monday).best == 0


def test_a_skipped_day_neither_helps_nor_hurts() -> None:
    week_off = back(7, first=1)
    assert measure(DAILY, back(5, first=8), TODAY, week_off) == Streak(5, 5, "day")
    assert measure(DAILY, back(5, first=8) | {TODAY}, TODAY, week_off) == Streak(6, 6, "day")
    assert measure(DAILY, [], TODAY, week_off) == Streak(0, 0, "day")
    # A day that was missed before the days off is missed.
    assert measure(DAILY, back(5, first=9), TODAY, week_off) == Streak(0, 5, "day")


def test_a_week_with_days_off_asks_for_no_more_than_is_left() -> None:
    five, monday = times_a_week(5), date(2026, 1, 26)
    last_week = [monday - timedelta(days=number) for number in range(1, 8)]
    before = [monday - timedelta(days=number) for number in range(8, 13)]
    assert measure(five, [*before, *last_week[:3]], TODAY, last_week[3:]) == Streak(2, 2, "week", 0, 5)
    assert measure(five, before, TODAY, last_week) == Streak(1, 1, "week", 0, 5)
    assert measure(five, before, TODAY, last_week[:6]) == Streak(0, 1, "week", 0, 5)
    assert measure(five, [], TODAY, back(4)).text() == "0 of 3 this week"


@given(schedules, day_sets, days, day_sets)
def test_agrees_with_counting_turn_by_turn(
    schedule: Schedule, done: set[date], today: date, skipped: set[date]
) -> None:
    for skips in (set(), skipped):
        measured = measure(schedule, done, today, skips)
        assert (measured.current, measured.best) == counted(schedule, done, today, skips)


@given(schedules, day_sets, days, day_sets)
def test_skipping_what_is_not_done_never_shortens_a_streak(
    schedule: Schedule, done: set[date], today: date, skipped: set[date]
) -> None:
    before, after = measure(schedule, done, today), measure(schedule, done, today, skipped)
    assert after.best >= before.best
    assert after.current >= before.current


@given(schedules, day_sets, days)
def test_ticking_today_never_shortens_a_streak(schedule: Schedule, done: set[date], today: date) -> None:
    before, after = measure(schedule, done, today), measure(schedule, done | {today}, today)
    assert after.current >= before.current
    assert after.best >= before.best


@given(schedules, day_sets, days)
def test_the_best_is_never_less_than_the_current(schedule: Schedule, done: set[date], today: date) -> None:
    measured = measure(schedule, done, today)
    assert 0 <= measured.current <= measured.best


@given(schedules, day_sets, days, st.integers(-200, 200))
def test_only_weekdays_matter_not_the_date_itself(schedule: Schedule, done: set[date], today: date, weeks: int) -> None:
    shift = timedelta(weeks=weeks)
    moved = measure(schedule, {day + shift for day in done}, today + shift)
    assert moved == measure(schedule, done, today)


def counted(schedule: Schedule, done: set[date], today: date, skips: set[date]) -> tuple[int, int]:
    """Current and best streak, by walking through every turn from long ago until today."""
    run, best, last = 0, 0, 0
    turns = [today - timedelta(days=number) for number in range(100, -1, -1) if due(schedule, today, number)]
    for turn in turns:
        needed = still_needed(schedule, {day for day in skips - done if day <= today}, turn)
        kept = needed <= ticks(schedule, done, turn, today)
        if needed == 0 and not ticks(schedule, done, turn, today):
            last = run
            continue
        run = run + 1 if kept else 0
        best = max(best, run)
        if kept or not is_open(schedule, turn, today):
            last = run
    return last, best


def due(schedule: Schedule, today: date, number: int) -> bool:
    """Whether the day `number` days before `today` is a turn: for weeks, Mondays are."""
    day = today - timedelta(days=number)
    return day.weekday() == 0 if schedule.kind == "week" else schedule.due_on(day)


def ticks(schedule: Schedule, done: set[date], turn: date, today: date) -> int:
    """Ticks in a turn."""
    return sum(day in done and day <= today for day in days_of(schedule, turn))


def still_needed(schedule: Schedule, skips: set[date], turn: date) -> int:
    """How many ticks a turn takes with these days off."""
    free = sum(day not in skips for day in days_of(schedule, turn))
    return min(schedule.times if schedule.kind == "week" else 1, free)


def days_of(schedule: Schedule, turn: date) -> list[date]:
    """The days of a turn."""
    return [turn + timedelta(days=number) for number in range(7 if schedule.kind == "week" else 1)]


def is_open(schedule: Schedule, turn: date, today: date) -> bool:
    """Whether the turn can still be kept."""
    return today < turn + timedelta(days=7) if schedule.kind == "week" else turn == today


@given(schedules, day_sets, st.lists(days, max_size=4), day_sets)
def test_counting_on_from_what_is_settled_is_counting_everything(
    schedule: Schedule, done: set[date], settled_at: list[date], skipped: set[date]
) -> None:
    ordinals, settled = {day.toordinal() for day in done}, NOTHING
    skips = {day.toordinal() for day in skipped}
    for ticked in sorted(settled_at):
        until = settles_until(ticked)
        between = [day for day in ordinals if settled.until < day <= until.toordinal()]
        missed = [day for day in skips if settled.until < day <= until.toordinal()]
        settled = settle(schedule, settled, between, until, missed)
    rest = [day for day in ordinals if day > settled.until]
    for today in (TODAY, TODAY + timedelta(days=1), TODAY + timedelta(days=9)):
        recent = [day for day in skips if day > settled.until]
        assert measure_from(schedule, settled, rest, today, recent) == measure(schedule, done, today, skipped)


@given(days)
def test_what_is_settled_can_not_be_ticked_any_more(ticked: date) -> None:
    until = settles_until(ticked)
    assert until.isoweekday() == 7
    assert not in_window(until, ticked - timedelta(days=1))
    assert in_window(ticked - timedelta(days=WINDOW_DAYS - 1), ticked)
