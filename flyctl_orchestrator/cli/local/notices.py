"""What a builder remarks, told once: a deploy that goes well with it has shown that it does no harm."""

from __future__ import annotations

import contextlib
from pathlib import Path

from flyctl_orchestrator.report.base import Fact
from flyctl_orchestrator.rollout.state.plain_file import private_directory

FILE = "notices"
# Characters of the file; a builder that says something else every time must not make it grow for ever.
MOST = 20_000


class Notices:
    """The remarks of one command's build, against those of earlier ones.

    Args:
        directory: where what is remembered of the app is kept.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        self._known = self._read()
        self._now: list[str] = []

    def is_new(self, event: Fact) -> bool:
        """Whether an event is to be shown to a person: anything but a remark that is known."""
        if event.name != "warning" or event.fields.get("code") != "build.notice":
            return True
        text = " ".join(str(event.fields.get("what")).split())
        self._now.append(text)
        return text not in self._known

    def keep(self) -> None:
        """It went well: remember what was remarked. Where nothing can be kept it is told again."""
        new = [text for text in self._now if text not in self._known]
        if not new:
            return
        with contextlib.suppress(OSError):
            private_directory(self._path.parent)
            kept = "\n".join([*self._known, *new])[-MOST:]
            self._path.write_text(kept + "\n", "utf-8")

    def _read(self) -> list[str]:
        try:
            return self._path.read_text("utf-8", "replace")[:MOST].splitlines() if self._path.is_file() else []
        except OSError:
            return []
