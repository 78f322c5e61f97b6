"""Habits as files: out as CSV, in from our CSV or from Loop Habit Tracker; and tokens for programs."""

from __future__ import annotations

import secrets

from flask import Blueprint, Response, abort, make_response, render_template, request

from habit_app.clock import stamp
from habit_app.context import go, services, session, signed_in, today_of, wrote
from habit_app.files import loop, own_csv
from habit_app.files.carried import BadFile
from habit_app.store import accounts, copies, tokens
from habit_app.store.habits import MOST_HABITS
from habit_app.wording.counted import counted

blueprint = Blueprint("files", __name__)

TOKEN_START = "habits_"
LONGEST_TOKEN_NAME = 40


@blueprint.post("/account/csv")
def give_csv() -> Response:
    """All habits with every day and note, as a CSV file."""
    with services().store.reading() as link:
        text = own_csv.write(copies.of_user(link, signed_in(link)))
    response = make_response(text)
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="habits.csv"'
    return response


@blueprint.post("/account/import")
def take_in() -> Response:
    """Add the habits of a file."""
    parts, sent = services(), request.files.get("file")
    data = sent.read() if sent else b""
    with parts.store.reading() as link:
        signed_in(link)
    try:
        if not data:
            raise BadFile("Choose a file first.")
        found = loop.read(data) if loop.is_zip(data) else loop.Loop(own_csv.read(data))
    except BadFile as problem:
        abort(422, f"Nothing was imported. {problem}")
    with parts.store.writing() as link:
        user = signed_in(link)
        try:
            taken = copies.take_in(
                link, user, found.habits, new_id=parts.new_id, today=today_of(user), at=stamp(parts.clock())
            )
        except copies.NoRoom:
            abort(409, f"Nothing was imported: {MOST_HABITS} habits are the most one account can have.")
        rev = accounts.touch(link, user.id)
    page = render_template("message.html", title="Imported", text=_told(taken), remarks=found.remarks)
    return wrote(make_response(page), user.id, rev)


def _told(taken: copies.Taken) -> str:
    there = counted(taken.there, "habit that was there", "habits that were there")
    text = f"{counted(taken.new, 'new habit')}, and days for {there}."
    kept = [(taken.days, "day"), (taken.notes, "note")]
    stayed = " and ".join(counted(number, what) for number, what in kept if number)
    return f"{text} {stayed} stayed as they were here." if stayed else text


@blueprint.get("/account/tokens")
def show_tokens() -> Response:
    """The user's tokens."""
    return _tokens_page()


@blueprint.post("/account/tokens")
def make_token() -> Response:
    """Make a token, which is shown once."""
    parts, name = services(), " ".join(request.form.get("name", "").split())
    if not name or len(name) > LONGEST_TOKEN_NAME or not name.isprintable():
        abort(422, f"Give the token a name of at most {LONGEST_TOKEN_NAME} characters, such as the program's.")
    secret = TOKEN_START + secrets.token_urlsafe(32)
    with parts.store.writing() as link:
        user = signed_in(link)
        if not tokens.add(
            link, id=parts.new_id(), user_id=user.id, name=name, hash=tokens.hash_of(secret), at=stamp(parts.clock())
        ):
            abort(409, f"{tokens.MOST_TOKENS} tokens are the most one account can have. Revoke one first.")
    return _tokens_page(secret)


@blueprint.post("/account/tokens/<token_id>/revoke")
def revoke_token(token_id: str) -> Response:
    """End a token."""
    with services().store.writing() as link:
        if not tokens.revoke(link, signed_in(link).id, token_id):
            abort(404, "You have no such token.")
    return go("/account/tokens")


def _tokens_page(secret: str = "") -> Response:
    with services().store.reading() as link:
        found = tokens.of_user(link, signed_in(link).id)
    token = services().sessions.form_token(session())
    return make_response(render_template("tokens.html", tokens=found, secret=secret, token=token))
