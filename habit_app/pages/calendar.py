"""Settings: what decides the user's date, the order of the habits, time off, and the habits that were put away."""

from __future__ import annotations

from flask import Blueprint, Response, abort, make_response, render_template, request

from habit_app.context import go, services, session, signed_in, today_of, wrote
from habit_app.days import LATEST_DAY_START, is_zone, long_name, zone_names
from habit_app.pages.history import LONGEST_TIME_OFF
from habit_app.store import accounts, habits

blueprint = Blueprint("calendar", __name__)


@blueprint.get("/settings")
def show() -> Response:
    """Show the settings."""
    parts = services()
    with parts.store.reading() as link:
        user = signed_in(link)
        order, away = habits.of_user(link, user.id), habits.put_away(link, user.id)
    today = today_of(user)
    page = render_template(
        "settings.html",
        user=user,
        today=today,
        day_name=long_name(today),
        order=order,
        away=away,
        days=LONGEST_TIME_OFF,
        zones=zone_names(),
        latest=LATEST_DAY_START,
        token=parts.sessions.form_token(session()),
    )
    return make_response(page)


@blueprint.post("/settings")
def change() -> Response:
    """Change time zone and start of day."""
    zone, start = request.form.get("zone", "").strip(), request.form.get("day_start", "")
    if not is_zone(zone):
        abort(422, f"There is no time zone called {zone[:60]}. Write it like Europe/Berlin.")
    if start not in map(str, range(LATEST_DAY_START + 1)):
        abort(422, f"A day starts between 0 and {LATEST_DAY_START} hours after midnight.")
    with services().store.writing() as link:
        user = signed_in(link)
        accounts.set_calendar(link, user.id, zone, int(start))
        rev = accounts.touch(link, user.id)
    return wrote(go("/dashboard"), user.id, rev)
