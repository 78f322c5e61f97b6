"""A config whose types are not those of Fly.io's API is refused with 400, and whatever is accepted does no harm."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.local.base.machine_types import CONFIG
from tests.unit.local.simulated_fly import IMAGE, Fly

MACHINES = "/v1/apps/shop/machines"
SERVICE: dict[str, Any] = {
    "protocol": "tcp",
    "internal_port": 8080,
    "autostop": "suspend",
    "autostart": True,
    "min_machines_running": 0,
    "ports": [
        {"port": 80, "handlers": ["http"], "force_https": True},
        {"start_port": 443, "end_port": 443, "tls_options": {"alpn": ["h2"], "versions": ["TLSv1.3"]}},
    ],
    "checks": [
        {
            "type": "http",
            "port": 8080,
            "path": "/up",
            "method": "GET",
            "interval": "2s",
            "timeout": "1s",
            "grace_period": 1_000_000_000,
            "headers": [{"name": "X-One", "values": ["1"]}],
            "tls_skip_verify": False,
        }
    ],
    "concurrency": {"type": "requests", "soft_limit": 5, "hard_limit": 10},
}
#: A config with a value for nearly everything that is read here.
FULL: dict[str, Any] = {
    "image": IMAGE,
    "env": {"A": "1"},
    "metadata": {"fly_process_group": "app"},
    "guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256, "kernel_args": ["a"], "persist_rootfs": "never"},
    "init": {"exec": ["a"], "entrypoint": ["b"], "cmd": ["c"], "tty": False, "swap_size_mb": None},
    "services": [SERVICE],
    "checks": {"live": {"type": "tcp", "port": 8080, "interval": "5s", "timeout": "1s", "kind": "readiness"}},
    "restart": {"policy": "on-failure", "max_retries": 3},
    "stop_config": {"timeout": "3s", "signal": "SIGTERM"},
    "files": [{"guest_path": "/etc/a", "raw_value": "YQ==", "mode": 420}],
    "processes": [{"cmd": ["a"], "env": {"B": "2"}, "user": "app"}],
    "auto_destroy": False,
    "rootfs": {"persist": "always", "size_gb": 8},
    "metrics": {"port": 9091, "path": "/metrics"},
    "dns": {"nameservers": ["1.1.1.1"], "skip_registration": False},
    "statics": [{"guest_path": "/a", "url_prefix": "/b"}],
    "standbys": [],
    "schedule": "",
}
ODD: list[Any] = ["80", 1, -1, 80.5, True, None, [], ["a"], [1], {}, {"A": 1}, [{}], [None]]


def places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a JSON value but its root."""
    keys = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in keys:
        yield (*at, key)
        yield from places(one, (*at, key))


def changed(value: Any, place: tuple[str | int, ...], new: Any) -> Any:
    """A copy with another value at one place."""
    made = copy.deepcopy(value)
    inner = made
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = new
    return made


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"services": ["x"]}, "config.services[0] must be an object, not a string"),
        ({"services": [{"internal_port": "80"}]}, "config.services[0].internal_port must be a whole number"),
        ({"services": [{"internal_port": 80_000}]}, "internal_port must be a port, from 0 to 65535"),
        ({"services": [{"internal_port": 80, "ports": [80]}]}, "config.services[0].ports[0] must be an object"),
        ({"services": [{"internal_port": 80, "autostop": "sometimes"}]}, "autostop must be one of true, false, "),
        ({"services": [{"internal_port": 80, "concurrency": []}]}, "concurrency must be an object, not a list"),
        ({"services": {}}, "config.services must be a list, not an object"),
        ({"env": {"A": 1}}, "config.env.A must be a string, not a number"),
        ({"env": {"A": None}}, "config.env.A must be a string, not null"),
        ({"metadata": {"a": True}}, "config.metadata.a must be a string, not true or false"),
        ({"restart": {"policy": [1]}}, "config.restart.policy must be a string, not a list"),
        ({"restart": {"max_retries": "3"}}, "config.restart.max_retries must be a whole number"),
        ({"restart": "always"}, "config.restart must be an object, not a string"),
        ({"init": ["a"]}, "config.init must be an object, not a list"),
        ({"init": {"cmd": "run"}}, "config.init.cmd must be a list, not a string"),
        ({"init": {"exec": [1]}}, "config.init.exec[0] must be a string, not a number"),
        ({"guest": {"cpus": "2"}}, "config.guest.cpus must be a whole number, not a string"),
        ({"guest": {"memory_mb": 256.5}}, "config.guest.memory_mb must be a whole number, not a number"),
        ({"checks": {"a": []}}, "config.checks.a must be an object, not a list"),
        ({"checks": {"a": {"type": "http", "port": 1, "headers": [{"values": "x"}]}}}, "headers[0].values must be"),
        ({"mounts": ["data"]}, "config.mounts[0] must be an object, not a string"),
        ({"files": {"a": "b"}}, "config.files must be a list, not an object"),
        ({"processes": [[]]}, "config.processes[0] must be an object, not a list"),
        ({"stop_config": {"signal": 15}}, "config.stop_config.signal must be a string, not a number"),
        ({"auto_destroy": "yes"}, "config.auto_destroy must be true or false, not a string"),
        ({"standbys": "a"}, "config.standbys must be a list, not a string"),
        ({"rootfs": {"persist": "maybe"}}, "config.rootfs.persist must be one of"),
    ],
)
def test_wrong_types_are_refused_with_their_place(fly: Fly, config: dict[str, Any], said: str) -> None:
    for answer in (
        fly.call("POST", MACHINES, {"config": {"image": IMAGE, **config}, "region": "iad"}),
        fly.update(fly.create()["id"], config),
    ):
        assert answer.status == 400, answer
        assert said in answer.body["error"]
        assert answer.body["error"].startswith("invalid_argument: config.")


@pytest.mark.parametrize(
    "said", [{"skip_launch": "false"}, {"lease_ttl": "60"}, {"region": 1}, {"skip_secrets": 1}, {"name": ["a"]}]
)
def test_the_rest_of_the_request_has_types_too(fly: Fly, said: dict[str, Any]) -> None:
    answer = fly.call("POST", MACHINES, {"config": {"image": IMAGE}, "region": "iad", **said})
    assert answer.status == 400
    assert next(iter(said)) in answer.body["error"]


def test_values_are_not_repeated_since_they_may_be_secret(fly: Fly) -> None:
    answer = fly.call("POST", MACHINES, {"config": {"image": IMAGE, "env": {"A": ["open-sesame"]}}, "region": "iad"})
    assert (answer.status, "open-sesame" in str(answer)) == (400, False)


def test_a_full_config_and_one_of_nothing_but_null_are_accepted(fly: Fly) -> None:
    assert fly.create(FULL)["config"] == FULL
    assert fly.create(dict.fromkeys(FULL) | {"image": IMAGE})["config"]["services"] is None
    CONFIG({"something": "new"}, "config")


@given(st.sampled_from(list(places(FULL))), st.sampled_from(ODD))
def test_one_odd_value_anywhere_is_refused_or_does_no_harm(place: tuple[str | int, ...], odd: Any) -> None:
    fly = Fly()
    good = fly.started(FULL)["id"]
    answer = fly.call("POST", MACHINES, {"config": changed(FULL, place, odd), "region": "iad"})
    assert answer.status in (200, 400, 422, 501), answer
    fly.after(5)
    targets = {one.machine_id for one in fly.simulation.proxy_view.targets("shop")}
    assert good in targets
    assert fly.visit(fly_force_instance_id=good).status == 200
    if answer.status == 200:
        machine = answer.body["id"]
        assert fly.update(machine, changed(FULL, place, odd)).status == 200
        assert fly.on(machine, "/stop", {}).status in (200, 412)
        fly.after(10)
        assert fly.on(machine, "?force=true", method="DELETE").status == 200
