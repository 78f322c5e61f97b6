"""Finding out what an image reference stands for."""

from __future__ import annotations

from flyctl_orchestrator.local.stand_in.failures import ApiFailure, Failure
from flyctl_orchestrator.local.stand_in.session import Session

_RESOLVE = """
query ($app: String!, $ref: String!) {
  app(name: $app) { id image(ref: $ref) { id digest ref compressedSize: compressedSizeFull } }
}
"""


def resolve_image(session: Session, ref: str) -> str:
    """The reference to deploy for the one that was given.

    Raises:
        Failure: there is no such image.
    """
    session.tell(f"Searching for image '{ref}' remotely...")
    try:
        image = session.api.graphql(_RESOLVE, app=session.app, ref=ref)["app"]["image"]
    except ApiFailure as failure:
        raise failure.during("failed to fetch an image or build from source") from failure
    if image is None:
        raise Failure(f"failed to fetch an image or build from source: could not find image '{ref}'")
    session.tell(f"image found: {image['id']}")
    return str(image["ref"])
