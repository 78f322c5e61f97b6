"""Where a machine's app listens, when it is not where the platform looks for it: both addresses, and what to change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from flyctl_orchestrator.local.core.kernel import Kernel
from flyctl_orchestrator.local.core.model import Machine
from flyctl_orchestrator.local.core.seams import ProcessInfo, Runtime

# Reading /proc costs some milliseconds: a machine that is still coming up is looked at less and less often.
FIRST_LOOK_SECONDS, LONGEST_PAUSE_SECONDS = 0.4, 4.0
_EVERYWHERE = frozenset({"0.0.0.0", "[::]"})
_REACHES_LOOPBACK = frozenset({"127.0.0.1", "0.0.0.0", "[::]"})


@dataclass
class _Look:
    """What was seen of one boot of a machine, and when to look again."""

    boot: int
    next_at: float
    pause: float = FIRST_LOOK_SECONDS
    listens_on: tuple[str, ...] = ()
    told: set[int] = field(default_factory=set)


class Listening:
    """Explains refused connections."""

    def __init__(self, kernel: Kernel, runtime: Runtime) -> None:
        self._kernel = kernel
        self._runtime = runtime
        self._looks: dict[str, _Look] = {}

    def why_refused(self, machine: Machine, internal_port: int) -> str:
        """One sentence for a person, "" when the app listens nowhere yet or nothing is known. Told in the log once."""
        before, look = self._looked(machine)
        sentence = wrong_address(machine, internal_port, look.listens_on)
        # A helper's port may be open before the app's own: only what is seen twice goes into the log.
        if sentence and before == look.listens_on and internal_port not in look.told:
            look.told.add(internal_port)
            self._kernel.say(machine, sentence, "error")
        return sentence

    def _looked(self, machine: Machine) -> tuple[tuple[str, ...], _Look]:
        """What was seen before, and what is seen now."""
        now = self._kernel.clock.now()
        look = self._looks.get(machine.id)
        if look is None or look.boot != machine.boot:
            look = self._looks[machine.id] = _Look(machine.boot, now + FIRST_LOOK_SECONDS)
        before = look.listens_on
        if now >= look.next_at:
            look.listens_on = _addresses(self._runtime.processes(machine.id) or ())
            look.next_at, look.pause = now + look.pause, min(2 * look.pause, LONGEST_PAUSE_SECONDS)
        return before, look

    def forget(self, machine_id: str) -> None:
        """The machine is destroyed."""
        self._looks.pop(machine_id, None)


def _addresses(processes: Iterable[ProcessInfo]) -> tuple[str, ...]:
    return tuple(sorted({address for one in processes for _, address in one.listen_sockets}))


def wrong_address(machine: Machine, internal_port: int, listens_on: Iterable[str]) -> str:
    """What is wrong with where an app listens, "" when nothing is, or when it listens nowhere.

    Args:
        listens_on: addresses such as "0.0.0.0:8080".
    """
    if machine.contained:
        return _wrong_in_container(internal_port, listens_on)
    port = machine.ports.get(internal_port, 0)
    taken = {str(local) for local in machine.ports.values()}
    there = [address for address in listens_on if address.endswith(f":{port}")]
    if any(address.rpartition(":")[0] in _REACHES_LOOPBACK for address in there):
        return ""
    others = [address for address in listens_on if address.rpartition(":")[2] not in taken]
    main = next(iter(machine.ports), internal_port)
    variable = "$PORT" if internal_port == main else f"$PORT_{internal_port}"
    wanted = f"{variable} (127.0.0.1:{port})"
    if there:
        return f"the app listens on {' and '.join(there)}, the platform looks at {wanted}: let it listen on 0.0.0.0"
    if not others:
        return ""
    said = f"the app listens on {' and '.join(others)}"
    here = f"on the local platform, where every machine has a port of its own, it has to listen on {wanted}"
    literal = any(address.endswith(f":{internal_port}") for address in others)
    if literal:
        return f"{said}: {here}; write {variable} instead of {internal_port} in its command or its code"
    first = others[0].rpartition(":")[2]
    return (
        f"{said}, fly.toml's internal_port says {internal_port}: {here}; for Fly.io, let it listen on"
        f" 0.0.0.0:{internal_port} or write internal_port = {first}"
    )


def _wrong_in_container(internal_port: int, listens_on: Iterable[str]) -> str:
    """The same for a container, which has every port for itself and is reached from outside only."""
    addresses = list(listens_on)
    there = [address for address in addresses if address.endswith(f":{internal_port}")]
    if any(address.rpartition(":")[0] in _EVERYWHERE for address in there):
        return ""
    if there:
        return (
            f"the app listens on {' and '.join(there)} of its container only: let it listen on 0.0.0.0:{internal_port}"
        )
    if not addresses:
        return ""
    port = addresses[0].rpartition(":")[2]
    return (
        f"the app listens on {' and '.join(addresses)}, fly.toml's internal_port says {internal_port}: let it listen on"
        f" 0.0.0.0:{internal_port}, or write internal_port = {port}"
    )
