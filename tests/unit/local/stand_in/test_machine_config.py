"""fly.toml becomes the machine config that flyctl would make of it. The real thing is compared in tests/parity."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.local.stand_in.failures import Failure, NotOffered
from flyctl_orchestrator.local.stand_in.toml.load import FlyToml, load
from flyctl_orchestrator.local.stand_in.toml.machine_config import machine_config
from flyctl_orchestrator.local.stand_in.toml.old_spellings import modernise
from flyctl_orchestrator.local.stand_in.toml.shape import FLY_TOML
from flyctl_orchestrator.local.stand_in.toml.validate import validate
from flyctl_orchestrator.local.stand_in.toml.words import split_words


def config(text: str, group: str = "app", before: dict[str, Any] | None = None) -> dict[str, Any]:
    return machine_config(FLY_TOML.read(modernise(tomllib.loads(text)), ""), group, "1.2.3", before)


def test_the_smallest_file_gives_the_marks_of_a_deploy_and_nothing_else() -> None:
    assert config('app = "demo"\nprimary_region = "iad"') == {
        "init": {},
        "metadata": {"fly_flyctl_version": "1.2.3", "fly_platform_version": "v2", "fly_process_group": "app"},
        "env": {"FLY_PROCESS_GROUP": "app", "PRIMARY_REGION": "iad"},
    }


def test_http_service_is_a_service_on_80_and_443() -> None:
    (service,) = config(
        """
        [http_service]
        internal_port = 8080
        force_https = true
        auto_stop_machines = "suspend"
        auto_start_machines = true
        min_machines_running = 0
        [[http_service.checks]]
        interval = "90s"
        path = "/up"
        headers = { X-One = "1" }
        """
    )["services"]
    assert service == {
        "protocol": "tcp",
        "internal_port": 8080,
        "autostop": "suspend",
        "autostart": True,
        "min_machines_running": 0,
        "ports": [
            {"port": 80, "handlers": ["http"], "force_https": True},
            {"port": 443, "handlers": ["http", "tls"]},
        ],
        "checks": [
            {"type": "http", "interval": "1m30s", "path": "/up", "headers": [{"name": "X-One", "values": ["1"]}]}
        ],
        "force_instance_key": None,
    }


@pytest.mark.parametrize(("written", "sent"), [('"off"', False), ('"stop"', True), ("true", True), ("false", False)])
def test_autostop_travels_as_a_switch_unless_it_is_suspend(written: str, sent: bool) -> None:
    text = f"[http_service]\ninternal_port = 1\nauto_stop_machines = {written}"
    assert config(text)["services"][0]["autostop"] is sent


def test_each_group_gets_its_own_command_services_and_size() -> None:
    text = """
        [processes]
        web = "serve --port 8080 'a b'"
        worker = "work"
        [http_service]
        internal_port = 8080
        processes = ["web"]
        [[vm]]
        memory = "1gb"
        [[vm]]
        size = "shared-cpu-2x"
        processes = ["worker"]
        """
    web, worker = config(text, "web"), config(text, "worker")
    assert web["init"] == {"cmd": ["serve", "--port", "8080", "a b"]}
    assert web["guest"] == {"cpu_kind": "shared", "cpus": 1, "memory_mb": 1024}
    assert "services" not in worker
    assert worker["guest"] == {"cpu_kind": "shared", "cpus": 2, "memory_mb": 512}
    assert worker["env"]["FLY_PROCESS_GROUP"] == "worker"


def test_numbers_mean_milliseconds_in_old_checks() -> None:
    text = """
        [[services]]
        internal_port = "8080"
        concurrency = "20,25"
        [[services.ports]]
        port = "80"
        [[services.tcp_checks]]
        interval = 10000
        """
    (service,) = config(text)["services"]
    assert service["internal_port"] == 8080
    assert service["concurrency"] == {"type": "requests", "hard_limit": 25, "soft_limit": 20}
    assert service["checks"] == [{"type": "tcp", "interval": "10s"}]
    assert service["ports"] == [{"port": 80}]


def test_a_check_without_port_uses_the_http_service_and_without_one_it_fails() -> None:
    check = '[checks.alive]\ntype = "http"\nmethod = "get"\n'
    found = config(f"[http_service]\ninternal_port = 5000\n{check}")["checks"]
    assert found == {"alive": {"port": 5000, "type": "http", "method": "GET"}}
    with pytest.raises(Failure, match=r"'alive' .* has no port set"):
        config(check)


def test_what_the_file_does_not_say_stays_and_what_it_drops_goes() -> None:
    before = {
        "image": "old",
        "guest": {"cpus": 4},
        "schedule": "daily",
        "dns": {"hostname": "x"},
        "init": {"tty": True, "cmd": ["gone"]},
        "services": [{"internal_port": 1}],
        "metadata": {"mine": "kept", "fly_process_group": "app"},
        "restart": {"policy": "always"},
    }
    after = config("[env]\nA = 1\nB = true", before=before)
    assert {key: after[key] for key in ("guest", "schedule", "dns")} == {
        "guest": {"cpus": 4},
        "schedule": "daily",
        "dns": {"hostname": "x"},
    }
    assert after["init"] == {"tty": True}
    assert "services" not in after
    assert "restart" not in after
    assert after["metadata"]["mine"] == "kept"
    assert after["env"] == {"A": "1", "B": "true", "FLY_PROCESS_GROUP": "app"}


def test_mounts_statics_metrics_files_restart_and_stop() -> None:
    found = config(
        """
        kill_signal = "SIGTERM"
        kill_timeout = 30
        swap_size_mb = 512
        [mount]
        source = "data"
        destination = "/data"
        auto_extend_size_threshold = 80
        auto_extend_size_increment = "1GB"
        auto_extend_size_limit = "5GB"
        [[statics]]
        guest_path = "/public"
        url_prefix = "/static"
        [metrics]
        port = 9091
        path = "/metrics"
        [[files]]
        guest_path = "/etc/x"
        raw_value = "hello"
        [[restart]]
        policy = "never"
        """
    )
    assert found["stop_config"] == {"timeout": "30s", "signal": "SIGTERM"}
    assert found["init"] == {"swap_size_mb": 512}
    assert found["mounts"] == [
        {"path": "/data", "name": "data", "extend_threshold_percent": 80, "add_size_gb": 1, "size_gb_limit": 5}
    ]
    assert found["statics"] == [
        {"guest_path": "/public", "url_prefix": "/static", "tigris_bucket": "", "index_document": ""}
    ]
    assert found["metrics"] == {"port": 9091, "path": "/metrics"}
    assert found["files"] == [{"guest_path": "/etc/x", "raw_value": "aGVsbG8="}]
    assert found["restart"] == {"policy": "no"}


def test_containers_are_not_offered() -> None:
    with pytest.raises(NotOffered, match="machine_config"):
        config('machine_config = "x.json"')


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a 'b c' \"d e\"", ["a", "b c", "d e"]),
        ("a\\ b", ["a b"]),
        ('"a\\"b"', ['a"b']),
        ("'a\\b'", ["a\\b"]),
        ("a#b #c", ["a#b"]),
        ("''", [""]),
        ("", []),
    ],
)
def test_commands_are_split_as_a_shell_would(line: str, words: list[str]) -> None:
    assert split_words(line) == words


@pytest.mark.parametrize("line", ["'open", '"open', "end\\"])
def test_a_command_that_never_ends_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="EOF"):
        split_words(line)


def toml_file(tmp_path: Path, text: str) -> FlyToml:
    path = tmp_path / "fly.toml"
    path.write_text(text)
    return load(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[deploy]\nstrategy = "quick"', "unsupported deployment strategy 'quick'"),
        ("[processes]\nweb = 'x'\n[http_service]\ninternal_port = 1", "Service has no processes set"),
        ('[http_service]\ninternal_port = 1\nprocesses = ["nope"]', "specifies 'nope'"),
        ('[checks.a]\ntype = "icmp"', "Missing or invalid check type"),
        ('[checks.a]\ntype = "tcp"\nport = 1\ninterval = "1s"', "interval is too short: 1s"),
        ('[[restart]]\npolicy = "sometimes"', "invalid restart policy: sometimes"),
        ("[http_service]\ninternal_port = 'x'", "cannot unmarshal string into Go struct field HTTPService"),
        ('[processes]\nweb = "it\'s"', "Could not parse command for 'web'"),
        ('[mounts]\nsource = "d"\ninitial_size = "1mb"', "smaller than 1GB"),
    ],
)
def test_what_cannot_be_deployed_is_refused_with_its_reason(tmp_path: Path, text: str, said: str) -> None:
    verdict = validate(toml_file(tmp_path, text))
    assert not verdict.valid
    assert any(said in line for line in verdict.lines)


def test_a_doubtful_check_is_only_remarked_upon(tmp_path: Path) -> None:
    text = '[http_service]\ninternal_port = 1\n[[http_service.checks]]\ninterval = "2m"'
    verdict = validate(toml_file(tmp_path, text))
    assert verdict.valid
    assert any("greater than 1 minute (2m0s)" in line for line in verdict.lines)
