"""Which files of a directory a build may take."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flyctl_orchestrator.local.images.context import scan
from flyctl_orchestrator.local.images.failure import BuildFailed
from flyctl_orchestrator.local.images.ignore import Ignore
from tests.unit.local.images.conftest import Write


def test_files_directories_and_links_are_seen_with_their_executable_bit(context: Write) -> None:
    root = context({"a/run.sh": "#!/bin/sh\n", "a/data": "x"})
    (root / "a/run.sh").chmod(0o700)
    (root / "empty").mkdir()
    (root / "link").symlink_to("a/data")
    tree = scan(root, Ignore()).tree
    assert {path: item.kind for path, item in tree.items()} == {
        "a": "dir",
        "a/data": "file",
        "a/run.sh": "file",
        "empty": "dir",
        "link": "link",
    }
    assert (tree["a/run.sh"].executable, tree["a/data"].executable) == (True, False)
    assert tree["link"].target == "a/data"


def test_a_file_taken_back_inside_an_ignored_directory_is_seen_with_its_parents(context: Write) -> None:
    root = context({"docs/keep/a.md": "", "docs/b.md": "", "other/c": ""})
    assert set(scan(root, Ignore("docs\n!docs/keep\nother")).tree) == {"docs", "docs/keep", "docs/keep/a.md"}


def test_what_belongs_to_this_computer_is_left_out_with_a_notice(context: Write) -> None:
    root = context(
        {
            ".venv/pyvenv.cfg": "",
            ".venv/bin/python": "",
            "package.json": "{}",
            "node_modules/x": "",
            "lib/node_modules/y": "",
        }
    )
    (root / ".venv/bin/python3").symlink_to("/usr/bin/env")
    found = scan(root, Ignore())
    assert set(found.tree) == {"package.json", "lib", "lib/node_modules", "lib/node_modules/y"}
    assert [notice.split(" (")[0] for notice in found.notices] == [".venv", "node_modules"]


def test_a_special_file_is_left_out_with_a_notice(context: Write) -> None:
    root = context({"a": ""})
    os.mkfifo(root / "pipe")
    found = scan(root, Ignore())
    assert set(found.tree) == {"a"}
    assert found.notices == ("1 special file (socket, pipe or device) left out: pipe",)


@pytest.mark.parametrize("target", ["../outside", "/etc/hostname", "sub/../../outside", "up/outside"])
def test_a_link_that_leaves_the_context_is_refused_by_name(context: Write, tmp_path: Path, target: str) -> None:
    root = context({"sub/x": ""})
    (tmp_path / "outside").write_text("secret")
    (root / "up").symlink_to(".." if target.startswith("up/") else ".")
    (root / "sub" / "bad").symlink_to(target if target.startswith("/") else f"../{target}")
    with pytest.raises(BuildFailed, match="is a symbolic link that leaves the build context") as caught:
        scan(root, Ignore())
    assert caught.value.code == "build.context"


def test_an_ignored_link_may_point_anywhere(context: Write) -> None:
    root = context({"a": ""})
    (root / "bad").symlink_to("/etc")
    assert set(scan(root, Ignore("bad")).tree) == {"a"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_directory_that_cannot_be_listed_is_one_clear_error(context: Write) -> None:
    root = context({"closed/a": ""})
    (root / "closed").chmod(0)
    try:
        with pytest.raises(BuildFailed, match="closed cannot be read: Permission denied"):
            scan(root, Ignore())
    finally:
        (root / "closed").chmod(0o700)


def test_the_platforms_own_directories_are_no_part_of_a_context(context: Write) -> None:
    root = context({"a": "", "state/daemon.json": "{}", "state/deep/x": ""})
    assert set(scan(root, Ignore(), [root / "state", root.parent / "elsewhere"]).tree) == {"a"}
