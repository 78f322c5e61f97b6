"""The whole of what an error tells: its exit status, and the line that a person sees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.report.error_text import error_line


@contextmanager
def refused(status: int, line: str) -> Iterator[None]:
    """Something that has to end with this exit status and this line, "flyo: WHERE: WHAT. NEXT [CODE]"."""
    with pytest.raises(FlyoError) as caught:
        yield
    assert (int(caught.value.exit), error_line(caught.value)) == (status, line)
