"""A config whose types are not those of Fly.io's API is refused with 400, and whatever is accepted does no harm."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.local.base.machine_types import CONFIG
from tests.unit.local.simulated_fly import DEFAULTS, IMAGE, Fly

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
        ({"restart": {"policy": [1]}}, 'config.restart.policy must be one of "", "no", '),
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
        ({"stop_config": {"signal": 15}}, 'config.stop_config.signal must be one of "", "SIGHUP", '),
        ({"auto_destroy": "yes"}, "config.auto_destroy must be true or false, not a string"),
        ({"standbys": "a"}, "config.standbys must be a list, not a string"),
        ({"rootfs": {"persist": "maybe"}}, "config.rootfs.persist must be one of"),
        ({"rootfs": {"size_gb": 2**64}}, "config.rootfs.size_gb must be a number of 64 bits"),
        ({"files": [{"mode": 2**32}]}, "config.files[0].mode must be a number of 32 bits"),
        ({"schedule": "sometimes"}, 'config.schedule must be one of "", "hourly", "daily"'),
        ({"services": [{"internal_port": 80, "protocol": "sctp"}]}, "config.services[0].protocol must be one of"),
        ({"services": [{"internal_port": 80, "ports": [{"handlers": ["htpp"]}]}]}, "ports[0].handlers[0] must be one"),
        ({"services": [{"internal_port": 80, "concurrency": {"type": "users"}}]}, "concurrency.type must be one of"),
        ({"checks": {"a": {"type": "udp", "port": 1}}}, "config.checks.a.type must be one of"),
        ({"checks": {"a": {"type": "tcp", "port": 1, "kind": "liveness"}}}, "config.checks.a.kind must be one of"),
        ({"checks": {"a": {"type": "http", "port": 1, "protocol": "h2"}}}, "config.checks.a.protocol must be one of"),
        ({"stop_config": {"signal": "SIGHELLO"}}, "config.stop_config.signal must be one of"),
        ({"restart": {"policy": "sometimes"}}, "config.restart.policy must be one of"),
        ({"spot": {"max_price_fraction": "0.5"}}, "config.spot.max_price_fraction must be a number, not a string"),
        ({"spot": True}, "config.spot must be an object, not true or false"),
        ({"containers": [{"name": 1}]}, "config.containers[0].name must be a string, not a number"),
        ({"volumes": [{"temp_dir": {"storage_type": "tape"}}]}, "temp_dir.storage_type must be one of"),
        ({"processes": [{"env_from": [{"field_ref": "host"}]}]}, "env_from[0].field_ref must be one of"),
        ({"size": "shared-cpu-3x"}, "config.size must be one of shared-cpu-1x, "),
        ({"size": "huge"}, "config.size must be one of shared-cpu-1x, "),
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
    assert fly.create({})["config"] == {"image": IMAGE, **DEFAULTS}
    assert fly.create(dict.fromkeys(FULL) | {"image": IMAGE})["config"]["services"] is None
    CONFIG({"something": "new"}, "config")


@pytest.mark.parametrize(
    ("said", "filled"),
    [
        ({"guest": {"cpus": 2}}, {"guest": {"cpu_kind": "shared", "cpus": 2, "memory_mb": 512}}),
        ({"guest": {"cpu_kind": "performance"}}, {"guest": {"cpu_kind": "performance", "cpus": 1, "memory_mb": 2048}}),
        ({"guest": {"gpus": None, "kernel_args": ["a"]}}, {"guest": {**DEFAULTS["guest"], "kernel_args": ["a"]}}),
        ({"size": "shared-cpu-2x"}, {"guest": {"cpu_kind": "shared", "cpus": 2, "memory_mb": 512}}),
        ({"size": "performance-4x"}, {"guest": {"cpu_kind": "performance", "cpus": 4, "memory_mb": 8192}}),
        (
            {"size": "shared-cpu-2x", "guest": {"memory_mb": 1024}},
            {"guest": {"cpu_kind": "shared", "cpus": 2, "memory_mb": 1024}},
        ),
        ({"init": None}, {"init": {}}),
        ({"init": {"tty": True}}, {"init": {"tty": True}}),
        ({"restart": {"policy": "no"}}, {"restart": {"policy": "no"}}),
        ({"restart": {"max_retries": 3}}, {"restart": {"policy": "on-failure", "max_retries": 3}}),
    ],
)
def test_what_a_config_leaves_out_is_filled_in(fly: Fly, said: dict[str, Any], filled: dict[str, Any]) -> None:
    machine = fly.create(said)
    assert machine["config"] == {"image": IMAGE, **DEFAULTS, **said, **filled}
    assert fly.update(machine["id"], machine["config"]).body["config"] == machine["config"]


#: Places where a value of another kind is as good: durations, and what is spelt in two ways.
TWO_KINDS = frozenset({"interval", "timeout", "grace_period", "autostop", "persist", "persist_rootfs"})


def at(value: Any, place: tuple[str | int, ...]) -> Any:
    """The value at a place."""
    for key in place:
        value = value[key]
    return value


def wrong(place: tuple[str | int, ...], odd: Any) -> bool:
    """Whether a value is of another kind than what has to be at the place."""
    there = at(FULL, place)
    return place[-1] not in TWO_KINDS and None not in (odd, there) and type(odd) is not type(there)


def test_three_thousand_changed_configs_break_nothing_and_no_wrong_type_gets_through(fly: Fly) -> None:
    chance, every = Random(3000), list(places(FULL))
    good = fly.started(FULL)["id"]
    for number in range(3000):
        config, refusable = FULL, False
        for place in chance.sample(every, chance.choice([1, 1, 2, 3])):
            odd = chance.choice(ODD)
            try:
                config = changed(config, place, odd)
            except (KeyError, IndexError, TypeError):
                continue  # another change took that place away
            # The last change is there whatever an earlier one did.
            refusable = wrong(place, odd)
        answer = fly.call("POST", MACHINES, {"config": config, "region": "iad"})
        assert answer.status in (200, 400, 422, 501), answer
        assert not (refusable and answer.status == 200), config
        if answer.status == 200:
            fly.on(answer.body["id"], "?force=true", method="DELETE")
        if number % 500 == 0:
            assert fly.visit(fly_force_instance_id=good).status == 200


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
