"""Copying a directory stops at the first refusal and says which file it was."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from flyctl_orchestrator.local.base.copying import copy_tree


def test_it_copies_files_directories_and_links(tmp_path: Path) -> None:
    source = tmp_path / "from"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "file").write_text("here")
    (source / "link").symlink_to("deep/file")
    copy_tree(source, tmp_path / "to")
    assert (tmp_path / "to" / "deep" / "file").read_text() == "here"
    assert (tmp_path / "to" / "link").is_symlink()


def test_the_first_refusal_is_the_only_one_reported(tmp_path: Path) -> None:
    source = tmp_path / "from"
    source.mkdir()
    for name in ("a", "b", "c"):
        (source / name).write_text("x")
    target = tmp_path / "to"
    target.mkdir()
    with pytest.raises(FileExistsError) as refused:
        copy_tree(source, target)
    assert refused.value.errno is not None


def test_an_unreadable_file_ends_the_copy_with_its_own_error(tmp_path: Path) -> None:
    source = tmp_path / "from"
    source.mkdir()
    # A directory's socket cannot be copied as a file: the error must be that file's, not a list of all files.
    with socket.socket(socket.AF_UNIX) as endpoint:
        place = Path.cwd()
        os.chdir(source)
        try:
            endpoint.bind("endpoint")
        finally:
            os.chdir(place)
        (source / "other").write_text("x")
        with pytest.raises(OSError) as refused:
            copy_tree(source, tmp_path / "to")
    assert refused.value.filename is not None
    assert not isinstance(refused.value, shutil.Error)
