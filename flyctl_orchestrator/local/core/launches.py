"""Turns a machine's record into what the runtime needs to boot it: command, environment, files, ports."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flyctl_orchestrator.local.base import machine_config
from flyctl_orchestrator.local.base.errors import invalid
from flyctl_orchestrator.local.core.addresses import Addresses
from flyctl_orchestrator.local.core.database_url import Relay, through_relay
from flyctl_orchestrator.local.core.kernel import Kernel
from flyctl_orchestrator.local.core.model import Machine
from flyctl_orchestrator.local.core.seams import Image, Images, Launch, Ports
from flyctl_orchestrator.local.core.secrets import Secrets
from flyctl_orchestrator.local.core.volumes import Volumes

DEFAULT_PORT = 8080


class Launches:
    """Builds `Launch` values."""

    def __init__(
        self, kernel: Kernel, images: Images, ports: Ports, secrets: Secrets, volumes: Volumes, addresses: Addresses
    ) -> None:
        self._kernel = kernel
        self._images = images
        self._ports = ports
        self._secrets = secrets
        self._volumes = volumes
        self._addresses = addresses
        # Host and port where names under .internal are answered; "" where nobody does.
        self.private_network = ""
        # Where a machine far from its database connects instead, while traffic between regions is delayed.
        self.database_relay: Relay | None = None

    def build(self, machine: Machine) -> Launch:
        """Everything for one boot; gives the machine its ports and notes which secrets it boots with.

        Raises:
            ImageNotFound: the image is gone.
            PlatformError: a file's content cannot be read.
        """
        image = self._images.resolve(machine.image)
        secrets = {} if machine.skip_secrets else self._secrets.values(machine.app)
        self.release(machine)
        main_port = self._take_ports(machine, image)
        machine.secrets_version = self._kernel.app(machine.app).secrets_version
        machine.contained = bool(image.engine_id)
        size = machine_config.guest(machine.config)
        return Launch(
            machine_id=machine.id,
            app=machine.app,
            region=machine.region,
            instance_id=machine.instance_id,
            image=image,
            argv=command(machine.config, image),
            env=self._environment(machine, image, secrets, main_port),
            port=main_port,
            files=_files(machine.config, secrets),
            volumes=self._mounts(machine, engine=bool(image.engine_id)),
            keep_rootfs=_keeps_rootfs(machine.config),
            ports=dict(machine.ports),
            network=self._kernel.app(machine.app).network,
            private_ip=machine.private_ip,
            named=not (machine.config.get("dns") or {}).get("skip_registration"),
            flycast=self._addresses.flycast(self._kernel.app(machine.app).network),
            memory_mb=size["memory_mb"],
            cpus=size["cpus"],
            swap_mb=int((machine.config.get("init") or {}).get("swap_size_mb") or 0),
        )

    def release(self, machine: Machine) -> None:
        """Give a machine's ports back."""
        for port in machine.ports.values():
            self._ports.give_back(port)
        machine.ports = {}

    def _take_ports(self, machine: Machine, image: Image) -> int:
        wanted = machine_config.internal_ports(machine.config) or [image.exposed_port or DEFAULT_PORT]
        machine.ports = {internal: self._ports.take() for internal in wanted}
        return machine.ports[wanted[0]]

    def _environment(
        self, machine: Machine, image: Image, secrets: Mapping[str, str], main_port: int
    ) -> dict[str, str]:
        said = {name: str(value) for name, value in (machine.config.get("env") or {}).items()}
        own = {
            "FLY_APP_NAME": machine.app,
            "FLY_MACHINE_ID": machine.id,
            "FLY_ALLOC_ID": machine.id,
            "FLY_REGION": machine.region,
            "FLY_PUBLIC_IP": self._addresses.public_ip(machine.app),
            "FLY_IMAGE_REF": machine.image,
            "FLY_MACHINE_VERSION": machine.instance_id,
            "FLY_PRIVATE_IP": machine.private_ip,
            "FLY_VM_MEMORY_MB": str(machine_config.guest(machine.config)["memory_mb"]),
        }
        if image.engine_id:
            # A container has ports and names of its own, as on Fly.io, so nothing has to be told about them.
            return {"FLY_PROCESS_GROUP": machine.process_group, **said, **secrets, **own}
        if self.private_network:
            own["FLY_LOCAL_INTERNAL"] = self.private_network
        ports = {f"PORT_{internal}": str(port) for internal, port in machine.ports.items() if port != main_port}
        # Here a machine's port is a port of this computer, which other computers should not reach.
        defaults = {"FLY_PROCESS_GROUP": machine.process_group, "HOST": "127.0.0.1"}
        whole = {**defaults, **image.env, **said, **secrets, **own, **ports, "PORT": str(main_port)}
        return through_relay(whole, machine.region, self.database_relay) if self.database_relay else whole

    def _mounts(self, machine: Machine, *, engine: bool) -> dict[str, Path]:
        found = {}
        for mount in machine.config.get("mounts") or []:
            self._volumes.take_for(str(mount.get("volume", "")), engine=engine)
            directory = self._volumes.directory(str(mount.get("volume", "")))
            if directory is not None:
                found[str(mount.get("path", "/data"))] = directory
        return found


def command(config: Mapping[str, Any], image: Image) -> tuple[str, ...]:
    """The full command: the image's, with the overrides of `config.init` and the first of `config.processes`.

    `exec` replaces everything; a new entrypoint drops the image's command, as Docker does.
    """
    init: Mapping[str, Any] = config.get("init") or {}
    process: Mapping[str, Any] = (config.get("processes") or [{}])[0] or {}
    if init.get("exec") or process.get("exec"):
        return tuple(map(str, process.get("exec") or init["exec"]))
    entrypoint = process.get("entrypoint") or init.get("entrypoint")
    said = process.get("cmd") or init.get("cmd")
    if entrypoint:
        return (*map(str, entrypoint), *map(str, said or ()))
    return (*image.entrypoint, *map(str, said or image.cmd))


def _keeps_rootfs(config: Mapping[str, Any]) -> bool:
    persist = (config.get("rootfs") or {}).get("persist") or (config.get("guest") or {}).get("persist_rootfs")
    return persist in ("always", "restart", 2, 3)


def _files(config: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for said in config.get("files") or []:
        path = os.path.normpath(str(said.get("guest_path", "")))
        name = said.get("secret_name")
        text = secrets.get(name, "") if name else said.get("raw_value") or ""
        try:
            found[path] = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise invalid(f"config.files: the content for {path} is not base64") from None
    return found
