"""What people do with their own account: another password, a copy of everything, and the end of it.

Each is a POST, also the copy: it is made where the database is, and never read across an ocean.
"""

from __future__ import annotations

import json

from flask import Blueprint, Response, make_response, render_template, request

from habit_app import throttle
from habit_app.context import go, services, session, signed_in, wrote
from habit_app.pages.accounts import fold
from habit_app.passwords import LONGEST_BYTES, complaint
from habit_app.store import accounts, export
from habit_app.store.accounts import User
from habit_app.wording.counted import too_fast

blueprint = Blueprint("own_account", __name__)


class Refused(Exception):
    """Not done; the message says why.

    Attributes:
        status: of the answer.
        wait: seconds until it may be tried again; 0 when that makes no difference.
    """

    def __init__(self, text: str, status: int, wait: int = 0) -> None:
        """Say `text`."""
        super().__init__(text)
        self.status, self.wait = status, wait


@blueprint.get("/account")
def show() -> Response:
    """The forms."""
    return _page()


@blueprint.post("/account/password")
def change_password() -> Response:
    """Take a new password, if the current one is right; every other session ends."""
    parts, new = services(), request.form.get("new", "")
    try:
        user = _who_knows_the_password()
        if problem := complaint(new, user.name):
            raise Refused(problem, 422)
        hashed = parts.passwords.hash(new)
        with parts.store.writing() as link:
            # By the hash that was checked: another change may have been made while this one was hashing.
            changed = accounts.change_password(link, user.id, user.password_hash, hashed)
            if changed is None:
                raise Refused("The password was changed a moment ago, somewhere else. Please look again.", 409)
    except Refused as problem:
        return _page(problem, about="password")
    epoch, rev = changed
    response = wrote(go("/dashboard"), user.id, rev)
    parts.sessions.start(request, response, user.id, epoch)
    return response


@blueprint.post("/account/export")
def give_copy() -> Response:
    """Everything that is kept of the user, as a JSON file."""
    with services().store.reading() as link:
        everything = export.of_user(link, signed_in(link))
    response = make_response(json.dumps(everything, ensure_ascii=False, indent=1) + "\n")
    response.headers["Content-Type"] = "application/json"
    response.headers["Content-Disposition"] = 'attachment; filename="habits.json"'
    return response


@blueprint.post("/account/delete")
def delete() -> Response:
    """Delete the user and everything of theirs, if the password is right."""
    parts = services()
    try:
        user = _who_knows_the_password()
    except Refused as problem:
        return _page(problem, about="delete")
    with parts.store.writing() as link:
        accounts.delete(link, user.id)
    response = wrote(go("/signup"), user.id, user.rev)
    parts.sessions.end(request, response)
    # What the browser keeps: the last dashboard, and ticks that have not been sent.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _who_knows_the_password() -> User:
    """The signed-in user, if the form has their password. Guessing slows down as it does for logging in."""
    parts, client, now = services(), request.remote_addr or "", services().clock()
    password = request.form.get("password", "")
    with parts.store.writing() as link:
        user = signed_in(link)
        wait = throttle.guess(link, fold(user.name), client, now)
    if wait:
        raise Refused(too_fast(wait), 429, wait)
    if len(password.encode()) > LONGEST_BYTES or not parts.passwords.matches(user.password_hash, password):
        raise Refused("That is not your current password.", 403)
    with parts.store.writing() as link:
        throttle.forget_guesses(link, fold(user.name), client)
    return user


def _page(problem: Refused | None = None, about: str = "") -> Response:
    token = services().sessions.form_token(session())
    with services().store.reading() as link:
        name = signed_in(link).name
    response = make_response(render_template("account.html", name=name, token=token, problem=problem, about=about))
    if problem is not None:
        response.status_code = problem.status
        if problem.wait:
            response.headers["Retry-After"] = str(problem.wait)
    return response
