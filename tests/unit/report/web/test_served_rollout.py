"""The page that follows a rollout, as it is served: who may look, what is told, and when it ends."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.report.web.server import RolloutServer
from tests.unit.report.html.told import event

BOOK = load_regions({})
PATIENCE = 20
LANES = [{"lane": "iad/app/1", "region": "iad", "group": "app", "machine": "148e21"}]
BEGINNING = event("rollout.started", 0, rollout="7-ada", kind="deploy")
WAVE = event("wave.started", 1, wave="canary", number=1, of=1, regions=["iad"], lanes=LANES)
END = event("rollout.finished", 2, result="done", exit=0, code=None, what="1 machine is new", next="", machines=[])


class Served:
    """A server, and a browser's way to it.

    Attributes:
        server: under test.
    """

    def __init__(self) -> None:
        self.server = RolloutServer(BOOK, last_seconds=PATIENCE)
        self.base = f"http://127.0.0.1:{self.server.port}"

    def ask(self, method: str, path: str, *, cookie: str = "", body: Any = None, **headers: str) -> requests.Response:
        """One request; underscores of headers' names stand for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if cookie:
            named["Cookie"] = cookie
        return requests.request(method, self.base + path, headers=named, json=body, timeout=PATIENCE)

    def sign_in(self, link: str) -> requests.Response:
        """What the page does with the key behind # of a link."""
        return self.ask("POST", "/session", body={"key": link.partition("#")[2]}, Origin=self.base)

    def cookie(self) -> str:
        """That of a browser that is signed in."""
        return self.sign_in(self.server.link()).headers["Set-Cookie"].split(";")[0]

    @contextmanager
    def messages(self, cookie: str) -> Iterator[Iterator[Any]]:
        """What an open page is told, as it comes."""
        asked = requests.get(f"{self.base}/events", headers={"Cookie": cookie}, stream=True, timeout=PATIENCE)
        assert asked.status_code == 200
        with asked:
            lines = asked.iter_lines(chunk_size=1)
            yield (json.loads(line.removeprefix(b"data: ")) for line in lines if line.startswith(b"data: "))


@pytest.fixture
def served() -> Iterator[Served]:
    """One that runs."""
    made = Served()
    yield made
    made.server.close()


def test_a_page_is_told_all_that_was_and_all_that_comes(served: Served) -> None:
    served.server.see(BEGINNING)
    with served.messages(served.cookie()) as told:
        first = next(told)
        assert (first["run"]["id"], first["run"]["state"], first["over"]) == ("7-ada", "preparing", False)
        served.server.see(WAVE)
        wave = next(told)
        assert wave["run"]["state"] == "wave 1 of 1" and set(wave["places"]) == {"iad"}
        served.server.see(END)
        assert next(told)["run"]["result"]["result"] == "done"


def test_the_end_waits_for_the_last_message_and_nothing_is_served_after_it(served: Served) -> None:
    served.server.see(BEGINNING)
    with served.messages(served.cookie()) as told:
        next(told)
        served.server.see(END)
        closing = threading.Thread(target=served.server.close)
        closing.start()
        last = next(one for one in told if one["over"])
        assert last["run"]["result"]["result"] == "done"
        # The page has everything and has not hung up: the command is still there.
        assert served.ask("GET", "/").status_code == 200
    closing.join(PATIENCE)
    assert not closing.is_alive()
    with pytest.raises(requests.ConnectionError):
        served.ask("GET", "/")


def test_without_a_page_the_end_waits_for_nobody_but_a_browser_that_was_told_to_come() -> None:
    alone = Served()
    alone.server.close()
    awaited = Served()
    link = awaited.server.link(awaited=True)
    awaited.server.see(END)
    closing = threading.Thread(target=awaited.server.close)
    closing.start()
    cookie = awaited.sign_in(link).headers["Set-Cookie"].split(";")[0]
    with awaited.messages(cookie) as told:
        assert next(one for one in told if one["over"])["run"]["result"]["exit"] == 0
    closing.join(PATIENCE)
    assert not closing.is_alive()


def test_a_browser_that_never_comes_is_not_waited_for_for_ever() -> None:
    server = RolloutServer(BOOK, last_seconds=0.05)
    server.link(awaited=True)
    server.close()


def test_a_link_signs_one_browser_in_once(served: Served) -> None:
    link = served.server.link()
    first = served.sign_in(link)
    assert first.status_code == 200
    flags = [part.strip() for part in first.headers["Set-Cookie"].split(";")[1:]]
    assert sorted(flags) == ["HttpOnly", "Path=/", "SameSite=Strict"]
    again = served.sign_in(link)
    assert (again.status_code, again.headers.get("Set-Cookie")) == (401, None)
    assert served.sign_in("#made-up").status_code == 401
    # The others are still good.
    assert served.sign_in(served.server.link()).status_code == 200


@pytest.mark.parametrize("body", [None, [], {"key": 7}, {}, {"key": "x" * 4000}])
def test_what_is_no_key_signs_nobody_in(served: Served, body: Any) -> None:
    answer = served.ask("POST", "/session", body=body, Origin=served.base, Content_Type="application/json")
    assert answer.status_code in (401, 413)
    assert "Set-Cookie" not in answer.headers


def test_nothing_is_told_without_the_cookie(served: Served) -> None:
    served.server.see(BEGINNING)
    assert served.ask("GET", "/events").status_code == 401
    assert served.ask("GET", "/events", cookie=f"flyo_rollout_{served.server.port}=made-up").status_code == 401
    for path in ("/", "/rollout.js", "/page.css"):
        answer = served.ask("GET", path)
        assert answer.status_code == 200 and "7-ada" not in answer.text and "shop" not in answer.text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example:{port}", ""])
def test_only_requests_that_name_this_very_server_are_answered(served: Served, host: str) -> None:
    cookie = served.cookie()
    for method, path in (("GET", "/"), ("GET", "/events"), ("POST", "/session")):
        answer = served.ask(method, path, cookie=cookie, Host=host.format(port=served.server.port))
        assert answer.status_code in (400, 421), answer.status_code
    assert served.ask("GET", "/", Host=f"localhost:{served.server.port}").status_code == 200


@pytest.mark.parametrize("site", ["same-site", "cross-site", "none"])
def test_other_pages_get_nothing_but_may_link_to_it(served: Served, site: str) -> None:
    cookie = served.cookie()
    for path in ("/events", "/rollout.js", "/"):
        answer = served.ask("GET", path, cookie=cookie, Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors")
        assert answer.status_code == 403
    assert served.ask("GET", "/", Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate").status_code == 200


def test_a_session_is_opened_from_its_own_page_with_json_only(served: Served) -> None:
    key = {"key": served.server.link().partition("#")[2]}
    for headers in ({}, {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:1"}):
        assert served.ask("POST", "/session", body=key, **headers).status_code == 403
    plain = {"Origin": served.base, "Content_Type": "text/plain"}
    assert served.ask("POST", "/session", body=key, **plain).status_code == 403
    assert served.ask("POST", "/session", body=key, Origin=served.base).status_code == 200


def test_there_is_nothing_to_do_and_every_answer_carries_the_rules(served: Served) -> None:
    cookie = served.cookie()
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = served.ask(method, "/", cookie=cookie, body={}, Origin=served.base)
        assert answer.status_code == 405
    for path, status in (("/", 200), ("/nowhere", 404), ("/../secrets", 404), ("/favicon.ico", 204)):
        answer = served.ask("GET", path)
        policy = answer.headers["Content-Security-Policy"]
        assert answer.status_code == status, path
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert answer.headers["Cache-Control"] == "no-store"
    page = served.ask("GET", "/").text
    assert "<style>" not in page and page.count("<script") == 1 and 'src="/rollout.js"' in page
