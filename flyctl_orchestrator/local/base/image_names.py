"""Names of images: the platform's own registry has several, and all of them are one."""

from __future__ import annotations

import re
from dataclasses import dataclass

REGISTRY = "registry.fly.io"
DOCKER_HUB = "docker.io"
_LOOPBACK = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?", re.ASCII)
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LONGEST_REPOSITORY = 255


@dataclass(frozen=True)
class ImageName:
    """A reference taken apart.

    Attributes:
        repository: in the platform's registry: "app", or for an image of another registry its name with that
            registry before it, e.g. "docker.io/library/nginx".
        tag: "" when only a digest is given; "latest" when neither is.
        digest: "sha256:…" or "".
        bare: no registry was named, so that it may be an app's image or one of Docker Hub's.
    """

    repository: str
    tag: str
    digest: str
    bare: bool = False


def image_name(ref: str) -> ImageName | None:
    """Take a reference apart; None when it is none."""
    name, _, digest = ref.partition("@")
    first, slash, rest = name.partition("/")
    host = first if slash and ("." in first or ":" in first or first == "localhost") else ""
    path = rest if host else name
    path, colon, tag = path.partition(":")
    if (colon and not TAG.fullmatch(tag)) or (digest and not DIGEST.fullmatch(digest)):
        return None
    repository = path if not host and "/" not in path else _inside(host or DOCKER_HUB, path)
    if not REPOSITORY.fullmatch(repository) or len(repository) > _LONGEST_REPOSITORY:
        return None
    return ImageName(repository, tag or ("" if digest else "latest"), digest, bare=not host and "/" not in path)


def _inside(host: str, path: str) -> str:
    """The repository of the platform's registry that stands for one of any registry."""
    if host == REGISTRY or _LOOPBACK.fullmatch(host):
        return path
    if host in (DOCKER_HUB, "index.docker.io"):
        return f"{DOCKER_HUB}/library/{path}" if "/" not in path else f"{DOCKER_HUB}/{path}"
    return f"{host}/{path}"


def own_name(ref: str) -> str:
    """A reference with `registry.fly.io` where it names the platform's registry by an address of this computer.

    An image of Docker Hub's own library gets its bare name, as which the platform knows what stands for it.
    """
    host, slash, rest = ref.partition("/")
    if slash and _LOOPBACK.fullmatch(host):
        return f"{REGISTRY}/{rest}"
    if slash and host in (DOCKER_HUB, "index.docker.io"):
        name = rest.removeprefix("library/")
        return name if "/" not in name else ref
    return ref


def parts(ref: str, of_app: str) -> tuple[str, str, str]:
    """Registry, repository and tag of a reference, such that joining them names the same image again.

    Args:
        of_app: the app that runs it; a bare name is an image of it when it is called so.
    """
    name = own_name(ref).partition("@")[0]
    registry, slash, rest = name.partition("/")
    if not slash or ("." not in registry and ":" not in registry and registry != "localhost"):
        own = name.partition(":")[0] == of_app
        registry, rest = (REGISTRY, name) if own else (DOCKER_HUB, name if "/" in name else f"library/{name}")
    repository, _, tag = rest.partition(":")
    return registry, repository, tag or ("" if "@" in ref else "latest")
