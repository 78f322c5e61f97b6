"""What was found out about an app, and what it was found out from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT_PORT = 8080
CODE = (".py", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".go", ".rb", ".rs", ".ex", ".exs", ".php")
"""How the names of files end that are looked into below the top, too."""


@dataclass(frozen=True)
class Sources:
    """An app's files: the text of the small ones by relative path, and the names of all."""

    texts: Mapping[str, str]
    names: frozenset[str]


@dataclass(frozen=True)
class Detected:
    """A guess about an app.

    Attributes:
        kind: "python", "node", "next", "next-standalone", "go", "static", or "" when nothing is recognized.
        label: for a person, e.g. "a Flask app".
        start: shell command that starts it on $PORT, or None when unknown.
        health: request path that answers when the app is well.
        port: port it listens on inside its machine.
        port_found: whether its files say so; else the port is a guess.
        notes: what the user should know, a sentence each without a final stop.
        install: shell commands that install its dependencies in an image, in order.
        runtime: version of its language, e.g. "3.13".
        known: whether it is of a known kind, though perhaps not one that a Dockerfile can be written for.
        local_build: shell command that makes on this computer what the Dockerfile's RUN lines make; "" for none.
        secrets: names of secrets that its files ask for.
        databases: what it keeps its data in.
        unread: files that are there and were not understood, a sentence each without a final stop.
    """

    kind: str = ""
    label: str = "an app of unknown kind"
    start: str | None = None
    health: str = "/"
    port: int = DEFAULT_PORT
    port_found: bool = False
    notes: tuple[str, ...] = ()
    install: tuple[str, ...] = ()
    runtime: str = ""
    known: bool = False
    local_build: str = ""
    secrets: tuple[WantedSecret, ...] = ()
    databases: tuple[FoundDatabase, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class WantedSecret:
    """A secret that an app asks for by name.

    Attributes:
        random: whether any random value will do.
    """

    name: str
    random: bool


@dataclass(frozen=True)
class FoundDatabase:
    """A database that an app uses.

    Attributes:
        kind: "Postgres", "SQLite"; "" where its files do not say.
        where: what was seen, e.g. "service db in compose.yaml".
    """

    kind: str
    where: str
