"""Whether an app's name is free is asked before anything is written, where somebody is logged in."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

import pytest

from flyctl_orchestrator.cli.main import run
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.local.base.environment import client_environment
from tests.functional.first_hour.folders import make
from tests.functional.first_hour.newcomer import Newcomer
from tests.platform_client import Api

TOKEN = "FlyV1 fm2_somebody"
OWN = '{"id":"1","name":"x","organization":{"name":"Ann","slug":"personal"}}'


@dataclass
class FlyIo:
    """Fly.io as far as names go: who asks for an app gets the status and body of that name, else
    what everybody else gets, a 404."""

    port: int
    answers: dict[str, tuple[int, str]]
    asked: list[str] = field(default_factory=list)
    otherwise: tuple[int, str] = (404, '{"error":"app not found"}')

    @property
    def variables(self) -> dict[str, str]:
        address = f"http://127.0.0.1:{self.port}"
        names = ("FLY_API_BASE_URL", "FLY_FLAPS_BASE_URL", "FLY_UIEX_BASE_URL")
        return dict.fromkeys(names, address) | {"FLY_API_TOKEN": TOKEN}


@pytest.fixture
def fly_io() -> Iterator[FlyIo]:
    there = FlyIo(0, {})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            there.asked.append(name)
            status, body = there.answers.get(name, there.otherwise)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    there.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield there
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make("flask", tmp_path)


def init(folder: Path, variables: dict[str, str], *arguments: str) -> tuple[int, str]:
    """Status and what is said; nobody can be asked."""
    err = io.StringIO()
    settled = {"PATH": "", "TZ": "UTC", "HOME": str(folder.parent), **variables}
    environment = Environment(settled, folder, random=Random(7), stdin=io.StringIO(), stdout=io.StringIO(), stderr=err)
    return run(["init", *arguments], environment), err.getvalue()


def app_of(folder: Path) -> str:
    (line,) = (line for line in (folder / "fly.toml").read_text().splitlines() if line.startswith("app = "))
    return line.removeprefix('app = "').removesuffix('"')


def test_a_name_that_is_given_and_somebody_elses_is_refused_and_nothing_written(fly_io: FlyIo, shop: Path) -> None:
    fly_io.answers["shop"] = (403, '{"error":"unauthorized"}')
    before = sorted(shop.iterdir())
    status, said = init(shop, fly_io.variables, "--name", "shop", "--regions", "iad")
    free = fly_io.asked[-1]
    assert free.startswith("shop-") and fly_io.asked == ["shop", free]
    assert (status, said) == (
        2,
        "flyo: --name: the app name 'shop' is taken on Fly.io, by an app that this login may not see (could not read "
        "the app: 403 unauthorized). Give "
        f"another, e.g. --name {free}; nothing was written [init.name_taken]\n",
    )
    assert sorted(shop.iterdir()) == before
    # What is named can be typed.
    assert init(shop, fly_io.variables, "--name", free, "--regions", "iad")[0] == 0
    assert app_of(shop) == free


def test_a_name_that_was_only_proposed_gives_way_to_one_that_is_free(fly_io: FlyIo, shop: Path) -> None:
    fly_io.answers["flask-shop"] = (403, "{}")
    status, said = init(shop, fly_io.variables, "--yes")
    name = app_of(shop)
    assert status == 0 and name != "flask-shop" and name == fly_io.asked[-1]
    assert f"note     The app name 'flask-shop' is taken, so this is {name}: --name takes another.\n" in said


def test_a_free_name_is_not_spoken_of(fly_io: FlyIo, shop: Path) -> None:
    status, said = init(shop, fly_io.variables, "--name", "shop", "--regions", "iad")
    assert (status, fly_io.asked, "name" in said) == (0, ["shop"], False)


def test_an_app_of_ones_own_is_told(fly_io: FlyIo, shop: Path) -> None:
    fly_io.answers["shop"] = (200, OWN)
    status, said = init(shop, fly_io.variables, "--name", "shop", "--regions", "iad")
    assert status == 0
    assert "note     The app shop is there already on Fly.io, and yours: a deploy changes it.\n" in said


@pytest.mark.parametrize(
    "answer", [(200, "<html>Sign in</html>"), (200, "[]"), (401, '{"error":"who are you"}'), (400, '{"error":"odd"}')]
)
def test_an_answer_that_says_nothing_is_not_taken_for_free(fly_io: FlyIo, shop: Path, answer: tuple[int, str]) -> None:
    fly_io.answers["shop"] = answer
    status, said = init(shop, fly_io.variables, "--name", "shop", "--regions", "iad")
    (line,) = (line for line in said.splitlines() if "the app name" in line)
    assert line.startswith("note     Whether the app name 'shop' is free on Fly.io is not known: ")
    assert (status, TOKEN in said) == (0, False)


def test_a_login_that_is_not_accepted_is_said_to_be_so(fly_io: FlyIo, shop: Path) -> None:
    fly_io.answers["shop"] = (401, '{"error":"token expired"}')
    _, said = init(shop, fly_io.variables, "--name", "shop", "--regions", "iad")
    assert (
        "is free on Fly.io is not known: this login is not accepted (could not read the app: "
        "401 token expired); check FLY_API_TOKEN, or log in with 'flyctl auth login'.\n" in said
    )


def test_a_login_that_may_see_no_app_says_nothing_of_a_name(fly_io: FlyIo, shop: Path) -> None:
    fly_io.otherwise = (403, '{"error":"not in your organization"}')
    status, said = init(shop, fly_io.variables, "--name", "shop", "--regions", "iad")
    assert (status, len(fly_io.asked)) == (0, 2)
    assert (
        "is free on Fly.io is not known: this login may see no app there (could not read the "
        "app: 403 not in your organization).\n" in said
    )


def test_who_is_not_logged_in_is_told_nothing(fly_io: FlyIo, shop: Path) -> None:
    variables = {name: value for name, value in fly_io.variables.items() if name != "FLY_API_TOKEN"}
    status, said = init(shop, variables, "--name", "shop", "--regions", "iad")
    assert (status, fly_io.asked, "name" in said) == (0, [], False)


def test_a_project_that_has_its_name_asks_only_when_the_app_is_to_be_created(fly_io: FlyIo, shop: Path) -> None:
    fly_io.answers["shop"] = (403, "{}")
    (shop / "fly.toml").write_text('app = "shop"\nprimary_region = "iad"\n')
    assert (init(shop, fly_io.variables, "--yes")[0], fly_io.asked) == (0, [])
    status, said = init(shop, fly_io.variables, "--yes", "--create")
    assert status == 2 and "[init.name_taken]" in said


def test_only_looking_asks_nobody(fly_io: FlyIo, shop: Path) -> None:
    fly_io.answers["shop"] = (403, "{}")
    assert init(shop, fly_io.variables, "--name", "shop", "--regions", "iad", "--dry-run")[0] == 0
    assert fly_io.asked == []


def test_the_example_takes_a_free_name_too(fly_io: FlyIo, tmp_path: Path) -> None:
    fly_io.answers["habit-tracker"] = (403, "{}")
    folder = tmp_path / "new"
    folder.mkdir()
    assert init(folder, fly_io.variables, "--example", "habit", "--yes")[0] == 0
    assert app_of(folder).startswith("habit-tracker-")


def test_the_wizard_asks_again_and_proposes_a_free_one(fly_io: FlyIo, newcomer: Newcomer, tmp_path: Path) -> None:
    fly_io.answers |= {"flask-shop": (403, "{}"), "mine": (403, "{}"), "ours": (200, OWN)}
    newcomer.extra.update(fly_io.variables)
    child = newcomer.person(make("flask", tmp_path), "init")
    child.expect(r"App name .*?(flask-shop-[a-z0-9]{4})")
    assert isinstance(child.match, re.Match)
    proposed = child.match.group(1)
    child.send("\x7f" * len(proposed) + "mine\r")
    child.expect_exact("The app name 'mine' is taken on Fly.io, by an app that this login may not see")
    child.expect(r"App name .*?(mine-[a-z0-9]{4})")
    child.send("\x7f" * len("mine-1234") + "ours\r")
    child.expect_exact("The app ours is there already on Fly.io, and yours: a deploy changes it.")
    child.expect_exact("Primary region")
    child.send("\x03")
    child.expect_exact("nothing was written")


def test_the_local_platform_knows_its_own_apps(api: Api, shop: Path, tmp_path: Path) -> None:
    api.app("shop")
    variables = client_environment(api.running.port, api.running.token, tmp_path)
    del variables["FLYO_TARGET"]
    status, said = init(shop, variables, "--name", "shop", "--regions", "iad")
    assert status == 0 and "The app shop is there already on Fly.io, and yours" in said


def test_an_app_of_a_local_platform_that_runs(newcomer: Newcomer, tmp_path: Path) -> None:
    newcomer.ok("local", "up", cwd=tmp_path)
    newcomer.manage("POST", "/v1/apps", {"name": "flask-shop", "org_slug": "personal"})
    said = newcomer.ok("init", "--yes", "--local", cwd=make("flask", tmp_path)).stderr
    assert (
        "note     The app flask-shop is there already on the local platform, and yours: a deploy changes it.\n" in said
    )


def test_a_local_platform_that_does_not_run_is_not_started(newcomer: Newcomer, tmp_path: Path) -> None:
    shop = make("flask", tmp_path)
    newcomer.ok("init", "--yes", "--local", cwd=shop)
    assert "local.down" in newcomer.flyo("local", "status", cwd=shop).stderr
