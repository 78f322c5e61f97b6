"""LiteFS itself, as the primary and as a copy, with the settings that flyo init writes and the app on each."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from flyctl_orchestrator.project.litefs import KEPT, MOUNTED, litefs_yml
from tests.functional.habit_app.habit_server import ROOT, Server, Visitor, environment, on_fly
from tests.waiting import eventually

pytestmark = [pytest.mark.real_litefs, pytest.mark.timeout(180)]

APP = f"{sys.executable} -m gunicorn -c {ROOT}/habit_app/gunicorn_conf.py habit_app.wsgi:app"
TIMES = 200


@pytest.fixture(scope="session")
def litefs() -> str:
    """The program, where it can be used at all."""
    found = shutil.which("litefs")
    if found is None:
        pytest.skip("no litefs on PATH (built by hand: docs/how-to/litefs.md)")
    if not os.access("/dev/fuse", os.R_OK | os.W_OK) or os.geteuid():
        pytest.skip("no /dev/fuse that can be used, or not root: LiteFS mounts a file system")
    if shutil.which("fusermount3") is None and shutil.which("fusermount") is None:
        pytest.skip("no fusermount3 on PATH (Debian: apt-get install fuse3)")
    return found


class Machine:
    """One machine: LiteFS, and the app that it starts."""

    def __init__(self, program: str, place: Path, region: str, port: int, home: int) -> None:
        """LiteFS listens on `port`, and finds the primary's at `home`."""
        self.program, self.region = program, region
        self.mounted = place / "litefs"
        place.mkdir()
        text = litefs_yml(APP).replace(f'"{MOUNTED}"', f'"{self.mounted}"').replace(KEPT, str(place / "kept"))
        text = re.sub(r'"http://\S+:20202"', f'"http://127.0.0.1:{home}"', text)
        self.config = place / "litefs.yml"
        self.config.write_text(f'{text}http:\n  addr: "127.0.0.1:{port}"\n')
        self.variables = environment(place / "instance", **on_fly(region, LITEFS_DIR=str(self.mounted)))
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> Server:
        self.process = subprocess.Popen(
            [self.program, "mount", "-config", str(self.config)],
            cwd=ROOT,
            env={**self.variables, "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return Server(self.process)

    def stop(self) -> None:
        """As Fly ends a machine; LiteFS tells the app, and takes its file system away."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()
            self.process = None
            if os.path.ismount(self.mounted):
                subprocess.run(["umount", "-l", str(self.mounted)], check=True)


class Traveller:
    """Somebody in Tokyo; what Tokyo's machine sends home is played in Virginia, as the proxy would."""

    def __init__(self, home: Server, far: Server) -> None:
        self.far = Visitor(far)
        self.home = Visitor(home, self.far.session.cookies)
        # One browser: both share a jar, so that what either answer sets is sent with the next request anywhere.
        self.home.session.cookies = self.far.session.cookies
        self.answered: Counter[str] = Counter()

    def post(self, path: str, **form: str) -> requests.Response:
        answer = self.far.post(path, form)
        assert answer.headers.get("Fly-Replay", "").startswith("region=iad;"), answer.text
        return self.home.post(path, form)

    def get(self, path: str) -> str:
        answer = self.far.get(path)
        if answer.status_code == 409:
            answer = self.home.get(path)
        assert answer.status_code == 200, answer.text
        self.answered[answer.headers["X-Served-By"].split("/")[0]] += 1
        return answer.text


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def machines(litefs: str, tmp_path: Path) -> Iterator[tuple[Machine, Machine]]:
    """A primary in Virginia and a copy in Tokyo, not started yet."""
    home = free_port()
    with ExitStack() as stack:
        made = [
            Machine(litefs, tmp_path / region, region, port, home)
            for region, port in (("iad", home), ("nrt", free_port()))
        ]
        for machine in made:
            stack.callback(machine.stop)
        yield made[0], made[1]


def test_own_writes_are_in_the_next_page_and_most_pages_come_from_the_copy(machines: tuple[Machine, Machine]) -> None:
    primary, copy = machines
    ada = Traveller(primary.start(), copy.start())
    assert ada.post("/signup", name="ada", password="correct horse battery", zone="UTC").status_code == 303
    assert "Start with one small thing" in ada.get("/dashboard")
    ada.post("/habits", name="Juggle")
    page = ada.get("/dashboard")
    (habit,) = re.findall(r'data-habit="(\w+)"', page)
    (today,) = re.findall(r'data-today="([\d-]+)"', page)
    for number in range(TIMES):
        done = 1 - number % 2
        assert ada.post(f"/habits/{habit}/mark", mark=f"{today}:{done}").status_code == 303
        pressed = re.findall(rf'data-day="{today}"[^>]*aria-pressed="(\w+)"', ada.get("/dashboard"))
        assert set(pressed) == {"true" if done else "false"}, number
    assert ada.answered["nrt"] > TIMES / 2
    assert not (copy.mounted / "habits.db").stat().st_mode & 0o222


def test_the_copy_is_read_while_the_primary_is_away_and_follows_when_it_is_back(
    machines: tuple[Machine, Machine],
) -> None:
    primary, copy = machines
    home, far = primary.start(), copy.start()
    ada = Traveller(home, far)
    ada.post("/signup", name="ada", password="correct horse battery", zone="UTC")
    ada.post("/habits", name="Juggle")
    assert eventually(lambda: "Juggle" in ada.get("/settings") and ada.answered["nrt"])
    primary.stop()
    for path in ("/settings", "/dashboard"):
        assert "Juggle" in ada.far.get(path).text
    refused = ada.far.post("/habits", {"name": "Draw"}, Fly_Replay_Failed="reason=timeout")
    assert (refused.status_code, "read-only" in refused.text) == (503, True)
    again = Traveller(primary.start(), far)
    again.far.session.cookies = again.home.session.cookies = ada.far.session.cookies
    assert again.post("/habits", name="Draw").status_code == 303
    assert "Draw" in again.get("/settings")
    assert eventually(lambda: "Draw" in ada.far.get("/settings").text)
