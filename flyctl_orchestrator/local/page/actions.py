"""What can be done from the page. Each is an operation of the platform's own API, and nothing else is let through."""

from __future__ import annotations

import re
from typing import Any

from flyctl_orchestrator.local.api.wire import Request
from flyctl_orchestrator.local.base.errors import PlatformError, invalid

_APP, _MACHINE = r"/v1/apps/[a-z0-9-]{1,63}", r"/machines/[0-9a-f]{14}"
ALLOWED = {
    "POST": re.compile(rf"{_APP}{_MACHINE}/(?:start|stop|suspend|restart|cordon|uncordon)|/_local/faults"),
    "DELETE": re.compile(rf"{_APP}|/_local/faults(?:/f[0-9]{{1,9}})?"),
    "PUT": re.compile(r"/_local/settings"),
}


# How long the next release of an app crashes where somebody wants to see a rollout go back.
CRASHES_FOR = "2m"


def crash(app: str, region: Any) -> dict[str, Any]:
    """The action that has an app's next release crash in one region, while the one there is now runs on."""
    # Before its checks pass, or a rollout that watches nothing would be over by then.
    settings = {"after": "0.1s", "release": "new"}
    fault = {"name": "crash-loop", "app": app, "region": region, "for": CRASHES_FOR, "set": settings}
    return {"method": "POST", "path": "/_local/faults", "body": fault}


def wanted(body: Any, token: str) -> Request:
    """The API's request for an action of the page.

    Args:
        body: `method`, `path` and, where the operation takes one, `body`.
        token: with which it is made.

    Raises:
        PlatformError: 400 or 403 for anything that is no action of the page.
    """
    if not isinstance(body, dict) or not all(isinstance(body.get(name), str) for name in ("method", "path")):
        raise invalid("an action has a method and a path")
    allowed = ALLOWED.get(body["method"])
    if allowed is None or not allowed.fullmatch(body["path"]):
        raise PlatformError(403, f"{body['method']} {body['path'][:100]} is not offered on the page")
    headers = {"authorization": f"Bearer {token}"}
    return Request(body["method"], body["path"], headers=headers, body=body.get("body"))
