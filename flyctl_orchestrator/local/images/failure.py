"""Why an image could not be built: a stable code, one sentence, and what to do next."""

from __future__ import annotations

import errno

# What the operating system says when there is no room: the disk, a quota, or a limit on one file's size.
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class BuildFailed(Exception):
    """An image could not be built, for a reason a person can act on.

    Args:
        code: stable, dotted, e.g. "build.dockerfile".
        error: what is wrong and where, one sentence.
        hint: what to change, or "".
    """

    def __init__(self, code: str, error: str, hint: str = "") -> None:
        super().__init__(error)
        self.code = code
        self.error = error
        self.hint = hint


def failure_of(error: OSError) -> BuildFailed:
    """What an operating system's refusal means to the person who builds."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in _NO_ROOM:
        return BuildFailed(
            "build.disk_full",
            f"no room to write the image: {error.strerror}{where}",
            "Free some disk space, or put the platform's state elsewhere with FLYO_LOCAL_DIR.",
        )
    return BuildFailed("build.io", f"{error.strerror or error}{where}", "Check that path and its permissions.")
