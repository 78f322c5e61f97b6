"""The release of a deploy: created before anything changes, and told how it went."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flyctl_orchestrator.local.stand_in.deploy.deployment import Deployment
from flyctl_orchestrator.local.stand_in.failures import ApiFailure, Failure, Interrupted
from flyctl_orchestrator.local.stand_in.go_values import dump_json

_INTERRUPTED_SECONDS = 1.0


def create_release(deployment: Deployment) -> None:
    """Create the release and note its number."""
    body = {
        "app_name": deployment.app,
        "build_id": 0,
        "definition": deployment.settings,
        "image": deployment.image,
        "strategy": deployment.strategy.upper(),
    }
    release = deployment.session.api.uiex("POST", "/releases", body, what="create release")["release"]
    deployment.release_id, deployment.release_version = str(release["id"]), int(release["version"])


def released(deployment: Deployment, work: Callable[[], None]) -> None:
    """Do the work of a release, and write down whether it is complete, failed or interrupted."""
    begin_release(deployment)
    try:
        work()
    except (Interrupted, KeyboardInterrupt):
        deployment.cancelled.set()
        finish_release(deployment, "interrupted", "")
        raise
    except Failure as failure:
        finish_release(deployment, "failed", failure.message)
        raise
    finish_release(deployment, "complete", "")
    if deployment.session.env.get("FLY_EMIT_RELEASE_JSON"):
        told = {"id": deployment.release_id, "version": deployment.release_version, "image_ref": deployment.image}
        deployment.session.say(dump_json(told, indent=None))


def begin_release(deployment: Deployment) -> None:
    """Say that the release is being rolled out. Raises ApiFailure."""
    try:
        _tell(deployment, "running", None)
    except ApiFailure as failure:
        raise failure.during("failed to set release status to 'running'") from failure


def finish_release(deployment: Deployment, status: str, error: str) -> None:
    """Say how the release ended: complete, failed or interrupted."""
    info = {"flyctl_version": deployment.session.version, "error": error}
    seconds = _INTERRUPTED_SECONDS if status == "interrupted" else 60.0
    try:
        _tell(deployment, status, {"post_deployment_info": info}, seconds)
    except ApiFailure as failure:
        deployment.session.tell(f"WARN failed to set final release status: {failure.message}")


def _tell(deployment: Deployment, status: str, metadata: dict[str, Any] | None, seconds: float = 60.0) -> None:
    body = {"status": status, "metadata": metadata}
    path = f"/releases/{deployment.release_id}"
    deployment.session.api.uiex("PATCH", path, body, what="update release", seconds=seconds)
