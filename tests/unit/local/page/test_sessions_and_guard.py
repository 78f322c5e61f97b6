"""Links that work once, sessions, and requests that are nobody's but the page's."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from flyctl_orchestrator.local.base.clock import VirtualClock
from flyctl_orchestrator.local.base.errors import PlatformError
from flyctl_orchestrator.local.page.guard import require_own_page
from flyctl_orchestrator.local.page.sessions import LINK_SECONDS, MOST_LINKS, MOST_SESSIONS, Sessions


def test_a_link_opens_one_session_and_only_in_time() -> None:
    clock = VirtualClock()
    sessions = Sessions(clock)
    key, late = sessions.link(), sessions.link()
    session = sessions.open(key)
    assert session is not None and sessions.known(session)
    assert sessions.open(key) is None
    clock.advance(LINK_SECONDS + 1)
    assert sessions.open(late) is None
    assert not sessions.known(key) and not sessions.known("")


def test_only_so_many_links_and_sessions_are_kept() -> None:
    sessions = Sessions(VirtualClock())
    links = [sessions.link() for _ in range(MOST_LINKS + 1)]
    assert sessions.open(links[0]) is None
    opened = [sessions.open(sessions.link()) for _ in range(MOST_SESSIONS + 1)]
    assert [sessions.known(str(one)) for one in (opened[0], opened[1], opened[-1])] == [False, True, True]


OWN = {"Host": "localhost:4280", "Origin": "http://localhost:4280", "Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("POST", OWN, None),
        ("POST", {**OWN, "Sec-Fetch-Site": "same-origin"}, None),
        ("GET", {"Host": "localhost:4280"}, None),
        ("GET", {"Host": "localhost:4280", "Sec-Fetch-Site": "same-site"}, 403),
        ("GET", {"Host": "localhost:4280", "Sec-Fetch-Site": "cross-site"}, 403),
        ("POST", {**OWN, "Sec-Fetch-Site": "same-site"}, 403),
        ("POST", {**OWN, "Origin": "http://localhost:5000"}, 403),
        ("POST", {**OWN, "Origin": "https://localhost:4280"}, 403),
        ("POST", {**OWN, "Origin": "null"}, 403),
        ("DELETE", {"Host": "localhost:4280", "Content-Type": "application/json"}, 403),
        ("POST", {**OWN, "Content-Type": "text/plain"}, 415),
    ],
)
def test_only_the_page_itself_is_heard(method: str, headers: dict[str, str], status: int | None) -> None:
    request: Any = make_mocked_request(method, "/_page/act", headers=headers)
    if status is None:
        require_own_page(request)
        return
    with pytest.raises(PlatformError) as refused:
        require_own_page(request)
    assert refused.value.status == status
