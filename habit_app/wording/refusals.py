"""Answers to requests that were refused, for people: HTTP's own names for them mean nothing to anybody."""

from __future__ import annotations

from werkzeug.exceptions import HTTPException

_BROKEN = ("Something broke", "Something broke on our side. It has been noted.")
# By status: a title, and a sentence for where the app has none of its own.
_WORDS = {
    403: ("That is not allowed", "It was not done."),
    404: ("There is nothing here", "The address may be misspelt, or what was here is gone."),
    405: ("There is nothing here", "This address takes forms and has no page."),
    413: ("Too big", "At most 1 MB can be sent at once. Nothing was changed."),
    500: _BROKEN,
}
_OTHERWISE = ("That did not work", "What was sent cannot be understood, so nothing was changed.")


def words(problem: HTTPException) -> tuple[str, str]:
    """A title and a sentence. The app's own sentences are kept, those of the library are not."""
    status = problem.code or 500
    title, text = _WORDS.get(status, _OTHERWISE if status < 500 else _BROKEN)
    own = problem.description if problem.description != type(problem).description else None
    return title, text if status >= 500 else own or text
