"""What the engine is asked for to run one machine once."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Mapping
from typing import Any

from flyctl_orchestrator.local.containers.names import MACHINE_LABEL, Names
from flyctl_orchestrator.local.core.seams import Launch

_MEGABYTE = 1 << 20
_NANO = 1_000_000_000
_LOOPBACK = "127.0.0.1"
# What containers call this computer.
HOST_HERE = "host.docker.internal"
_OWN_HOST = re.compile(r"[\w+.-]+://(?:[^/?#]*@)?(?:localhost|127\.0\.0\.1|\[::1\])(?:[:/?#]|$)")


def container_of(
    launch: Launch, names: Names, cpus_here: int, *, own_address: bool, flycast: str = ""
) -> dict[str, Any]:
    """The body of the engine's call that creates a container.

    Args:
        cpus_here: how many the engine has; it refuses more.
        own_address: whether the network takes the machine's own address.
        flycast: the address of the platform's proxy, "" where there is none.

    The image's environment, user and directory are the engine's business; its HEALTHCHECK is switched off, since
    Fly.io ignores it. Memory and swap are limited together.
    """
    ports = {f"{internal}/tcp": local for internal, local in launch.ports.items()}
    network = names.network(launch.network)
    address = launch.private_ip if own_address else ""
    return {
        "Image": launch.image.engine_id,
        "Hostname": launch.machine_id,
        "Env": [f"{name}={value}" for name, value in launch.env.items()],
        "Entrypoint": list(launch.argv[:1]),
        "Cmd": list(launch.argv[1:]),
        "Healthcheck": {"Test": ["NONE"]},
        "Labels": {**names.labels, MACHINE_LABEL: launch.machine_id},
        "ExposedPorts": {port: {} for port in ports},
        "HostConfig": {
            # On Fly.io the app is not process 1 either: its own init is.
            "Init": True,
            "Memory": launch.memory_mb * _MEGABYTE,
            "MemorySwap": (launch.memory_mb + launch.swap_mb) * _MEGABYTE,
            "NanoCpus": min(launch.cpus, cpus_here) * _NANO,
            "NetworkMode": network,
            "PortBindings": {port: [{"HostIp": _LOOPBACK, "HostPort": str(local)}] for port, local in ports.items()},
            "ExtraHosts": [
                f"{HOST_HERE}:host-gateway",
                *([f"fly-local-6pn:{address}"] if address else []),
                *(f"{app}.flycast:{flycast}" for app in launch.flycast if flycast),
            ],
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "1"}},
            "Mounts": [_mount(path, directory.name, names) for path, directory in launch.volumes.items()],
        },
        "NetworkingConfig": {
            "EndpointsConfig": {
                network: {
                    "Aliases": aliases(launch),
                    **({"IPAMConfig": {"IPv6Address": address}} if address else {}),
                }
            }
        },
    }


def aliases(launch: Launch) -> list[str]:
    """Names under .internal that stand for the machine in its network; none for one such as a release command's."""
    if not launch.named:
        return []
    return [
        f"{launch.app}.internal",
        f"{launch.region}.{launch.app}.internal",
        f"{launch.machine_id}.vm.{launch.app}.internal",
    ]


def _mount(path: str, volume_id: str, names: Names) -> dict[str, Any]:
    # A new volume is empty on Fly.io, whatever the image has in that place.
    options = {"NoCopy": True, "Labels": names.labels}
    return {"Type": "volume", "Source": names.volume(volume_id), "Target": path, "VolumeOptions": options}


def own_hosts_in(env: Mapping[str, str]) -> list[str]:
    """The variables with a URL of localhost, where a container does not reach this computer. Values are not shown."""
    return [name for name, value in env.items() if _OWN_HOST.match(value)]


def archive_of(files: Mapping[str, bytes]) -> bytes:
    """[[files]] as a tar to be unpacked at the root; readable by the machine's user, whoever that is."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for path, data in files.items():
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    return content.getvalue()
