"""`flyo deploy --web`: a page that follows a rollout on whatever target, to be read and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pexpect
import pytest
from playwright.sync_api import Browser, Page, expect

from tests import planted
from tests.browser.everybody import faults_and_width
from tests.browser.local_page.test_rollouts import again
from tests.browser.local_page.test_strangers import stranger
from tests.flyo_process import PATIENCE
from tests.functional.cli.local_fleet import LocalFleet

pytestmark = pytest.mark.xdist_group("browser")

# What a foreign page can try: each gives what it got to read, or how it failed.
TRIES = """async (base) => {
  const tried = async (what) => { try { return await what(); } catch (problem) { return `refused: ${problem.name}`; } };
  const read = async (path, more) => {
    const answer = await fetch(base + path, { credentials: "include", ...more });
    return answer.type === "opaque" ? "opaque" : `${answer.status} ${await answer.text()}`;
  };
  return {
    page: await tried(() => read("/", { mode: "cors" })),
    blind: await tried(() => read("/events", { mode: "no-cors" })),
    stream: await new Promise((done) => {
      const source = new EventSource(`${base}/events`, { withCredentials: true });
      source.onmessage = source.onopen = () => done("read");
      source.onerror = () => done("refused");
    }),
    script: await new Promise((done) => {
      const script = document.createElement("script");
      script.src = `${base}/rollout.js`;
      Object.assign(script, { onload: () => done("ran"), onerror: () => done("refused") });
      document.head.append(script);
    }),
    frame: await new Promise((done) => {
      const frame = document.createElement("iframe");
      frame.onload = () => done(frame.contentDocument ? frame.contentDocument.body.textContent : "hidden");
      frame.src = base;
      document.body.append(frame);
    }),
  };
}"""


class Deploy:
    """`flyo deploy --web` under way.

    Attributes:
        link: the address it has printed.
    """

    def __init__(self, fleet: LocalFleet, *options: str) -> None:
        self._child = fleet.start("deploy", "--local", "--web", *options)
        assert self._child.stderr is not None
        self._said = ""
        while "follow it on " not in self._said:
            line = self._child.stderr.readline()
            assert line, self._said
            self._said += line
        self.link = self._said.split("follow it on ")[1].split()[0]

    def end(self) -> int:
        """Wait for it; gives its exit status."""
        out, err = self._child.communicate(timeout=PATIENCE)
        self._said += err
        planted.hear(out)
        # The key is good for one browser, so it is said once.
        assert self._said.count("follow it on ") == 1
        return self._child.returncode

    def kill(self) -> None:
        """End it whatever it does."""
        if self._child.poll() is None:
            self._child.kill()
            self._child.communicate()


@contextmanager
def deploying(fleet: LocalFleet, *options: str) -> Iterator[Deploy]:
    """A deploy that has something to do, for as long as the block lasts."""
    again(fleet)
    under_way = Deploy(fleet, *options)
    try:
        yield under_way
    finally:
        under_way.kill()


def test_a_rollout_is_followed_to_its_end_and_stays_on_the_page(page: Page, there: LocalFleet) -> None:
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    with deploying(there, "--watch", "3s") as deploy:
        page.goto(deploy.link)
        expect(page.locator("#live")).to_have_text("live")
        assert "#" not in page.url
        expect(page.locator("#watch")).to_contain_text("s left of 3 s")
        expect(page.locator("#evidence")).to_contain_text("good")
        expect(page.locator("#waves-table tbody tr")).to_have_count(2)
        # Whoever goes back in time stays there while more is told.
        page.locator("#lines tbody button").first.click()
        expect(page.get_by_role("button", name="Follow")).to_have_attribute("aria-pressed", "false")
        expect(page.locator("#live")).to_contain_text("the command has ended")
        expect(page.get_by_role("slider", name="Moment")).not_to_have_value("500")
        assert deploy.end() == 0
    page.get_by_role("button", name="Follow").click()
    expect(page.locator("#result")).to_contain_text("done")
    expect(page.locator("#end-title")).to_have_text("How it ended")
    for region in ("fra", "iad"):
        machine = there.machine_in(region)["id"]
        expect(page.locator("#outcome tbody tr").filter(has_text=region)).to_contain_text(machine)
    expect(page.locator("#map .mark.good")).to_have_count(2)
    planted.hear(page.content())
    assert wrong == []


def test_going_back_is_seen_and_said(page: Page, there: LocalFleet) -> None:
    there.manage("POST", "/_local/faults", {"name": "failing-check", "region": "fra", "set": {"release": "new"}})
    with deploying(there, "--timeout", "6s") as deploy:
        page.goto(deploy.link)
        expect(page.locator("#result")).to_have_text("going back", timeout=30_000)
        assert deploy.end() == 3
    expect(page.locator("#result")).to_contain_text("rolled back")
    expect(page.locator("#wrong")).to_contain_text("fra")
    expect(page.locator("#outcome tbody tr").filter(has_text="restored").first).to_be_visible()


def test_a_command_that_does_not_begin_says_so_on_the_page(page: Page, there: LocalFleet) -> None:
    settings, go_on = there.project / "flyo.toml", there.switches / "go-on"
    as_it_was = settings.read_text()
    waits = f"until [ -e {go_on} ]; do sleep 0.1; done; exit 1"
    settings.write_text(f"{as_it_was}\n[local]\nbuild = '{waits}'\n")
    try:
        with deploying(there) as deploy:
            page.goto(deploy.link)
            expect(page.locator("#live")).to_have_text("live")
            go_on.touch()
            assert deploy.end() not in (0, 3, 4, 5)
    finally:
        settings.write_text(as_it_was)
        go_on.unlink(missing_ok=True)
    expect(page.locator("#result")).to_contain_text("did not begin")
    expect(page.locator("#live")).to_contain_text("the command has ended")


def test_another_origin_and_another_browser_read_nothing(browser: Browser, page: Page, there: LocalFleet) -> None:
    with deploying(there, "--watch", "6s") as deploy:
        page.goto(deploy.link)
        expect(page.locator("#live")).to_have_text("live")
        base = page.url.rstrip("/")
        with stranger() as port:
            for host in ("127.0.0.1", "localhost"):
                foreign = page.context.new_page()
                foreign.goto(f"http://{host}:{port}/")
                got = foreign.evaluate(TRIES, base)
                assert got["page"].startswith("refused") and got["stream"] == "refused", got
                assert got["blind"] in ("opaque", "refused: TypeError") and got["script"] == "refused", got
                assert got["frame"] == "hidden", got
        other = browser.new_context()
        late = other.new_page()
        late.goto(deploy.link)
        expect(late.locator("#live")).to_contain_text("not signed in")
        assert other.cookies() == [] and late.locator("#run").is_hidden()
        other.close()
        assert deploy.end() == 0


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_axe_finds_nothing_while_it_happens(browser: Browser, there: LocalFleet, width: int, scheme: str) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
    )
    with context, deploying(there, "--watch", "8s") as deploy:
        page = context.new_page()
        page.goto(deploy.link)
        expect(page.locator("#watch")).to_contain_text("left of")
        assert faults_and_width(page) == []
        assert deploy.end() == 0


def test_keys_reach_everything_while_it_happens(page: Page, there: LocalFleet) -> None:
    with deploying(there, "--watch", "6s") as deploy:
        page.goto(deploy.link)
        expect(page.locator("#watch")).to_contain_text("left of")
        moment = page.locator("#lines tbody button").first
        moment.focus()
        # The page is drawn anew many times, and the focus stays.
        expect(page.locator("#evidence")).to_contain_text("good")
        expect(page.locator("#lines tbody tr").last).to_contain_text("has passed")
        expect(moment).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Follow")).to_have_attribute("aria-pressed", "false")
        assert deploy.end() == 0


def test_no_page_is_served_unless_it_is_asked_for(there: LocalFleet) -> None:
    again(there)
    said = there.ok("deploy", "--local").stderr
    assert "follow it" not in said


def test_a_person_at_a_terminal_gets_a_browser(there: LocalFleet) -> None:
    again(there)
    opened, browser = there.root / "opened", there.root / "browser.sh"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    there.extra["BROWSER"] = f"{browser} %s"
    try:
        terminal = there.at_terminal("deploy", "--local", "--web", "--yes", "--no-hooks")
        terminal.expect("follow it on (http://127.0.0.1:[0-9]+/)#([^ ]+)", timeout=PATIENCE)
        assert terminal.match is not None and not isinstance(terminal.match, type)
        base, key = terminal.match[1], terminal.match[2]
        terminal.expect(pexpect.EOF, timeout=PATIENCE)
    finally:
        there.extra.clear()
    # A link of its own: the one that was printed is for another browser.
    assert opened.read_text().startswith(f"{base}#") and key not in opened.read_text()
