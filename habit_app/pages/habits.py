"""Make, change, put away and tick habits, with plain forms."""

from __future__ import annotations

import hashlib
import json
from datetime import date

from flask import Blueprint, Response, abort, make_response, render_template, request

from habit_app.clock import stamp
from habit_app.context import go, services, session, signed_in, wrote
from habit_app.files.carried import LONGEST_NAME
from habit_app.schedule import WEEKDAYS, BadSchedule, Schedule, on_weekdays, times_a_week
from habit_app.store import accounts, habits
from habit_app.ticks import NoSuchHabit, WrongDay, set_tick

blueprint = Blueprint("habits", __name__)

_FULL = f"{habits.MOST_HABITS} habits are the most one account can have. Put one away first; its history is kept."
_LONGEST_MARK = 64


@blueprint.post("/habits")
def create() -> Response:
    """Add a habit."""
    parts = services()
    try:
        name, schedule = _habit_of_form()
    except BadSchedule as problem:
        return _form(problem=str(problem), status=422)
    with parts.store.writing() as link:
        user = signed_in(link)
        id = _id_of_form(user.id, name, schedule) or parts.new_id()
        known = habits.find(link, user.id, id)
        if (known is None or known.archived) and not habits.has_room(link, user.id):
            abort(409, _FULL)
        if known is None:
            habits.add(link, id=id, user_id=user.id, name=name, schedule=schedule, at=stamp(parts.clock()))
        elif known.archived:
            habits.set_archived(link, user.id, id, None)
        rev = accounts.touch(link, user.id)
    return wrote(go("/dashboard"), user.id, rev)


@blueprint.get("/habits/<habit_id>/edit")
def edit(habit_id: str) -> Response:
    """Show a habit's name and schedule for changing."""
    with services().store.reading() as link:
        habit = habits.find(link, signed_in(link).id, habit_id)
    if habit is None:
        abort(404, "You have no such habit.")
    return _form(habit=habit, name=habit.name, schedule=habit.schedule)


@blueprint.post("/habits/<habit_id>")
def change(habit_id: str) -> Response:
    """Rename and reschedule."""
    parts = services()
    try:
        name, schedule = _habit_of_form()
    except BadSchedule as problem:
        with parts.store.reading() as link:
            habit = habits.find(link, signed_in(link).id, habit_id)
        return _form(problem=str(problem), status=422, habit=habit, schedule=habit.schedule if habit else None)
    with parts.store.writing() as link:
        user = signed_in(link)
        if not habits.change(link, user.id, habit_id, name, schedule):
            abort(404, "You have no such habit.")
        rev = accounts.touch(link, user.id)
    return wrote(go("/dashboard"), user.id, rev)


@blueprint.post("/habits/<habit_id>/archive")
def archive(habit_id: str) -> Response:
    """Put a habit away; its ticks are kept."""
    return _set_archived(habit_id, stamp(services().clock()), "/dashboard")


@blueprint.post("/habits/<habit_id>/restore")
def restore(habit_id: str) -> Response:
    """Bring a habit back."""
    return _set_archived(habit_id, None, "/settings")


@blueprint.post("/habits/<habit_id>/mark")
def mark(habit_id: str) -> Response:
    """Tick or untick a day. The button's value says what to make of it: "2026-01-30:1"."""
    day, _, done = request.form.get("mark", "").partition(":")
    try:
        tick = set_tick(habit_id, date.fromisoformat(day), done == "1")
    except ValueError:
        abort(400, "That is not a day.")
    except NoSuchHabit:
        abort(404, "You have no such habit.")
    except WrongDay as problem:
        abort(422, str(problem))
    return wrote(go(f"/dashboard#habit-{habit_id}"), tick.user_id, tick.rev)


def _set_archived(habit_id: str, at: str | None, then: str) -> Response:
    with services().store.writing() as link:
        user = signed_in(link)
        found = habits.find(link, user.id, habit_id)
        if at is None and found is not None and found.archived and not habits.has_room(link, user.id):
            abort(409, _FULL)
        if not habits.set_archived(link, user.id, habit_id, at):
            abort(404, "You have no such habit.")
        rev = accounts.touch(link, user.id)
    return wrote(go(then), user.id, rev)


def _habit_of_form() -> tuple[str, Schedule]:
    form = request.form
    name = " ".join(form.get("name", "").split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadSchedule(f"Give the habit a name of at most {LONGEST_NAME} characters.")
    kind = form.get("kind", "daily")
    if kind == "days":
        return name, on_weekdays([int(day) for day in form.getlist("weekday") if day in tuple("0123456")])
    if kind == "week":
        times = form.get("times", "")
        return name, times_a_week(int(times) if times in tuple("1234567") else 0)
    return name, Schedule()


def _id_of_form(user_id: str, name: str, schedule: Schedule) -> str | None:
    """The id of the habit that a form asks for, so that the same form sent twice makes one habit.

    The form says which page it was on. After the habit was made that is another page, so a second one of the same name
    can be had.
    """
    mark = request.form.get("once", "")
    if not mark or len(mark) > _LONGEST_MARK:
        return None
    return hashlib.sha256(json.dumps([user_id, mark, name, schedule.store()]).encode()).hexdigest()[:16]


def _form(*, status: int = 200, schedule: Schedule | None = None, **fields: object) -> Response:
    fields.setdefault("name", request.form.get("name", "")[:LONGEST_NAME])
    fields.setdefault("once", request.form.get("once", "")[:_LONGEST_MARK])
    page = render_template(
        "habit.html",
        schedule=schedule or Schedule(),
        weekdays=WEEKDAYS,
        token=services().sessions.form_token(session()),
        **fields,
    )
    return make_response(page, status)
