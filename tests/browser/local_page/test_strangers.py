"""Who may use the page: whoever has the link, once; and no other page, whatever it tries."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from flyctl_orchestrator.local.page.masking import MASK
from tests import planted
from tests.browser.foreign import nothing_is_read, stranger
from tests.browser.local_page.conftest import link
from tests.functional.cli.local_fleet import APP, LocalFleet
from tests.waiting import eventually

pytestmark = pytest.mark.xdist_group("browser")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "elsewhere.localhost"])
def test_a_foreign_page_can_neither_read_nor_click(board: Page, there: LocalFleet, host: str) -> None:
    machine = there.machine_in("fra")
    act = {"method": "POST", "path": f"/v1/apps/{APP}/machines/{machine['id']}/stop", "body": {}}
    base = board.url.rstrip("/")
    with stranger() as port:
        foreign = board.context.new_page()
        foreign.goto(f"http://{host}:{port}/")
        nothing_is_read(foreign, [base, "/_page/stream", "/_page/main.js", "/_page/act", act])
        nothing_is_read(foreign, [base, "/_page/stream", "/_page/apps.js", "/_page/deploy", {"app": APP}])
        # A form that is sent there takes the cookie along where the site is the same.
        foreign.evaluate(
            "(to) => { const form = document.forms[0]; form.action = to; form.enctype = 'text/plain'; form.submit(); }",
            f"{base}/_page/act",
        )
        expect(foreign.locator("body")).to_contain_text("own page only")
    assert there.manage("GET", "/_local/status")["deploying"] == []
    assert there.machine_in("fra")["state"] == "started"
    assert [one for one in there.machine_in("fra")["events"] if one["type"] == "stop"] == [
        one for one in machine["events"] if one["type"] == "stop"
    ]


def test_without_the_link_the_page_says_how_and_shows_nothing(page: Page, there: LocalFleet) -> None:
    base = link(there).partition("#")[0]
    page.goto(base)
    expect(page.locator("main")).to_contain_text("flyo local open")
    assert APP not in page.content()
    for path in ("/_page/stream", f"/_page/machines/{APP}/{there.machine_in('fra')['id']}"):
        assert page.evaluate("async (path) => (await fetch(path)).status", path) == 401


def test_a_link_works_once(browser: Browser, page: Page, there: LocalFleet) -> None:
    once = link(there)
    page.goto(once)
    expect(page.locator("#connection")).to_have_text("live")
    assert "#" not in page.url
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
    other = browser.new_context()
    late = other.new_page()
    late.goto(once)
    expect(late.locator("#problem")).to_contain_text("used before")
    assert other.cookies() == []
    other.close()


def test_nothing_happens_by_get_and_without_the_origin(board: Page, there: LocalFleet) -> None:
    (cookie,) = board.context.cookies()
    machine = there.machine_in("fra")["id"]
    act = {"method": "POST", "path": f"/v1/apps/{APP}/machines/{machine}/stop", "body": {}}
    base = {"Cookie": f"{cookie['name']}={cookie['value']}", "Content-Type": "application/json"}
    origin = {"Origin": f"http://127.0.0.1:{there.running.port}"}
    assert there.api.send("GET", "/_page/act", act, {**base, **origin}).status == 404
    assert there.api.send("POST", "/_page/act", act, base).status == 403
    assert there.api.send("POST", "/_page/act", act, {**base, "Origin": "http://evil.example"}).status == 403
    assert there.api.send("POST", "/_page/act", act, {**base, **origin, "Host": "evil.example"}).status == 421
    assert there.machine_in("fra")["state"] == "started"
    # What is no action of the page is none with its cookie, either; and the API does not know the cookie.
    for method, path in (("POST", "/_local/shutdown"), ("POST", f"/v1/apps/{APP}/secrets"), ("DELETE", "/v1/apps")):
        refused = there.api.send("POST", "/_page/act", {"method": method, "path": path}, {**base, **origin})
        assert refused.status == 403, refused
    assert there.api.send("GET", f"/v1/apps/{APP}/machines", headers=base).status == 401


def test_no_script_stands_in_the_page_and_none_comes_from_elsewhere(board: Page) -> None:
    policy = board.evaluate("async () => (await fetch('/')).headers.get('content-security-policy')")
    assert "script-src 'self'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert board.locator("script:not([src])").count() == 0


def test_a_secret_that_the_app_writes_into_its_log_is_in_nothing_the_page_is_sent(
    board: Page, there: LocalFleet
) -> None:
    there.api.visit(APP, f"/{planted.SECRET}", region="iad")
    machine = there.machine_in("iad")["id"]
    path = f"/_page/machines/{APP}/{machine}"
    read = "async (path) => await (await fetch(path)).text()"
    said = eventually(lambda: board.evaluate(read, path), lambda text: "asked for /" in text)
    planted.hear(said)
    whole = """() => new Promise((done) => {
      const source = new EventSource("/_page/stream");
      source.addEventListener("world", (event) => { source.close(); done(event.data); });
    })"""
    planted.hear(board.evaluate(whole))
    assert MASK in said
