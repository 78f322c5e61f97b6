"""The platform's images, wherever they came from: snapshots of a build context, and what was pushed."""

from __future__ import annotations

from flyctl_orchestrator.local.core.seams import Image, ImageNotFound
from flyctl_orchestrator.local.images.images import ImageStore
from flyctl_orchestrator.local.registry.pushed import PushedImages


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


def why_pushed_cannot_run(image: Image) -> str:
    """Why a machine cannot run an image, "" when it can."""
    if not image.pull:
        return ""
    return (
        f"{image.ref} was pushed as a container image, and machines of the local platform run as processes:"
        " deploy with `flyo deploy --local`, which builds an image for them"
    )
