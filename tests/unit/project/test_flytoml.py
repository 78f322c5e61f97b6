from __future__ import annotations

from pathlib import Path

import pytest

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project import flytoml
from flyctl_orchestrator.project.flytoml.sizes import memory_mb
from flyctl_orchestrator.project.model import CheckDefinition, FlyToml, Service, Size
from tests.fly_toml import FlyTomlKind, all_kinds

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


@pytest.mark.parametrize("kind", all_kinds(), ids=lambda kind: kind.name)
def test_what_flyctl_accepts_is_understood_and_nothing_but_broken_toml_is_refused(
    tmp_path: Path, kind: FlyTomlKind
) -> None:
    if not kind.syntax and "too large" not in kind.name:
        assert "is not valid TOML" in refusal(tmp_path, kind.text)
        return
    fly = load(tmp_path, kind.text)
    assert not (kind.valid and fly.problems)


def test_reads_what_a_rollout_depends_on(tmp_path: Path) -> None:
    fly = load(tmp_path, FULL)
    assert (fly.app, fly.primary_region) == ("habits", "iad")
    assert fly.process_groups == ("app", "worker")
    assert fly.env == {"PORT": "8080", "DEBUG": "False", "NAME": "x"}
    assert fly.services == (
        Service(8080, "suspend", (CheckDefinition("http", path="/api/health"),), ("app",), http=True, min_running=1),
        Service(9000, processes=("worker",)),
    )
    assert fly.checks == (CheckDefinition("http", "alive", "/alive"),)
    assert fly.mounts == ("worker",)
    assert fly.size_of("worker") == Size(memory_mb=1024, processes=("worker",))
    assert fly.size_of("app") == Size("shared-cpu-2x", 512)
    assert (fly.text, fly.problems, fly.notes) == (FULL, (), ())


def test_defaults_are_flys(tmp_path: Path) -> None:
    fly = load(tmp_path, "")
    assert (fly.app, fly.primary_region, fly.process_groups, fly.services) == (None, None, ("app",), ())
    assert (fly.vm_of("app"), fly.size_of("app")) == (None, Size())


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ('[processes]\nweb = ""\nworker = "x"', ("web", "worker")),
        ('processes = { web = "", worker = "x" }', ("web", "worker")),
        ('[[processes]]\nname = "web"\ncommand = "a"\n[[processes]]\nname = "worker"', ("web", "worker")),
        ('[[processes]]\ncommand = "a"', ("app",)),
        ('processes = ["web"]', ("app",)),
        ("processes = []", ("app",)),
        ("[processes]", ("app",)),
        ('[Processes]\nWeb = "x"', ("Web",)),
    ],
)
def test_process_groups_in_every_accepted_spelling(tmp_path: Path, text: str, groups: tuple[str, ...]) -> None:
    assert load(tmp_path, text).process_groups == groups


@pytest.mark.parametrize(
    ("groups", "mounted"),
    [
        ("", ("web",)),
        ('processes = ["worker"]', ("worker",)),
        ('processes = ["ghost"]', ()),
        ("processes = []", ("web",)),
    ],
)
def test_a_mount_without_groups_belongs_to_the_default_group(
    tmp_path: Path, groups: str, mounted: tuple[str, ...]
) -> None:
    fly = load(tmp_path, f'[processes]\nworker = "x"\nweb = "y"\n[mounts]\nsource = "d"\n{groups}')
    assert fly.default_group == "web"
    assert fly.mounts == mounted


def test_the_last_size_that_names_a_group_is_its_own_and_else_the_first_for_all(tmp_path: Path) -> None:
    sizes = "".join(
        f"[[vm]]\ncpus = {cpus}\nprocesses = {groups}\n"
        for cpus, groups in ((1, "[]"), (2, '["web"]'), (4, '["web", "ghost"]'), (8, "[]"))
    )
    fly = load(tmp_path, f'[processes]\nworker = "x"\nweb = "y"\n{sizes}')
    assert (fly.size_of("web").cpus, fly.size_of("worker").cpus) == (4, 1)


@pytest.mark.parametrize(
    ("written", "megabytes"),
    [
        (512, 512), ("512", 512), (512.0, 512), ("512mb", 512), ("2g", 2048), ("1 GB", 1024), ("1.5gib", 1536),
        ("1048576K", 1024), (-256, -256), ("256Mi", None), ("plenty", None), (True, None), ("1xb", None), ([], None),
        ("9" * 30, None), ("9" * 30 + "gb", None), (float("inf"), None),
    ],
)  # fmt: skip
def test_memory_is_read_as_flyctl_reads_it(written: object, megabytes: int | None) -> None:
    assert memory_mb(written) == megabytes


def test_memory_that_only_stops_flyctls_deploy_is_noted(tmp_path: Path) -> None:
    fly = load(tmp_path, 'app = "x"\n[[vm]]\nmemory = "256Mi"')
    assert fly.problems == ()
    assert fly.notes == ("fly.toml:3:1: '256Mi' is not an amount of memory that flyctl knows; its deploy stops there",)


@pytest.mark.parametrize(("written", "meant"), [("true", "stop"), ("false", "off"), ('"suspend"', "suspend")])
def test_old_booleans_of_auto_stop(tmp_path: Path, written: str, meant: str) -> None:
    fly = load(tmp_path, f"[http_service]\nauto_stop_machines = {written}")
    assert fly.services[0].auto_stop == meant


def test_older_names_of_tables(tmp_path: Path) -> None:
    fly = load(
        tmp_path,
        '[mount]\nsource="d"\ndestination="/d"\n[compute]\nmemory_mb=256\n'
        '[services]\ninternal_port="80"\n[services.http_checks]\npath="/up"\n[[checks]]\nname="up"\ntype="tcp"\nport=80',
    )
    assert fly.mounts == ("app",)
    assert fly.size_of("app").memory_mb == 256
    assert fly.services == (Service(80, checks=(CheckDefinition("http", path="/up"),)),)
    assert fly.checks == (CheckDefinition("tcp", "up"),)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("\n\n  app = 3\n", 'fly.toml:3:3: app must be a string, not a number. Write app = "…"'),
        (
            "primary_region = ['iad']",
            'fly.toml:1:1: primary_region must be a string, not a list. Write primary_region = "…"',
        ),
        ("processes = 3", "fly.toml:1:1: processes must be a table, not a number. Write [processes]"),
        ("mounts = 'x'", "fly.toml:1:1: mounts must be tables. Write [mounts]"),
        ("vm = ['x']", "fly.toml:1:1: vm must be tables. Write [[vm]]"),
    ],
)
def test_what_a_rollout_depends_on_and_is_not_understood_is_a_problem_with_its_place(
    tmp_path: Path, text: str, problem: str
) -> None:
    assert [str(each) for each in load(tmp_path, text).problems] == [problem]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = " + "9" * 5000, "fly.toml: is not valid TOML: A number is too long. Correct that line"),
        ("a = " + "[" * 20000, "fly.toml: is nested too deeply. Flatten it"),
    ],
)
def test_hostile_toml_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    assert refusal(tmp_path, text) == message


@pytest.mark.parametrize(
    ("text", "where"), [("app = ", "1:7"), ('app = "x', "1:9"), ("a = 1\na = 2", "2:6"), ("a = 1\n[b\nc = 1", "2:3")]
)
def test_broken_toml_is_placed_by_line_and_column(tmp_path: Path, text: str, where: str) -> None:
    message = refusal(tmp_path, text)
    assert message.startswith(f"fly.toml:{where}: is not valid TOML: ")
    assert "(at line" not in message and "end of document" not in message
