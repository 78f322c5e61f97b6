"""A tab in which a file is opened, and which is watched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests import planted


@pytest.fixture
def tab(page: Page) -> Iterator[Page]:
    """A tab in which no script may fail and nothing may be asked for but files; no secret may be seen in it."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text))
    page.on("request", lambda asked: wrong.append(asked.url) if not asked.url.endswith(".html") else None)
    yield page
    planted.hear(page.content())
    assert wrong == []
