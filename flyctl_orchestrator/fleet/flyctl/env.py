"""The environment flyctl is run in: what changes its behaviour is set or removed, never inherited by accident."""

from __future__ import annotations

from collections.abc import Mapping

# Where its three APIs, its registry and its files are. Setting some of the first three sends the token to two places.
API_BASES = ("FLY_API_BASE_URL", "FLY_FLAPS_BASE_URL", "FLY_UIEX_BASE_URL")
_KEPT_FLY = {*API_BASES, "FLY_CONFIG_DIR", "FLY_REGISTRY_HOST", "FLY_TRACE_COLLECTOR_URL", "FLY_METRICS_BASE_URL"}
_DROPPED = {"DEPLOY_TRIGGER", "BUILDKIT_ADDR", "BUILDKIT_IMAGE", "LOG_LEVEL", "FLYCTL_OUTPUT_HAR"}
_SET = {
    "FLY_NO_UPDATE_CHECK": "1",
    "FLY_NO_INCIDENTS_CHECK": "1",
    "FLY_SEND_METRICS": "0",
    "FLYCTL_STATUSLOGGER_NO_ERROR": "1",
    "NO_COLOR": "1",
}


def child_environment(
    variables: Mapping[str, str], *, token: str | None, extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment for a flyctl process.

    Every FLY_* variable but those naming its servers and files is dropped: FLY_APP, FLY_REGION, FLY_ORG, FLY_JSON,
    FLY_ACCESS_TOKEN and others change what a command does, and an empty FLY_ACCESS_TOKEN hides FLY_API_TOKEN.
    flyo's own variables and settings that make flyctl log request bodies are dropped too.

    Args:
        variables: the environment of `flyo` itself.
        token: for FLY_API_TOKEN; None leaves flyctl to its own login.
        extra: set last, e.g. what the local platform hands out.
    """
    kept = {name: value for name, value in variables.items() if _keep(name)}
    return kept | _SET | ({"FLY_API_TOKEN": token} if token else {}) | dict(extra or {})


def _keep(name: str) -> bool:
    if name in _DROPPED or name.startswith("FLYO_"):
        return False
    return name in _KEPT_FLY or not name.startswith("FLY_")
