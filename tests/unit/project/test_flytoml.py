from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project import flytoml
from flyctl_orchestrator.project.model import Check, FlyToml, Service, Size

FULL = """
app = "habits"
primary_region = "iad"
kill_timeout = 30

[deploy]
release_command = "flask migrate"

[env]
PORT = 8080
DEBUG = false
NAME = "x"

[processes]
app = "gunicorn x"
worker = "python worker.py"

[http_service]
internal_port = 8080
auto_stop_machines = "suspend"
min_machines_running = 1
processes = ["app"]

[[http_service.checks]]
interval = "30s"
timeout = "5s"
grace_period = "10s"
path = "/api/health"

[[services]]
internal_port = "9000"
protocol = "tcp"
processes = ["worker"]
[[services.ports]]
port = 9000
[[services.ports]]
start_port = 9100
end_port = 9110
[[services.tcp_checks]]
interval = 15000

[checks.alive]
type = "http"
port = 8081
path = "/alive"
processes = ["worker"]

[[mounts]]
source = "data"
destination = "/data"
processes = ["worker"]

[[vm]]
memory = "1gb"
processes = ["worker"]
[[vm]]
size = "shared-cpu-2x"
memory = 512
"""


def load(tmp_path: Path, text: str) -> FlyToml:
    path = tmp_path / "fly.toml"
    path.write_text(text, "utf-8")
    return flytoml.load(path, shown="fly.toml")


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text)
    return str(caught.value)


def test_reads_what_a_rollout_depends_on(tmp_path: Path) -> None:
    fly = load(tmp_path, FULL)
    assert (fly.app, fly.primary_region, fly.kill_timeout) == ("habits", "iad", 30)
    assert fly.release_command == "flask migrate"
    assert fly.process_groups == ("app", "worker")
    assert fly.env == {"PORT": "8080", "DEBUG": "false", "NAME": "x"}
    web = Check("http", path="/api/health", interval=30, timeout=5, grace_period=10)
    assert fly.services == (
        Service(
            internal_port=8080,
            ports=(80, 443),
            auto_stop="suspend",
            min_machines_running=1,
            checks=(web,),
            processes=("app",),
            http=True,
        ),
        Service(
            internal_port=9000,
            ports=(9000, 9100, 9110),
            checks=(Check("tcp", interval=15),),
            processes=("worker",),
        ),
    )
    assert fly.checks == (Check("http", "alive", "/alive", port=8081, processes=("worker",)),)
    assert fly.mounts == ("worker",)
    assert fly.size_of("worker") == Size(memory_mb=1024, processes=("worker",))
    assert fly.size_of("app") == Size("shared-cpu-2x", 512)
    assert fly.text == FULL


def test_defaults_are_flys(tmp_path: Path) -> None:
    fly = load(tmp_path, "")
    assert (fly.app, fly.primary_region, fly.process_groups, fly.services) == (None, None, ("app",), ())
    assert fly.size_of("app") == Size("shared-cpu-1x")


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ('[processes]\nweb = ""\nworker = "x"', ("web", "worker")),
        ('processes = { web = "", worker = "x" }', ("web", "worker")),
        ('[[processes]]\nname = "web"\ncommand = "a"\n[[processes]]\nname = "worker"', ("web", "worker")),
        ("processes = []", ("app",)),
        ("[processes]", ("app",)),
    ],
)
def test_process_groups_in_every_accepted_spelling(tmp_path: Path, text: str, groups: tuple[str, ...]) -> None:
    assert load(tmp_path, text).process_groups == groups


@pytest.mark.parametrize(("written", "meant"), [("true", "stop"), ("false", "off"), ('"suspend"', "suspend")])
def test_old_booleans_of_auto_stop(tmp_path: Path, written: str, meant: str) -> None:
    fly = load(tmp_path, f"[http_service]\nauto_stop_machines = {written}")
    assert fly.services[0].auto_stop == meant


def test_older_names_of_tables(tmp_path: Path) -> None:
    fly = load(
        tmp_path,
        '[mount]\nsource="d"\ndestination="/d"\n[compute]\nmemory_mb=256\n[experimental]\nkill_timeout="1m"\n'
        '[services]\ninternal_port=80\n[services.ports]\nport=80\n[[checks]]\nname="up"\ntype="tcp"\nport=80',
    )
    assert fly.mounts == ("app",)
    assert fly.size_of("app").memory_mb == 256
    assert fly.kill_timeout == 60
    assert fly.services[0].ports == (80,)
    assert fly.checks == (Check("tcp", "up", port=80),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'app = "Habit_App"',
            "fly.toml:1:1: app is not a valid app name. Use 1 to 63 lower-case letters, digits and hyphens, with no "
            "hyphen at either end",
        ),
        ("\n\n  app = 3\n", 'fly.toml:3:3: app must be a string, not a number. Write app = "…"'),
        (
            'app = "x"\nprimary_region = "nrx"',
            "fly.toml:2:1: 'nrx' is not a Fly.io region. Did you mean nrt (Tokyo)?",
        ),
        ('primary_region = "tokyo"', "fly.toml:1:1: 'tokyo' is not a Fly.io region. Did you mean nrt (Tokyo)?"),
        (
            "[http_service]\ninternal_port = 70000",
            "fly.toml:2:1: http_service.internal_port must be from 1 to 65535",
        ),
        (
            '[http_service]\n[http_service.checks]\npath = "/"',
            "fly.toml:2:1: http_service.checks must be tables, not a table. Write [[http_service.checks]]",
        ),
        (
            "[[services]]\nprotocol = 'tcp'",
            "fly.toml:1:1: services has no internal_port. Add internal_port = 8080, the port the app listens on",
        ),
        (
            '[processes]\nweb = "x"\n[http_service]\nprocesses = ["app"]',
            "fly.toml:4:1: http_service.processes names process group 'app', which [processes] does not have. "
            "Use one of: web",
        ),
        (
            'processes = ["web"]',
            "fly.toml:1:1: processes must be tables, not a list. Write [[processes]]",
        ),
        ("[env]\nFLY_X = '1'", "fly.toml:2:1: env.FLY_X starts with FLY_, which Fly.io keeps for itself. Rename it"),
        ("a = " + "9" * 5000, "fly.toml: is not valid TOML: A number is too long. Correct that line"),
        ("a = " + "[" * 20000, "fly.toml: is nested too deeply. Flatten it"),
    ],
)
def test_errors_say_where_what_and_what_next(tmp_path: Path, text: str, message: str) -> None:
    assert refusal(tmp_path, text) == message


def test_a_region_fly_has_closed_is_named_as_such(tmp_path: Path) -> None:
    assert refusal(tmp_path, 'primary_region = "yul"').startswith("fly.toml:1:1: Fly.io has closed its region 'yul'")


@pytest.mark.parametrize(
    ("text", "where"), [("app = ", "1:7"), ('app = "x', "1:9"), ("a = 1\na = 2", "2:6"), ("a = 1\n[b\nc = 1", "2:3")]
)
def test_broken_toml_is_placed_by_line_and_column(tmp_path: Path, text: str, where: str) -> None:
    message = refusal(tmp_path, text)
    assert message.startswith(f"fly.toml:{where}: is not valid TOML: ")
    assert "(at line" not in message and "end of document" not in message
