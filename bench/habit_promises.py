"""What the habit app promises, counted: own writes in the next page, nobody else's page, no tick lost.

    python -m bench.habit_promises [--writes 1000] [--loads 10000] [--no-browser] [--write]

The app runs in four regions on a local platform of its own, without delays, so that requests overtake each other. A
user ticks in one region, and their next page, from another one, has to show it. Then pages of many users are loaded
from all regions at once, and none may have a habit of somebody else. Last, a browser in Tokyo, with delays on, ticks
all days fast and reloads, leaves, closes the tab, or is offline. Nothing here is timed: it may run on a busy computer,
for two minutes. --write puts the figures into docs/habit-app.md.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import re
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from bench.aims import PAGE, Row, table, write_section
from bench.habit_limits import cookie
from bench.regions import APP, Fleet, fleet_of
from tests.browser.chrome import add_habits, chrome, executable, sign_up
from tests.browser.far_ticks import HABITS, far_away, try_all

HEADING = "## Nothing lost, nobody else's"
REGIONS = ("iad", "fra", "nrt", "sin")
USERS = 200
AT_ONCE = 8


class Traveller:
    """A user's browser that is in another region with each request; it keeps the cookie of its last write."""

    def __init__(self, port: int, user: str) -> None:
        self.user, self._port, self._rev = user, port, ""

    def page(self, region: str) -> str:
        """The dashboard's HTML."""
        return self._send(region, "GET", "/dashboard").decode()

    def tick(self, region: str, done: bool) -> None:
        """Today, of the first habit."""
        day = datetime.now(UTC).date().isoformat()
        self._send(region, "PUT", f"/api/habits/{self.user}h0/entries/{day}", json.dumps({"done": done}))

    def _send(self, region: str, method: str, path: str, body: str = "") -> bytes:
        headers = {
            "Host": f"{region}.{APP}.localhost:{self._port}",
            "Cookie": "; ".join(filter(None, (cookie(self.user), self._rev))),
            "Sec-Fetch-Site": "same-origin",
            "Accept-Encoding": "gzip",
            "Content-Type": "application/json",
        }
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)) as link:
            link.request(method, path, body or None, headers)
            answer = link.getresponse()
            data = answer.read()
        if answer.status != 200:
            sys.exit(f"{method} {path} from {region}: {answer.status} {data[:200]!r}")
        for line in answer.headers.get_all("Set-Cookie", []):
            if line.startswith("rev="):
                self._rev = line.split(";")[0]
        return gzip.decompress(data) if answer.headers.get("Content-Encoding") == "gzip" else data


def shows_done(page: str, user: str) -> bool:
    """Whether the page of a user shows today, of the first habit, as done."""
    form = page.split(f'data-habit="{user}h0"')[1].split("</form>")[0]
    found = re.search(rf'data-day="{datetime.now(UTC).date().isoformat()}" aria-pressed="(true|false)"', form)
    if not found:
        sys.exit(f"the page of {user} does not have today's button")
    return found[1] == "true"


def own_writes(fleet: Fleet, writes: int) -> Row:
    """Tick in one region, look in another one."""
    dice = Random(12)
    users = [Traveller(fleet.running.port, f"user{number:06}") for number in range(20)]
    done = {user.user: shows_done(user.page("iad"), user.user) for user in users}
    seen = 0
    for _ in range(writes):
        user = dice.choice(users)
        here, there = dice.sample(REGIONS, 2)
        done[user.user] = not done[user.user]
        user.tick(here, done[user.user])
        seen += shows_done(user.page(there), user.user) is done[user.user]
    return Row("own writes seen in the next page, in another region", writes, seen, least=True, note=f"of {writes:,}")


def foreign_pages(fleet: Fleet, loads: int) -> Row:
    """Load pages of many users from everywhere at once, and look whose habits are in them."""
    users = [Traveller(fleet.running.port, f"user{number:06}") for number in range(USERS)]
    dice = Random(12)

    def is_foreign(user: Traveller, region: str) -> bool:
        owners = set(re.findall(r'data-habit="(user\d+)h\d+"', user.page(region)))
        return owners != {user.user}

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = [pool.submit(is_foreign, users[turn % USERS], dice.choice(REGIONS)) for turn in range(loads)]
        foreign = sum(answer.result() for answer in answers)
    return Row("pages of somebody else", 0, foreign, note=f"of {loads:,}")


def lost_ticks(place: Path) -> Row:
    """In a browser."""
    found = executable()
    if found is None:
        sys.exit("no Chromium on this computer (Debian: apt-get install chromium); --no-browser leaves it out")
    with far_away(place) as far, chrome(found) as browser:
        page = browser.new_context(locale="en-GB").new_page()
        sign_up(page, far.url, "fast")
        add_habits(page, *HABITS)
        tried = list(try_all(page, far, "fast"))
    ways = ", ".join(each.way for each in tried)
    return Row(
        "ticks lost of fast ones from nrt",
        0,
        sum(each.lost for each in tried),
        note=f"of {sum(each.ticks for each in tried):,} ({ways})",
    )


def measure(writes: int, loads: int, browser: bool) -> Sequence[Row]:
    """All of it, one after the other."""
    with fleet_of(0.3, USERS) as fleet:
        fleet.call("PUT", "/_local/settings", {"delays": False})
        for region in REGIONS:
            fleet.add(region)
        rows = [own_writes(fleet, writes), foreign_pages(fleet, loads)]
    if browser:
        with tempfile.TemporaryDirectory() as place:
            rows.append(lost_ticks(Path(place)))
    return rows


def main() -> None:
    """Count, print, and write when told to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--writes", type=int, default=1000)
    parser.add_argument("--loads", type=int, default=10_000)
    parser.add_argument("--no-browser", action="store_true", help="leave out the ticks in a browser")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/habit-app.md")
    chosen = parser.parse_args()
    if chosen.write and chosen.no_browser:
        parser.error("--write needs all of it")
    text = table(measure(chosen.writes, chosen.loads, not chosen.no_browser))
    print(text)
    if chosen.write:
        write_section(PAGE, HEADING, f"Taken on {datetime.now(UTC).date()}.\n\n{text}")


if __name__ == "__main__":
    main()
