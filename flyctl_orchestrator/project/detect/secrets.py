"""Names of secrets that an app's code and its `.env.example` ask for. Names only: values are never looked at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from flyctl_orchestrator.project.detect.detected import Sources, WantedSecret

SAMPLES = (".env.example", ".env.sample", ".env.template", "env.example")

ADDRESS = re.compile(
    r"(?:[A-Z0-9]+_)*(?:DATABASE|DB|POSTGRES|POSTGRESQL|PG|MYSQL|MARIADB|REDIS|VALKEY|MONGO|MONGODB)_(?:URL|URI|DSN)"
)
"""Names of variables that hold the address of a database, with its password."""

_IN_CODE = re.compile(
    r"""(?:\benviron(?:\.get\(|\[)|\bgetenv\(|\bos\.Getenv\()\s*["']([A-Z][A-Z0-9_]{2,63})["']"""
    r"""|\bprocess\.env(?:\.|\[["'])([A-Z][A-Z0-9_]{2,63})\b"""
)
# Settings that are handed around before they are read: only names that nobody would look up for another reason.
_LOOKED_UP = re.compile(r"""\.get\(\s*["'](\w*SECRET\w*)["']""")
_IN_SAMPLE = re.compile(r"^\s*(?:export\s+)?([A-Z][A-Z0-9_]{2,63})\s*=", re.MULTILINE)
_SECRET = re.compile(r"(?:^|_)(?:SECRET|SECRETS|PASSWORD|PASSWD|TOKEN|SALT|DSN|API_KEY|PRIVATE_KEY)(?:_|$)|_KEY$")
# Any random value will do for these: nothing else has to know them.
_OWN = re.compile(
    r"(?:(?:APP|AUTH|COOKIE|DJANGO|FLASK|JWT|NEXTAUTH|RAILS|SESSION)_)?(?:SECRET(?:_KEY(?:_BASE)?)?|SALT)|NODE_SESSION_SECRET"
)
# Fly.io and flyctl set or use these themselves.
_GIVEN = re.compile(r"FLY_|FLYCTL_")
# Earlier keys that are still accepted while a key is changed: an app starts without any.
_EARLIER = re.compile(r"_(?:FALLBACKS?|OLD|PREVIOUS)$")


def wanted_secrets(sources: Sources, more: Iterable[str] = ()) -> tuple[WantedSecret, ...]:
    """The secrets that an app's files name, and `more`; those that can be made up first, each once."""
    asked = {asked for name, text in sources.texts.items() for asked in names_asked_for(name, text)} | set(more)
    names = {name for name in asked if _SECRET.search(name) or ADDRESS.fullmatch(name)}
    names -= {name for name in names if _GIVEN.match(name) or _EARLIER.search(name)}
    found = [WantedSecret(name, _OWN.fullmatch(name) is not None) for name in sorted(names)]
    return tuple(sorted(found, key=lambda secret: not secret.random))


def names_asked_for(name: str, text: str) -> Iterator[str]:
    """Names of variables that the file `name` reads or lists, whether they are secrets or not."""
    if name in SAMPLES:
        yield from _IN_SAMPLE.findall(text)
    elif name.endswith((".py", ".js", ".mjs", ".cjs", ".ts", ".go")):
        for python_or_go, node in _IN_CODE.findall(text):
            yield python_or_go or node
        yield from _LOOKED_UP.findall(text)
