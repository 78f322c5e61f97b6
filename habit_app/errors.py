"""Answers to what went wrong: JSON under /api, a page elsewhere, and never a traceback."""

from __future__ import annotations

import logging

from flask import Flask, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import BadRequest, HTTPException

from habit_app.context import SignedOut, bearer, go, services
from habit_app.plain_page import plain_page
from habit_app.store.database import BadValue, DatabaseUnavailable
from habit_app.wording.refusals import words

log = logging.getLogger("habit_app")

_RETRY_SECONDS = "5"


def register(app: Flask) -> None:
    """Teach `app` to answer errors."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(SignedOut, _signed_out)
    app.register_error_handler(DatabaseUnavailable, _database)
    app.register_error_handler(BadValue, _bad_value)


def _http(problem: HTTPException) -> Response:
    status = problem.code or 500
    title, text = words(problem)
    if _wants_json():
        response = jsonify(error=text)
    else:
        response = make_response(render_template("message.html", title=title, text=text))
    response.status_code = status
    for name, value in problem.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _signed_out(problem: SignedOut) -> Response:
    if _wants_json():
        response = jsonify(error="Sign in first.")
        response.status_code = 401
        response.headers["WWW-Authenticate"] = "Bearer"
    else:
        response = go("/login")
    if bearer() is None:
        services().sessions.end(request, response)
    return response


def _bad_value(problem: BadValue) -> Response:
    log.info("refused a value the database cannot keep: %s", problem)
    return _http(BadRequest("Something in what was sent cannot be stored, such as a control character."))


def _database(problem: DatabaseUnavailable) -> Response:
    log.error("database not available: %s", problem)
    text = problem.text
    if _wants_json():
        response = jsonify(error=text)
    else:
        response = Response(plain_page("Back in a moment", text), content_type="text/html; charset=utf-8")
    response.status_code = 503
    response.headers["Retry-After"] = _RETRY_SECONDS
    return response


def _wants_json() -> bool:
    return request.path.startswith("/api/")
