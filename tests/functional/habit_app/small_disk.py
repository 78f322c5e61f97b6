"""A file system of our own that is soon full and can be made read-only; mounting one takes root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    """An empty file system of `size` at `place`, for as long as the block lasts; skips where it cannot be made."""
    place.mkdir()
    if os.getuid() != 0 or not shutil.which("mount"):
        pytest.skip("a disk of its own: mounting one takes root and mount(8)")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", place], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"a disk of its own: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def fill(disk: Path) -> None:
    """Use up every byte."""
    with (disk / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 4096)
        except OSError:
            pass


def make_read_only(disk: Path) -> None:
    """From now on nothing is written there."""
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
