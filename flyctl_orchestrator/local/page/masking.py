"""Takes the values of secrets out of what apps say, before the page shows it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, unquote

from flyctl_orchestrator.local.platform import Platform

MASK = "•••"
# Shorter values stand in ordinary words; taking them out would garble every line and tell the value by that.
LEAST = 6
# A query's value that is named like a credential, in a log's line or in the path of a check.
_CREDENTIAL = re.compile(
    r"([?&;][^\s=&;#]*(?:token|key|secret|passw|pwd|auth|cred|sig|session|code)[^\s=&;#]*=)[^\s&;#'\")\]]{4,}", re.I
)


class Mask:
    """What must not be shown: the values that every app's secrets have or had, also as programs write them down; and
    what is named like a credential in a query.
    """

    def __init__(self, values: Iterable[str]) -> None:
        # The longest first, so that nothing is left of one that begins with another.
        written = {form for value in values for form in _forms(value) if len(form) >= LEAST}
        self._values = sorted(written, key=len, reverse=True)

    @classmethod
    def of(cls, platform: Platform) -> Mask:
        """The mask for a platform as it is now."""
        return cls(value for app in platform.apps.list() for value in platform.secrets.all_values(app.name))

    def over(self, shown: Any) -> Any:
        """`shown` (JSON) with every string masked."""
        if isinstance(shown, str):
            return self._text(shown)
        if isinstance(shown, list):
            return [self.over(one) for one in shown]
        if isinstance(shown, dict):
            return {key: self.over(one) for key, one in shown.items()}
        return shown

    def _text(self, text: str) -> str:
        for value in self._values:
            if value in text:
                text = text.replace(value, MASK)
        return _CREDENTIAL.sub(rf"\1{MASK}", text) if "=" in text else text


def _forms(value: str) -> Iterator[str]:
    """A value as it is and as it may stand in a log: quoted, in a URL, line by line, and the password of a URL."""
    yield value
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield repr(value)[1:-1]
    yield quote(value, safe="", errors="surrogatepass")
    yield quote(value, errors="surrogatepass")
    lines = value.splitlines()
    if len(lines) > 1:
        yield from (line.strip() for line in lines)
    before, at, _ = value.partition("://")[2].rpartition("@")
    password = before.partition(":")[2]
    if at and password:
        yield from (password, unquote(password))
