"""DATABASE_URL of a machine far from its database: the same one, at the port of a relay that takes as long as the way.

Only a database on this computer gets one, since it is nearer than it would be on Fly.io. One elsewhere is as far away
as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

NAME = "DATABASE_URL"
# The port of a relay from a region to another one and on to a port of this computer; None when there is to be none.
Relay = Callable[[str, str, int], int | None]
_USUAL_PORTS = {"postgres": 5432, "postgresql": 5432, "mysql": 3306, "mariadb": 3306, "redis": 6379, "mongodb": 27017}
_URL = re.compile(r"(?P<scheme>[a-z]+)(?P<rest>(?:\+\w+)?://(?:[^/?#@]*@)?(?P<host>[^/?#@:]+))(?::(?P<port>\d+))?")
HERE = ("localhost", "127.0.0.1")


def through_relay(environment: Mapping[str, str], region: str, relay: Relay, *hosts: str) -> dict[str, str]:
    """The environment, with the database's port replaced where the machine is in another region than the database.

    The database is in the primary region. What is not understood stays as it is.

    Args:
        hosts: what the machine calls this computer; HERE unless said.
    """
    home, url = environment.get("PRIMARY_REGION", ""), environment.get(NAME, "")
    found = _URL.match(url)
    after = url[found.end() :] if found else ""
    if (
        found is None
        or found["host"] not in (hosts or HERE)
        or not home
        or home == region
        or found["scheme"] not in _USUAL_PORTS
        or after[:1] not in ("", "/", "?", "#")
    ):
        return dict(environment)
    port = int(found["port"]) if found["port"] else _USUAL_PORTS[found["scheme"]]
    if not 0 < port < 65536:
        return dict(environment)
    through = relay(region, home, port)
    if through is None:
        return dict(environment)
    return {**environment, NAME: f"{found['scheme']}{found['rest']}:{through}{after}"}
