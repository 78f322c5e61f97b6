"""Which file of a machine a request for one of [[statics]] means."""

from __future__ import annotations

from typing import Any

import pytest

from flyctl_orchestrator.local.daemon.statics import places

PUBLIC: dict[str, Any] = {"guest_path": "/app/public", "url_prefix": "/static"}
SITE: dict[str, Any] = {"guest_path": "/site/", "url_prefix": "/", "index_document": "index.html"}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("/static/a.css", ["/app/public/a.css", "/site/static/a.css", "/site/static/a.css/index.html"]),
        ("/static/", ["/site/static/index.html"]),
        ("/staticfoo", ["/site/staticfoo", "/site/staticfoo/index.html"]),
        ("/", ["/site/index.html"]),
        ("/static/../../etc/passwd", []),
        ("/../etc/passwd", []),
        ("/static/a\0b", []),
    ],
)
def test_the_longest_prefix_is_first_and_nothing_above_is_reached(asked: str, found: list[str]) -> None:
    assert list(places([SITE, PUBLIC], asked)) == found


@pytest.mark.parametrize(
    "said", [{}, {"url_prefix": "/static"}, {**PUBLIC, "guest_path": "public"}, {**PUBLIC, "tigris_bucket": "x"}]
)
def test_what_names_no_files_of_the_machine_has_none(said: dict[str, Any]) -> None:
    assert not list(places([said], "/static/a.css"))
