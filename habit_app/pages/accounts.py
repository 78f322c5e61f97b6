"""Sign up, log in, log out."""

from __future__ import annotations

import unicodedata

from flask import Blueprint, Response, g, make_response, render_template, request

from habit_app import throttle
from habit_app.clock import stamp
from habit_app.context import go, services, signed_in, wrote
from habit_app.days import is_zone
from habit_app.passwords import LONGEST_BYTES, complaint
from habit_app.store import accounts
from habit_app.store.accounts import User
from habit_app.wording.counted import too_fast

blueprint = Blueprint("accounts", __name__)

SHORTEST_NAME, LONGEST_NAME = 2, 40


@blueprint.get("/")
def home() -> Response:
    """The front door."""
    return go("/dashboard" if g.session else "/login")


@blueprint.get("/login")
def login_form() -> Response:
    """Ask for name and password."""
    return go("/dashboard") if g.session else _page("login.html")


@blueprint.post("/login")
def login() -> Response:
    """Check name and password."""
    parts, client, now = services(), request.remote_addr or "", services().clock()
    name, password = request.form.get("name", "").strip(), request.form.get("password", "")
    # A longer name is nobody's, and what is tried goes into the database.
    key = fold(name) if len(name) <= LONGEST_NAME else ""
    with parts.store.writing() as link:
        wait = throttle.attempt(link, throttle.LOGINS, client, now) or throttle.guess(link, key, client, now)
        user = accounts.by_key(link, key)
    if wait:
        return _too_fast("login.html", wait, name=name[:LONGEST_NAME])
    # Outside the transaction: hashing takes longer than everything else here together.
    if len(password.encode()) > LONGEST_BYTES:
        password = ""
    if not parts.passwords.matches(user.password_hash if user else None, password) or user is None:
        return _page(
            "login.html", 401, problem="That name and password do not belong together.", name=name[:LONGEST_NAME]
        )
    rehashed = parts.passwords.hash(password) if parts.passwords.is_outdated(user.password_hash) else None
    with parts.store.writing() as link:
        throttle.forget_guesses(link, key, client)
        if rehashed:
            accounts.set_password_hash(link, user.id, rehashed)
    return _welcome(user)


@blueprint.get("/signup")
def signup_form() -> Response:
    """Ask for a name and a password for a new account."""
    return go("/dashboard") if g.session else _page("signup.html", zone="UTC")


@blueprint.post("/signup")
def signup() -> Response:
    """Make an account."""
    parts, client, now = services(), request.remote_addr or "", services().clock()
    name, password = request.form.get("name", "").strip(), request.form.get("password", "")
    zone = request.form.get("zone", "").strip() or "UTC"
    limit = throttle.signups(parts.settings.signups_per_hour)
    problem = name_complaint(name) or complaint(password, name)
    if not problem and not is_zone(zone):
        problem = f"There is no time zone called {zone[:60]}. Write it like Europe/Berlin."
    if problem:
        return _page("signup.html", 422, problem=problem, name=name[:LONGEST_NAME], zone=zone[:60])
    with parts.store.writing() as link:
        wait = throttle.attempt(link, limit, client, now)
    if wait:
        return _too_fast("signup.html", wait, name=name, zone=zone)
    hashed = parts.passwords.hash(password)
    with parts.store.writing() as link:
        user = accounts.add(
            link,
            id=parts.new_id(),
            name=name,
            key=fold(name),
            password_hash=hashed,
            zone=zone,
            at=stamp(now),
        )
    if user is None:
        return _page("signup.html", 409, problem="That name is taken. Please choose another.", name=name, zone=zone)
    return _welcome(user)


@blueprint.post("/logout")
def logout() -> Response:
    """Sign this browser out; with `everywhere`, all the others too."""
    parts = services()
    if request.form.get("everywhere"):
        with parts.store.writing() as link:
            user = signed_in(link)
            accounts.sign_out_everywhere(link, user.id)
        parts.dashboards.cache.forget(user.id)
    response = go("/login")
    parts.sessions.end(request, response)
    return response


def fold(name: str) -> str:
    """The form of a name in which no two users may be equal."""
    return unicodedata.normalize("NFKC", name).casefold()


def name_complaint(name: str) -> str | None:
    """Why a user name is not accepted, or None."""
    if not SHORTEST_NAME <= len(name) <= LONGEST_NAME:
        return f"Choose a user name of {SHORTEST_NAME} to {LONGEST_NAME} characters."
    if not all(letter.isalnum() or letter in "._-@+" for letter in name):
        return "Use letters, digits and . _ - @ + in your user name."
    return None


def _welcome(user: User) -> Response:
    response = go("/dashboard")
    services().sessions.start(request, response, user.id, user.epoch)
    return wrote(response, user.id, user.rev)


def _too_fast(template: str, wait: int, **fields: str) -> Response:
    response = _page(template, 429, problem=too_fast(wait), **fields)
    response.headers["Retry-After"] = str(wait)
    return response


def _page(template: str, status: int = 200, **fields: str) -> Response:
    return make_response(render_template(template, **fields), status)
