"""What an answer of the Machines API says: the value that was asked for, or the platform's own refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from flyctl_orchestrator.fleet import wire
from flyctl_orchestrator.fleet.decode import Unreadable, convert, decode, first_words, readable
from flyctl_orchestrator.fleet.http import HttpAnswer
from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.redact import redact
from flyctl_orchestrator.fleet.resources import Lease

T = TypeVar("T")

# Takes the value out of an answer of status 2xx, or raises Unreadable.
Read = Callable[[HttpAnswer], T]
LONGEST = 300


def expect(shape: type[T]) -> Read[T]:
    """Reads an answer whose body is JSON of a shape, whatever its content type says."""
    return lambda answer: decode(answer.body, shape)


def acknowledged(answer: HttpAnswer) -> None:
    """Reads an answer that only says that something was done: no body at all, or a JSON object that names no error.

    Raises:
        Unreadable: it is anything else, e.g. a page of HTML, and so proves nothing.
    """
    if answer.body and decode(answer.body, dict[str, Any]).get("error"):
        raise Unreadable("it is an error message")


def machines_of(app: str) -> Read[list[Machine]]:
    """Reads a list of an app's machines."""

    def read(answer: HttpAnswer) -> list[Machine]:
        found = [Machine.of_wire(app, each) for each in decode(answer.body, list[wire.Machine])]
        if len({machine.id for machine in found}) < len(found):
            raise Unreadable("it lists the same machine twice")
        return found

    return read


def machine_of(app: str, machine_id: str | None = None) -> Read[Machine]:
    """Reads one of an app's machines; `machine_id`: which one it has to be."""

    def read(answer: HttpAnswer) -> Machine:
        machine = Machine.of_wire(app, decode(answer.body, wire.Machine))
        if machine_id is not None and machine.id != machine_id:
            raise Unreadable("it is about another machine")
        return machine

    return read


def versions(answer: HttpAnswer) -> list[tuple[str, dict[str, Any]]]:
    """Reads the configurations that a machine has had, as (instance_id, config).

    Raises:
        Unreadable: it is something else.
    """
    rows = decode(answer.body, list[wire.MachineVersion])
    for row in rows:
        convert(row.user_config, wire.Config)
    return [(row.version, row.user_config) for row in rows]


def lease(answer: HttpAnswer) -> Lease:
    """Reads an answer about a lease.

    Raises:
        Unreadable: it is something else.
    """
    return Lease.of_wire(decode(answer.body, wire.LeaseAnswer).data)


def lease_with_nonce(answer: HttpAnswer) -> Lease:
    """Reads the answer to taking a lease.

    Raises:
        Unreadable: it is something else, or does not give the right to change anything.
    """
    taken = lease(answer)
    if not taken.nonce:
        raise Unreadable("it has no nonce")
    return taken


def reached(answer: HttpAnswer) -> bool:
    """Reads the answer to waiting for a state: that it is there.

    Raises:
        Unreadable: it is something else.
    """
    acknowledged(answer)
    return True


def understood(answer: HttpAnswer) -> bool:
    """Whether an answer of status 400 or more is the platform's own refusal, and not that of something in between."""
    return _refusal(answer) is not None


def complaint(answer: HttpAnswer, private: Iterable[str]) -> str:
    """What an answer of status 400 or more says is wrong, for a person: on one line, cut, without secrets."""
    refusal = _refusal(answer)
    if refusal is None:
        return first_words(answer.body, private)
    said = refusal.get("message") or refusal.get("error") or ""
    text = redact(readable(said if isinstance(said, str) else ""), private)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def reported_status(answer: HttpAnswer) -> str:
    """The `status` field of an error, e.g. "insufficient_capacity", or ""."""
    said = (_refusal(answer) or {}).get("status")
    return said if isinstance(said, str) else ""


def strange(answer: HttpAnswer, host: str, reason: str, private: Iterable[str]) -> str:
    """Part of a sentence about an answer that was not understood: its status, what is wrong, and how it begins.

    Args:
        reason: as `Unreadable` says it.
    """
    if 300 <= answer.status < 400:
        target = readable(answer.headers.get("location", ""))[:120]
        return f"{host} answered {answer.status}, a redirect to {redact(target, private) or 'nowhere'}"
    words = first_words(answer.body, private)
    if not words:
        return f"{host} answered {answer.status} with an empty body"
    return f"the answer of {host} ({answer.status}) cannot be read: {reason}; it begins with {words}"


def _refusal(answer: HttpAnswer) -> dict[str, Any] | None:
    try:
        said = decode(answer.body, dict[str, Any])
    except Unreadable:
        return None
    return said if any(isinstance(said.get(key), str) for key in ("error", "message")) else None
