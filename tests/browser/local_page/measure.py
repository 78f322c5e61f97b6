"""What the page costs with 144 machines and 200 requests a second: `python -m tests.browser.local_page.measure`.

Prints how much of a core the platform's side takes while one page is open and while none is (the simulated requests
are in both), how soon the first paint comes, and how many frames a second the page draws. On a quiet computer.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.chrome import chrome, executable
from tests.browser.local_page.simulated_world import simulated_world

SECONDS, REQUESTS = 20.0, 200.0
FRAMES = """(seconds) => new Promise((done) => {
  let frames = 0;
  const began = performance.now();
  const next = (now) => { frames += 1; (now - began < 1000 * seconds) ? requestAnimationFrame(next) : done(frames); };
  requestAnimationFrame(next);
})"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"


def main() -> None:
    """Measure all of it."""
    path = executable()
    if path is None:
        sys.exit("There is no Chromium on this computer (Debian: apt-get install chromium).")
    with simulated_world(REQUESTS) as world, chrome(path) as browser:
        none = _share(lambda: time.sleep(SECONDS))
        page = browser.new_page()
        page.goto(world.new_link())
        expect(page.locator("#machines tbody tr")).to_have_count(144)
        frames: list[int] = []
        one = _share(lambda: frames.append(_frames(page)))
        page.reload()
        expect(page.locator("#machines tbody tr")).to_have_count(144)
        sys.stdout.write(
            f"platform, no page open: {none:.1%} of a core; one page: {one:.1%}; more by {one - none:.1%}\n"
            f"first paint after {page.evaluate(PAINT):.0f} ms; {frames[0] / SECONDS:.0f} frames a second\n"
        )


def _frames(page: Page) -> int:
    return int(page.evaluate(FRAMES, SECONDS))


def _share(during: Callable[[], object]) -> float:
    """How much of a core this process takes while `during` is called; the browser is another process."""
    spent, began = time.process_time(), time.monotonic()
    during()
    return (time.process_time() - spent) / (time.monotonic() - began)


if __name__ == "__main__":
    main()
