"""What the engine is asked for, and what its answers mean."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from ipaddress import IPv6Address
from pathlib import Path
from random import Random

import pytest

from flyctl_orchestrator.local.base.identifiers import Identifiers, private_network
from flyctl_orchestrator.local.containers.configuration import aliases, archive_of, container_of, own_hosts_in
from flyctl_orchestrator.local.containers.names import Names
from flyctl_orchestrator.local.containers.watching import exit_of
from flyctl_orchestrator.local.core.listening import wrong_address
from flyctl_orchestrator.local.core.model import Machine
from flyctl_orchestrator.local.core.seams import Image, Launch

NAMES = Names(Path("/somewhere/local"))
ADDRESS = Identifiers(Random(1)).private_ip("148e21a2b36789", 0x102, private_network("/somewhere/local", "default"))
IMAGE = Image("registry.fly.io/shop:one", "sha256:ab", Path("/none"), 1, engine_id="sha256:ab")


def _launch() -> Launch:
    return Launch(
        machine_id="148e21a2b36789",
        app="shop",
        region="fra",
        instance_id="01",
        image=IMAGE,
        argv=("serve", "--all"),
        env={"KEY": "value"},
        port=20100,
        ports={8080: 20100, 9000: 20101},
        volumes={"/data": Path("/somewhere/local/volumes/vol_1")},
        memory_mb=512,
        cpus=4,
        swap_mb=256,
        network="default",
        private_ip=ADDRESS,
    )


def test_limits_ports_and_command() -> None:
    body = container_of(_launch(), NAMES, cpus_here=2, own_address=True)
    host = body["HostConfig"]
    assert (body["Entrypoint"], body["Cmd"], body["Env"]) == (["serve"], ["--all"], ["KEY=value"])
    assert (host["Memory"], host["MemorySwap"]) == (512 << 20, 768 << 20)
    assert host["NanoCpus"] == 2_000_000_000, "an engine refuses more than it has"
    assert host["Init"] is True and body["Healthcheck"] == {"Test": ["NONE"]}
    assert host["PortBindings"] == {
        "8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "20100"}],
        "9000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "20101"}],
    }


def test_a_volume_is_the_engine_s_and_begins_empty() -> None:
    (mount,) = container_of(_launch(), NAMES, 8, own_address=True)["HostConfig"]["Mounts"]
    assert (mount["Type"], mount["Source"], mount["Target"]) == ("volume", NAMES.volume("vol_1"), "/data")
    assert mount["VolumeOptions"]["NoCopy"] is True


@pytest.mark.parametrize("own_address", [True, False])
def test_names_under_internal_and_the_address(own_address: bool) -> None:
    body = container_of(_launch(), NAMES, 8, own_address=own_address)
    endpoint = body["NetworkingConfig"]["EndpointsConfig"][NAMES.network("default")]
    assert endpoint["Aliases"] == ["shop.internal", "fra.shop.internal", "148e21a2b36789.vm.shop.internal"]
    assert endpoint.get("IPAMConfig") == ({"IPv6Address": ADDRESS} if own_address else None)
    assert (f"fly-local-6pn:{ADDRESS}" in body["HostConfig"]["ExtraHosts"]) is own_address


def test_a_machine_that_is_not_registered_has_no_name() -> None:
    assert aliases(replace(_launch(), named=False)) == []


def test_the_platform_s_addresses_are_those_of_its_networks() -> None:
    assert IPv6Address(ADDRESS) in NAMES.addresses("default")
    assert not NAMES.addresses("default").overlaps(NAMES.addresses("other"))
    assert not NAMES.addresses("default").overlaps(Names(Path("/elsewhere/local")).addresses("default"))


def test_two_platforms_have_no_name_in_common() -> None:
    other = Names(Path("/elsewhere/local"))
    assert other.network("default") != NAMES.network("default")
    assert other.label_filter != NAMES.label_filter


def test_files_are_a_tar_of_paths_from_the_root() -> None:
    with tarfile.open(fileobj=io.BytesIO(archive_of({"/etc/app/key": b"x", "plain": b""}))) as tar:
        assert {entry.name: entry.size for entry in tar} == {"etc/app/key": 1, "plain": 0}


def test_urls_of_this_computer_are_named_and_not_shown() -> None:
    env = {
        "DATABASE_URL": "postgres://me:p@ss@localhost:5432/app",
        "REDIS_URL": "redis://127.0.0.1",
        "FAR_URL": "postgres://me@db.example/localhost",
        "NEAR_URL": "http://host.docker.internal:80/",
        "LIKE_URL": "http://localhost.example/",
        "PLAIN": "localhost",
    }
    assert own_hosts_in(env) == ["DATABASE_URL", "REDIS_URL"]


@pytest.mark.parametrize(
    ("state", "code", "signal", "oom"),
    [
        ({"ExitCode": 0, "OOMKilled": False}, 0, None, False),
        ({"ExitCode": 3}, 3, None, False),
        ({"ExitCode": 130}, 130, 2, False),
        ({"ExitCode": 137, "OOMKilled": True}, 137, 9, True),
        ({"ExitCode": 0, "OOMKilled": True}, 0, None, False),
        ({"ExitCode": 255}, 255, None, False),
    ],
)
def test_how_a_container_ended(state: dict[str, object], code: int, signal: int | None, oom: bool) -> None:
    ended = exit_of(state, requested=True)
    assert (ended.code, ended.signal, ended.oom, ended.requested) == (code, signal, oom, True)


@pytest.mark.parametrize(
    ("listens_on", "said"),
    [
        (["0.0.0.0:8080"], ""),
        (["[::]:8080"], ""),
        ([], ""),
        (
            ["127.0.0.1:8080"],
            "127.0.0.1:8080 of its container only: let it listen on 0.0.0.0:8080",
        ),
        (["0.0.0.0:3000"], "internal_port says 8080: let it listen on 0.0.0.0:8080, or write internal_port = 3000"),
    ],
)
def test_where_an_app_in_a_container_listens(listens_on: list[str], said: str) -> None:
    machine = Machine("1", "shop", "m", "fra", "01", {}, "", "", 0.0, 0.0, ports={8080: 20100}, contained=True)
    sentence = wrong_address(machine, 8080, listens_on)
    assert sentence == said or (said and said in sentence)
