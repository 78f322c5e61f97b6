"""`flyo init` by flags: real files in real directories, and the whole of what it prints."""

from __future__ import annotations

import io
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from flyctl_orchestrator.cli.main import run
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.project.project import load_project

FLASK = {
    "requirements.txt": "flask\ngunicorn\n",
    "app.py": 'from flask import Flask\n\napp = Flask(__name__)\n\n@app.get("/healthz")\ndef ok():\n    return {}\n',
}

FLY_TOML = """\
# How Fly.io runs this app: https://docs.fly.io/reference/configuration/
app = "shop"
primary_region = "lhr"
kill_signal = "SIGTERM"
kill_timeout = 30

[env]
PORT = "8080"

[http_service]
internal_port = 8080
force_https = true
auto_stop_machines = "suspend"
auto_start_machines = true
min_machines_running = 0

[http_service.concurrency]
type = "requests"
soft_limit = 20
hard_limit = 60

[[http_service.checks]]
method = "GET"
path = "/healthz"
interval = "10s"
timeout = "5s"
grace_period = "10s"

[[vm]]
size = "shared-cpu-1x"
memory = "512mb"
"""

FLYO_TOML = """\
# How flyo rolls this app out over its regions. What it does not say has a sensible default.

# Machines per region, exactly. The first region changes first, alone; then the others together.
[regions]
lhr = 2
nrt = 1

[rollout]
strategy = "in-place"
width = 0
max_unavailable = 1
timeout = "2m"

# Every machine is asked here, from outside, before its region counts as healthy.
[probe]
path = "/healthz"
timeout = "5s"
"""

THEIRS = """\
# the shop
app = "shop"   # do not rename
primary_region = 'iad'

[build]
  image = "registry.example.com/shop:1"

[http_service] # web
  internal_port = 3000  # node
  force_https = true

  # generous
  [http_service.concurrency]
    soft_limit = 20

[custom]
anything = [1, 2]
"""


@dataclass
class Result:
    status: int
    stdout: str
    stderr: str


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "My Shop"
    path.mkdir()
    return path


def flyo(directory: Path, *arguments: str, zone: str = "UTC") -> Result:
    out, err = io.StringIO(), io.StringIO()
    environment = Environment({"PATH": "", "TZ": zone}, directory, stdin=io.StringIO(), stdout=out, stderr=err)
    status = run(["init", *arguments], environment)
    return Result(status, out.getvalue(), err.getvalue())


def put(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (directory / name).write_text(text, "utf-8")


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_new_app(directory: Path) -> None:
    put(directory, FLASK)
    result = flyo(directory, "--name", "shop", "--regions", "lhr=2,nrt")
    assert result == Result(
        0,
        "",
        "created  fly.toml\n"
        "created  flyo.toml\n"
        "created  Dockerfile\n"
        "created  .dockerignore\n"
        "next     flyo deploy --local       rehearse it on this computer\n"
        "         flyo init --yes --create  create the app on Fly.io\n"
        "         flyo deploy               take it to Fly.io\n",
    )
    assert (directory / "fly.toml").read_text() == FLY_TOML
    assert (directory / "flyo.toml").read_text() == FLYO_TOML
    dockerfile = (directory / "Dockerfile").read_text()
    assert dockerfile.endswith('CMD ["sh", "-c", "exec gunicorn --bind 0.0.0.0:$PORT --threads 8 app:app"]\n')
    assert ".env\n" in (directory / ".dockerignore").read_text()


def test_again_changes_nothing_and_says_so(directory: Path) -> None:
    put(directory, FLASK)
    flyo(directory, "--name", "shop", "--regions", "lhr=2,nrt")
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in directory.iterdir()}
    result = flyo(directory, "--name", "shop", "--regions", "lhr=2,nrt")
    assert result.stderr.startswith("Nothing to change: the files say this already.\n")
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in directory.iterdir()} == before


def test_every_flag(directory: Path) -> None:
    flags = "--name shop --primary nrt --regions iad,nrt --internal-port 3000 --health-path /up --auto-stop off"
    more = ["--vm-size", "shared-cpu-2x", "--vm-memory", "1GB", "--start", "./serve --port $PORT"]
    assert flyo(directory, *flags.split(), *more).status == 0
    fly = tomllib.loads((directory / "fly.toml").read_text())
    assert (fly["primary_region"], fly["env"]["PORT"]) == ("nrt", "3000")
    assert (fly["http_service"]["internal_port"], fly["http_service"]["auto_stop_machines"]) == (3000, "off")
    assert fly["http_service"]["checks"][0]["path"] == "/up"
    assert fly["vm"] == [{"size": "shared-cpu-2x", "memory": "1gb"}]
    project = load_project(directory)
    assert list(project.regions()) == ["iad", "nrt"]
    assert project.flyo.probe.path == "/up"
    assert '"exec ./serve --port $PORT"' in (directory / "Dockerfile").read_text()


def test_an_existing_fly_toml_keeps_everything_that_was_not_asked_about(directory: Path) -> None:
    put(directory, {"fly.toml": THEIRS})
    result = flyo(
        directory, "--primary", "fra", "--regions", "fra,nrt", "--auto-stop", "suspend", "--health-path", "/up"
    )
    assert result.stderr.startswith("changed  fly.toml\ncreated  flyo.toml\nnext ")
    assert (directory / "fly.toml").read_text() == (
        THEIRS.replace("'iad'", '"fra"').replace(
            "  force_https = true\n", '  force_https = true\n  auto_stop_machines = "suspend"\n'
        )
        + '\n[[http_service.checks]]\nmethod = "GET"\npath = "/up"\ninterval = "10s"\ntimeout = "5s"\n'
        'grace_period = "10s"\n'
    )
    assert names(directory) == ["fly.toml", "flyo.toml"]


def test_an_existing_flyo_toml_keeps_its_comments(directory: Path) -> None:
    put(
        directory,
        {
            "fly.toml": THEIRS,
            "flyo.toml": "# mine\n[regions]\n# home\niad = 2 # primary\nfra = 1 # gone soon\n"
            "\n[rollout]\ncanary = 'fra'\nbake = '10s' # watch\n",
        },
    )
    assert flyo(directory, "--regions", "nrt,iad=3").status == 0
    assert (directory / "fly.toml").read_text() == THEIRS
    assert (directory / "flyo.toml").read_text() == (
        "# mine\n[regions]\nnrt = 1\n# home\niad = 3 # primary\n\n[rollout]\ncanary = \"nrt\"\nbake = '10s' # watch\n"
    )


def test_an_existing_dockerfile_is_never_touched_and_tells_the_port(directory: Path) -> None:
    put(directory, {**FLASK, "Dockerfile": "FROM scratch\nEXPOSE 5000/tcp\n"})
    flyo(directory, "--name", "shop", "--regions", "iad")
    assert (directory / "Dockerfile").read_text() == "FROM scratch\nEXPOSE 5000/tcp\n"
    assert ".dockerignore" not in names(directory)
    assert load_project(directory).flytoml.services[0].internal_port == 5000


def test_without_a_terminal_it_names_what_is_missing(directory: Path) -> None:
    put(directory, FLASK)
    assert flyo(directory) == Result(
        2,
        "",
        "flyo: flyo init: missing --name and --regions, and there is no terminal to ask at. "
        "Give --name my-shop --regions iad, or --yes to accept these values [usage.missing]\n",
    )
    assert names(directory) == ["app.py", "requirements.txt"]


def test_yes_takes_the_suggestions(directory: Path) -> None:
    put(directory, FLASK)
    assert flyo(directory, "--yes").status == 0
    project = load_project(directory)
    assert (project.app, project.regions()) == ("my-shop", {"iad": 1})


def test_a_known_app_that_does_not_say_how_it_starts_gets_no_dockerfile_and_a_note(directory: Path) -> None:
    put(directory, {"requirements.txt": "numpy\n"})
    result = flyo(directory, "--yes")
    assert "note     There is no Dockerfile, and how this app starts is not known: write one, or give --start.\n" in (
        result.stderr
    )
    assert names(directory) == ["fly.toml", "flyo.toml", "requirements.txt"]


@pytest.mark.parametrize("arguments", [(), ("--yes",), ("--name", "shop", "--regions", "iad", "--create")])
def test_nothing_to_deploy_is_said_at_once_and_nothing_is_written(directory: Path, arguments: tuple[str, ...]) -> None:
    assert flyo(directory, *arguments) == Result(
        2,
        "",
        "flyo: .: there is no Dockerfile here and no app of a kind that is known; nothing was written. "
        "Write a Dockerfile, or give --start 'COMMAND'; to try it out: flyo init --example habit [init.unknown_app]\n",
    )
    assert names(directory) == []


@pytest.mark.parametrize(
    ("files", "label"),
    [
        ({"Gemfile": 'source "https://rubygems.org"\ngem "rails", "~> 8.0"\n', "package.json": "{}"}, "a Rails app"),
        ({"mix.exs": 'defp deps, do: [{:phoenix, "~> 1.7"}]\n'}, "a Phoenix app"),
        ({"composer.json": '{"require": {"laravel/framework": "^11"}}', "package.json": "{}"}, "a Laravel app"),
        ({"deno.json": "{}", "main.ts": ""}, "a Deno app"),
        ({"bun.lock": "", "package.json": "{}"}, "a Bun app"),
        ({"Cargo.toml": "[package]\n"}, "a Rust app"),
        ({"pom.xml": "<project/>"}, "a Java app"),
    ],
)
def test_an_app_that_others_build_better_is_named(directory: Path, files: dict[str, str], label: str) -> None:
    put(directory, files)
    result = flyo(directory, "--yes")
    assert (result.status, result.stdout) == (2, "")
    assert result.stderr == (
        f"flyo: .: this looks like {label}, for which flyo writes no Dockerfile; nothing was written. "
        "Let 'fly launch --no-deploy' write one, or write one yourself, then run flyo init again [init.unknown_app]\n"
    )
    put(directory, {"Dockerfile": "FROM scratch\n"})
    assert flyo(directory, "--yes").status == 0


def test_a_go_app_says_how_it_is_built_without_docker(directory: Path) -> None:
    put(directory, {"go.mod": "module example.com/x\n\ngo 1.22\n", "main.go": "package main\nfunc main() {}\n"})
    assert flyo(directory, "--yes").status == 0
    assert load_project(directory).flyo.local.build == "CGO_ENABLED=0 go build -o server ."


def test_secrets_that_the_code_asks_for_are_in_the_next_commands(directory: Path) -> None:
    code = 'import os\nkey = os.environ["SECRET_KEY"]\nstripe = os.getenv("STRIPE_API_KEY")\nos.environ["HOME"]\n'
    put(directory, {**FLASK, "app.py": FLASK["app.py"] + code, ".env.example": "JWT_SECRET=\nLOG_LEVEL=info\n"})
    assert flyo(directory, "--yes").stderr.splitlines()[-8:] == [
        "note     Its files name secrets whose values only you know: 'flyo secrets set STRIPE_API_KEY' asks for "
        "them (with --local for the rehearsal).",
        "next     flyo secrets generate JWT_SECRET --if-missing --local  a random value, here only",
        "         flyo secrets generate SECRET_KEY --if-missing --local  a random value, here only",
        "         flyo deploy --local                                    rehearse it on this computer",
        "         flyo init --yes --create                               create the app on Fly.io",
        "         flyo secrets generate JWT_SECRET --if-missing          a random value that nobody sees",
        "         flyo secrets generate SECRET_KEY --if-missing          a random value that nobody sees",
        "         flyo deploy                                            take it to Fly.io",
    ]


def test_a_broken_fly_toml_is_left_alone(directory: Path) -> None:
    put(directory, {"fly.toml": 'app = "x"\n[http_service\n'})
    result = flyo(directory, "--yes")
    assert result.status == 2
    assert result.stderr.startswith("flyo: fly.toml:2:14: is not valid TOML: ")
    assert names(directory) == ["fly.toml"]


def test_json_tells_the_same_to_a_program(directory: Path) -> None:
    put(directory, FLASK)
    result = flyo(directory, "--name", "shop", "--regions", "lhr=2,nrt", "--json")
    assert result.stderr == ""
    assert json.loads(result.stdout) == {
        "schema": "flyo.init/1",
        "app": "shop",
        "primary": "lhr",
        "regions": {"lhr": 2, "nrt": 1},
        "files": [
            {"path": name, "action": "created"} for name in ("fly.toml", "flyo.toml", "Dockerfile", ".dockerignore")
        ],
        "created": None,
        "notes": [],
        "next": ["flyo deploy --local", "flyo init --yes --create", "flyo deploy"],
    }


def test_dry_run_prints_the_files_and_writes_none(directory: Path) -> None:
    put(directory, {"Dockerfile": "FROM scratch\n"})
    result = flyo(directory, "--name", "shop", "--regions", "lhr=2,nrt", "--health-path", "/healthz", "--dry-run")
    assert result.stdout == f"==> fly.toml\n{FLY_TOML}\n==> flyo.toml\n{FLYO_TOML}\n"
    assert names(directory) == ["Dockerfile"]


def test_creating_needs_flyctl_and_says_so_after_the_files_are_there(directory: Path) -> None:
    put(directory, {"Dockerfile": "FROM scratch\n"})
    result = flyo(directory, "--yes", "--create")
    assert result.status == 8
    assert result.stderr.startswith("flyo: PATH: flyctl is not installed. ")
    assert names(directory) == ["Dockerfile", "fly.toml", "flyo.toml"]
