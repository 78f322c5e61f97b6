"""A page with a title and a sentence, for answers that are given without Flask or without a database."""

from __future__ import annotations

from html import escape

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Habits</title>
<link rel="stylesheet" href="/static/app.css">
</head>
<body><main class="narrow card"><h1>{title}</h1><p>{text}</p><p><a href="/">Back to your habits</a></p></main></body>
</html>
"""


def plain_page(title: str, text: str) -> bytes:
    """The page as UTF-8; title and text are escaped."""
    return _PAGE.format(title=escape(title), text=escape(text)).encode()
