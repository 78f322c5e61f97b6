"""The services of a Docker Compose file, and what in it has another shape than Compose reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# Things that are named one by one in a message.
MOST = 2


@dataclass(frozen=True)
class Services:
    """The services of a file.

    Attributes:
        good: by name.
        troubles: what is wrong with others or with parts of them, a sentence each without a final stop; some at most.
    """

    good: dict[str, dict[str, Any]]
    troubles: tuple[str, ...] = ()


def readable_services(content: dict[Any, Any]) -> Services | None:
    """The services of a file with this content; None where what should be services is something else."""
    services = content.get("services")
    if not isinstance(services, dict | None):
        return None
    services = services or {}
    good = {name: each for name, each in services.items() if isinstance(name, str) and isinstance(each, dict)}
    troubles = [f"service {shown(str(name))} is no mapping" for name in services if name not in good]
    if content.get("include") is not None:
        troubles.append("it includes other files, which are not looked at")
    for name, service in good.items():
        troubles += [f"service {shown(name)}: {trouble}" for trouble in _troubles(service)]
    if len(troubles) > MOST:
        troubles = [*troubles[:MOST], f"{len(troubles) - MOST} more"]
    return Services(good, tuple(troubles))


def shown(text: str, longest: int = 40) -> str:
    """The beginning of `text` as a line can hold it: anything else than letters that are seen is written out."""
    return (text if text[:longest].isprintable() else repr(text[:longest]))[:longest]


def _troubles(service: dict[str, Any]) -> Iterator[str]:
    if not isinstance(service.get("image", ""), str | None):
        yield "image is no text"
    environment = service.get("environment")
    if not isinstance(environment, dict | list | None):
        yield "environment is neither a mapping nor a list"
    elif isinstance(environment, list) and not all(isinstance(entry, str) for entry in environment):
        yield "environment has entries that are no text"
    extended = service.get("extends")
    if isinstance(extended, dict) and extended.get("file"):
        yield "it extends one of another file, which is not looked at"
