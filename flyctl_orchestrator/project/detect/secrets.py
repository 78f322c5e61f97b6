"""Names of secrets that an app's code and its `.env.example` ask for. Names only: values are never looked at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from flyctl_orchestrator.project.detect.detected import CODE, Sources, WantedSecret

SAMPLES = (".env.example", ".env.sample", ".env.template", "env.example")

ADDRESS = re.compile(
    r"(?:[A-Z0-9]+_)*(?:DATABASE|DB|POSTGRES|POSTGRESQL|PG|MYSQL|MARIADB|REDIS|VALKEY|MONGO|MONGODB)_(?:URL|URI|DSN)"
)
"""Names of variables that hold the address of a database, with its password."""

# How languages and their usual libraries ask for one variable: Python (also django-environ and decouple), Go, Ruby,
# Rust, Elixir, PHP, Deno.
_IN_CODE = re.compile(
    r"""(?:\benviron(?:\.(?:get|pop|setdefault)\(|\[)|\bgetenv\(|\bos\.(?:Getenv|LookupEnv)\(|\benv::var(?:_os)?\("""
    r"""|\bENV(?:\[|\.fetch\(?\s?)|\bSystem\.(?:get_env|fetch_env!?)\(|\bDeno\.env\.get\(|\b(?:env(?:\.\w+)?|config)\()"""
    r"""\s*["'`]([A-Z][A-Z0-9_]{2,63})["'`]"""
    r"""|\b(?:process|Bun)\.env(?:\??\.|(?:\?\.)?\[["'`])([A-Z][A-Z0-9_]{2,63})\b"""
)
# const { API_TOKEN, DB_PASSWORD: password = "" } = process.env
_TAKEN_APART = re.compile(r"\{([^{}]{1,2000})\}\s*=\s*(?:process|Bun)\.env\b")
_PART = re.compile(r"(?:^|,)\s*([A-Z][A-Z0-9_]{2,63})\b")
# Settings that are handed around before they are read: only names that nobody would look up for another reason.
_LOOKED_UP = re.compile(r"""\.get\(\s*["'](\w*SECRET\w*)["']""")
_IN_SAMPLE = re.compile(r"^\s*(?:export\s+)?([A-Z][A-Z0-9_]{2,63})\s*=", re.MULTILINE)
_SECRET = re.compile(
    r"(?:^|_)(?:SECRETS?|PASSWORDS?|PASSWD|PASSPHRASE|TOKENS?|SALT|DSN|API_?KEYS?|PRIVATE_KEY|ACCESS_KEY|CREDENTIALS?)(?:_|$)"
    r"|_(?:KEY|PASS|PWD|PAT)$|(?:PASSWORD|APIKEY)$"
)
# Settings about a secret, and keys that everybody may have: these are no secrets themselves.
_NONE = re.compile(
    r"(?:^|_)(?:PUBLIC|PUBLISHABLE)(?:_|$)|^VITE_"
    r"|_(?:AGE|ALGORITHM|AUDIENCE|COUNT|DAYS|ENABLED|ENDPOINT|EXPIR\w*|FILE|HEADER|HOURS|ISSUER|LENGTH|LIFETIME|LIMIT|MAX|MIN"
    r"|MINUTES|NAME|PATH|PREFIX|ROUNDS|SECONDS|SIZE|TIMEOUT|TTL|TYPE|URI|URL)$"
)
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
    names = {name for name in asked if ADDRESS.fullmatch(name) or (_SECRET.search(name) and not _NONE.search(name))}
    names -= {name for name in names if _GIVEN.match(name) or _EARLIER.search(name)}
    found = [WantedSecret(name, _OWN.fullmatch(name) is not None) for name in sorted(names)]
    return tuple(sorted(found, key=lambda secret: not secret.random))


def names_asked_for(name: str, text: str) -> Iterator[str]:
    """Names of variables that the file `name` reads or lists, whether they are secrets or not."""
    if name in SAMPLES:
        yield from _IN_SAMPLE.findall(text)
    elif name.endswith(CODE):
        for called, node in _IN_CODE.findall(text):
            yield called or node
        for parts in _TAKEN_APART.findall(text):
            yield from _PART.findall(parts)
        yield from _LOOKED_UP.findall(text)
