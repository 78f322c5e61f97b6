"""A habit's own page: how it has gone, any day of the past corrected by a deliberate act, and its end."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Blueprint, Response, abort, make_response, render_template, request

from habit_app import history
from habit_app.clock import stamp
from habit_app.context import go, services, session, signed_in, today_of, wrote
from habit_app.days import long_name
from habit_app.files.carried import FIRST_DAY, LONGEST_NOTE
from habit_app.store import accounts, entries, habits
from habit_app.store.copies import AHEAD
from habit_app.store.entries import State

blueprint = Blueprint("history", __name__)

# How long a deleted habit can be brought back.
KEPT = timedelta(days=30)
LONGEST_TIME_OFF = 62  # days
_STATES: dict[str, State] = {"done": "done", "skipped": "skipped", "open": "open"}


@blueprint.get("/habits/<habit_id>")
def show(habit_id: str) -> Response:
    """The page, for the year in the query or this one."""
    with services().store.reading() as link:
        user = signed_in(link)
        habit = habits.find(link, user.id, habit_id)
        if habit is None:
            abort(404, "You have no such habit.")
        found = entries.history(link, habit_id)
    today = today_of(user)
    page = render_template(
        "history.html",
        habit=habit,
        year=history.build(habit.schedule, found, _year(today), today),
        notes=[(day, long_name(day), note) for day, note in found.notes.items()],
        today=today,
        latest=today + AHEAD,
        first=FIRST_DAY,
        longest=LONGEST_NOTE,
        token=services().sessions.form_token(session()),
    )
    return make_response(page)


@blueprint.post("/habits/<habit_id>/day")
def set_day(habit_id: str) -> Response:
    """Make any day done, skipped or open, and note something for it; days to come can only be skipped."""
    form, parts = request.form, services()
    day, state, note = _day(form.get("day", "")), _STATES.get(form.get("state", "")), form.get("note", "")
    note = note.replace("\r\n", "\n").strip()
    if state is None:
        abort(400, "A day is done, skipped or open.")
    if len(note) > LONGEST_NOTE:
        abort(422, f"A note has at most {LONGEST_NOTE} characters.")
    with parts.store.writing() as link:
        user = signed_in(link)
        today = today_of(user)
        if habits.find(link, user.id, habit_id) is None:
            abort(404, "You have no such habit.")
        if not FIRST_DAY <= day <= (today if state == "done" else today + AHEAD):
            abort(422, "A day can be done up to today, and skipped up to a year ahead.")
        changed = entries.set_state(link, habit_id, day, state, stamp(parts.clock()))
        changed = entries.set_note(link, habit_id, day, note) or changed
        rev = accounts.touch(link, user.id) if changed else accounts.rev(link, user.id)
    return wrote(go(f"/habits/{habit_id}?year={min(day, today).year}#day"), user.id, rev)


@blueprint.post("/habits/<habit_id>/delete")
def delete(habit_id: str) -> Response:
    """Delete a habit; it can be brought back for a month."""
    parts = services()
    now = parts.clock()
    with parts.store.writing() as link:
        user = signed_in(link)
        habits.purge(link, user.id, stamp(now - KEPT))
        if not habits.delete(link, user.id, habit_id, stamp(now)):
            abort(404, "You have no such habit.")
        rev = accounts.touch(link, user.id)
    return wrote(go("/settings#put-away"), user.id, rev)


@blueprint.post("/habits/<habit_id>/move")
def move(habit_id: str) -> Response:
    """Move a habit one place up or down."""
    by = {"up": -1, "down": 1}.get(request.form.get("by", ""))
    if by is None:
        abort(400, "A habit moves up or down.")
    with services().store.writing() as link:
        user = signed_in(link)
        if not habits.move(link, user.id, habit_id, by):
            abort(404, "You have no such habit.")
        rev = accounts.touch(link, user.id)
    return wrote(go(f"/settings#habit-{habit_id}"), user.id, rev)


@blueprint.post("/time-off")
def take_time_off() -> Response:
    """Skip a range of days of every current habit; what is done stays done."""
    first, last = _day(request.form.get("first", "")), _day(request.form.get("last", ""))
    parts = services()
    with parts.store.writing() as link:
        user = signed_in(link)
        today = today_of(user)
        if not today - AHEAD <= first <= last <= today + AHEAD or (last - first).days >= LONGEST_TIME_OFF:
            abort(422, f"Time off has {LONGEST_TIME_OFF} days at most, and begins and ends within a year of today.")
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        for habit in habits.of_user(link, user.id):
            entries.skip_open(link, habit.id, days, stamp(parts.clock()))
        rev = accounts.touch(link, user.id)
    return wrote(go("/dashboard"), user.id, rev)


def _year(today: date) -> int:
    text = request.args.get("year", "")
    year = int(text) if text.isdecimal() and len(text) == 4 else today.year
    return max(FIRST_DAY.year, min(year, today.year))


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        abort(400, "Write the day as YYYY-MM-DD.")
    if day.isoformat() != text:
        abort(400, "Write the day as YYYY-MM-DD.")
    return day
