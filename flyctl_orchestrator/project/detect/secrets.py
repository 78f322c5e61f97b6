"""Names of secrets that an app's code and its `.env.example` ask for. Names only: values are never looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flyctl_orchestrator.project.detect.detected import Sources, WantedSecret

SAMPLES = (".env.example", ".env.sample", ".env.template", "env.example")

_IN_CODE = re.compile(
    r"""(?:\benviron(?:\.get\(|\[)|\bgetenv\(|\bos\.Getenv\()\s*["']([A-Z][A-Z0-9_]{2,63})["']"""
    r"""|\bprocess\.env(?:\.|\[["'])([A-Z][A-Z0-9_]{2,63})\b"""
)
# Settings that are handed around before they are read: only names that nobody would look up for another reason.
_LOOKED_UP = re.compile(r"""\.get\(\s*["'](\w*SECRET\w*)["']""")
_IN_SAMPLE = re.compile(r"^\s*(?:export\s+)?([A-Z][A-Z0-9_]{2,63})\s*=", re.MULTILINE)
_SECRET = re.compile(
    r"(?:^|_)(?:SECRET|SECRETS|PASSWORD|PASSWD|TOKEN|SALT|DSN|API_KEY|PRIVATE_KEY)(?:_|$)|_KEY$|^DATABASE_URL$"
)
# Any random value will do for these: nothing else has to know them.
_OWN = re.compile(
    r"(?:(?:APP|AUTH|COOKIE|DJANGO|FLASK|JWT|NEXTAUTH|RAILS|SESSION)_)?(?:SECRET(?:_KEY(?:_BASE)?)?|SALT)|NODE_SESSION_SECRET"
)
# Fly.io and flyctl set or use these themselves.
_GIVEN = re.compile(r"FLY_|FLYCTL_")
# Earlier keys that are still accepted while a key is changed: an app starts without any.
_EARLIER = re.compile(r"_(?:FALLBACKS?|OLD|PREVIOUS)$")


def wanted_secrets(sources: Sources) -> tuple[WantedSecret, ...]:
    """The secrets that an app's files name, those that can be made up first, each once."""
    names = {name for name in _names(sources) if _SECRET.search(name)}
    names -= {name for name in names if _GIVEN.match(name) or _EARLIER.search(name)}
    found = [WantedSecret(name, _OWN.fullmatch(name) is not None) for name in sorted(names)]
    return tuple(sorted(found, key=lambda secret: not secret.random))


def _names(sources: Sources) -> Iterator[str]:
    for name, text in sources.texts.items():
        if name in SAMPLES:
            yield from _IN_SAMPLE.findall(text)
        elif name.endswith((".py", ".js", ".mjs", ".cjs", ".ts", ".go")):
            for python_or_go, node in _IN_CODE.findall(text):
                yield python_or_go or node
            yield from _LOOKED_UP.findall(text)
