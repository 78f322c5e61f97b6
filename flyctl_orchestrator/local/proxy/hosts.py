"""Which app a request is for, and where its client pretends to be: both are in the Host."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

REGION_HEADER = "Fly-Local-Region"

APP_NAME = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:(?P<region>[a-z]{{3}})\.)?(?P<app>{APP_NAME})\.localhost\.?(?::[0-9]{{1,5}})?", re.ASCII)


@dataclass(frozen=True)
class AppHost:
    """What a proxied Host names: an app, and perhaps the client's region."""

    app: str
    region: str | None


@lru_cache(maxsize=1024)
def parse_host(host: str) -> AppHost | None:
    """Read `APP.localhost[:P]` or `REGION.APP.localhost[:P]`; None when it is neither (so not the proxy's business).

    The region is any three letters here; whether it exists is for the caller to say.
    """
    match = _HOST.fullmatch(host.strip().lower())
    return None if match is None else AppHost(match["app"], match["region"])
