"""The platform's images, wherever they came from: snapshots of a build context, and what was pushed."""

from __future__ import annotations

from collections.abc import Mapping

from flyctl_orchestrator.local.containers.endpoint import NoEngine, find_engine
from flyctl_orchestrator.local.core.seams import Image, ImageNotFound
from flyctl_orchestrator.local.images.images import ImageStore
from flyctl_orchestrator.local.registry.pushed import PushedImages

# Seconds; a busy engine takes longer for an answer than one that is only looked for.
_PATIENCE = 1.0


class AllImages:
    """Looks a reference up in both stores; where both have its label, the one that got it last is meant."""

    def __init__(self, built: ImageStore, pushed: PushedImages) -> None:
        self._built = built
        self._pushed = pushed

    def resolve(self, ref: str) -> Image:
        """The image of a reference. Raises ImageNotFound."""
        stores = (self._built, self._pushed)
        if "@" not in ref and self._pushed.pushed_at(ref) > self._built.labelled_at(ref):
            return self._pushed.resolve(ref)
        problem = ImageNotFound(ref)
        for store in stores:
            try:
                return store.resolve(ref)
            except ImageNotFound as missing:
                # What was looked for in the platform's own words says more than that nothing was pushed.
                problem = missing if store is self._built or "not for linux" in str(missing) else problem
        raise problem


def why_pushed_cannot_run(image: Image, runtime: str, environ: Mapping[str, str]) -> str:
    """Why a machine cannot run an image, "" when it can: what was pushed needs a container engine.

    Args:
        runtime: the platform's setting, "auto", "process" or "container".
        environ: where the engine is looked for.
    """
    if not image.pull:
        return ""
    if runtime == "process":
        return (
            f"{image.ref} was pushed as a container image, and machines run as processes: flyo local up --runtime"
            " changes that; or deploy with `flyo deploy --local`, which builds an image for them"
        )
    try:
        find_engine(environ, _PATIENCE)
    except NoEngine as problem:
        return (
            f"{image.ref} was pushed as a container image, and {problem}: start one, or name it with DOCKER_HOST before"
            " `flyo local up`; or deploy with `flyo deploy --local`, which builds an image that runs without one"
        )
    return ""
