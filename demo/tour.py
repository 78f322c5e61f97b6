"""Somebody in Tokyo ticks a habit, and the demo shows who did what.

The browser talks to Tokyo. Tokyo must not write, so it answers 409 with `fly-replay`; the proxy sends the request on to
Ashburn, which writes; the browser sees neither. The next page comes from Tokyo again and shows the tick.

    python demo/tour.py PORT
"""

from __future__ import annotations

import http.client
import re
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from urllib.parse import urlencode

APP = "habit-tracker"
# An account on a platform that listens on this computer alone.
NAME, PASSWORD = "tokyo-visitor", "nothing-secret-about-a-demo"
TOKYO = timezone(timedelta(hours=9))


@dataclass(frozen=True)
class Answer:
    """What a browser would see.

    Attributes:
        by: region of the machine that answered.
        seconds: from sending until the answer was read.
    """

    status: int
    by: str
    body: str
    seconds: float


class Browser:
    """Just enough of a browser: one region, cookies, forms."""

    def __init__(self, port: int, region: str) -> None:
        self.port, self.region = port, region
        self.cookies: dict[str, str] = {}

    def send(self, method: str, path: str, body: str = "", kind: str = "") -> Answer:
        """One request; names of the form *.localhost are this computer."""
        headers = {"Host": f"{self.region}.{APP}.localhost:{self.port}", "Sec-Fetch-Site": "same-origin"}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if kind:
            headers["Content-Type"] = kind
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        started = time.monotonic()
        link.request(method, path, body=body or None, headers=headers)
        answer = link.getresponse()
        text = answer.read().decode()
        seconds = time.monotonic() - started
        link.close()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.split(";", 1)[0].partition("=")
            self.cookies[name] = value
        return Answer(answer.status, (answer.headers.get("X-Served-By") or "?").split("/")[0], text, seconds)

    def form(self, path: str, **fields: str) -> Answer:
        """Send a form."""
        return self.send("POST", path, urlencode(fields), "application/x-www-form-urlencoded")


def show(what: str, answer: Answer) -> None:
    """One line of the tour."""
    line = f"  {what:<34} answered by {answer.by}  {answer.status}  {answer.seconds * 1000:>5.0f} ms"
    sys.stdout.write(line + "\n")


def sign_in(browser: Browser) -> Answer:
    """Log in, or sign up the first time."""
    answer = browser.form("/login", name=NAME, password=PASSWORD)
    if answer.status == 303:
        return answer
    return browser.form("/signup", name=NAME, password=PASSWORD, zone="Asia/Tokyo")


def habit_of(browser: Browser) -> str:
    """The id of the visitor's habit, made the first time."""
    found = re.search(r"/habits/([0-9a-f]{16})", browser.send("GET", "/dashboard").body)
    if found is None:
        browser.form("/habits", name="Morning walk", kind="daily")
        found = re.search(r"/habits/([0-9a-f]{16})", browser.send("GET", "/dashboard").body)
    if found is None:
        sys.exit("the dashboard shows no habit; 'flyo local logs' says what the app did")
    return found[1]


def main() -> None:
    """The tour; exits 1 when anything is not as told."""
    port = int(sys.argv[1])
    tokyo = Browser(port, "nrt")
    signed_in = sign_in(tokyo)
    show("POST in Tokyo, signing in", signed_in)
    habit = habit_of(tokyo)
    today = datetime.now(TOKYO).date().isoformat()
    write = tokyo.send("PUT", f"/api/habits/{habit}/entries/{today}", '{"done": true}', "application/json")
    show("PUT in Tokyo, ticking today", write)
    read = tokyo.send("GET", "/dashboard")
    show("GET in Tokyo, the next page", read)
    if (write.status, write.by, read.status, read.by) != (200, "iad", 200, "nrt"):
        sys.exit("that is not what should have happened; 'flyo local logs' says what the app did")
    sys.stdout.write(
        f"\nOpen http://{APP}.localhost:{port}, or http://nrt.{APP}.localhost:{port} to be in Tokyo"
        f" (log in as {NAME}, password {PASSWORD}).\nStop everything: make demo-down\n"
    )


if __name__ == "__main__":
    main()
