"""Fingerprints and copies of an image's files."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.local.images.context import scan
from flyctl_orchestrator.local.images.failure import BuildFailed
from flyctl_orchestrator.local.images.ignore import Ignore
from flyctl_orchestrator.local.images.snapshot import fingerprint, write
from flyctl_orchestrator.local.images.tree import Item, Tree
from tests.unit.local.images.conftest import Write

_contents = st.dictionaries(
    st.lists(st.sampled_from(["a", "b", "c é", "d\n"]), min_size=1, max_size=3).map("/".join), st.binary(max_size=5)
)


def _tree(contents: dict[str, bytes]) -> Tree:
    tree = Tree()
    for path, content in contents.items():
        tree.place(path, Item("file", content=content))
    return tree


@given(_contents, st.randoms())
def test_order_has_no_part_in_the_digest(contents: dict[str, bytes], chance: random.Random) -> None:
    tree = _tree(contents)
    items = list(tree.items())
    chance.shuffle(items)
    assert fingerprint(Tree(items)).digest == fingerprint(tree).digest


@given(_contents, _contents)
def test_different_files_have_different_digests(one: dict[str, bytes], two: dict[str, bytes]) -> None:
    first, second = _tree(one), _tree(two)
    assert (fingerprint(first).digest == fingerprint(second).digest) is (first == second)


def test_times_and_owners_have_no_part_in_the_digest_but_content_and_the_executable_bit_do(context: Write) -> None:
    root = context({"a": "1", "d/b": "2"})
    seen = [fingerprint(scan(root, Ignore()).tree).digest]
    os.utime(root / "a", (1, 1))
    (root / "a").chmod(0o600)
    seen.append(fingerprint(scan(root, Ignore()).tree).digest)
    (root / "a").chmod(0o700)
    seen.append(fingerprint(scan(root, Ignore()).tree).digest)
    (root / "a").write_text("3")
    seen.append(fingerprint(scan(root, Ignore()).tree).digest)
    assert seen[0] == seen[1]
    assert len(set(seen)) == 3


def test_a_copy_has_the_same_fingerprint(context: Write, tmp_path: Path) -> None:
    root = context({"a/b/run.sh": "#!", "c": "x" * 3_000_000})
    (root / "a/b/run.sh").chmod(0o755)
    (root / "a/link").symlink_to("../c")
    (root / "empty").mkdir()
    tree = scan(root, Ignore()).tree
    seen = fingerprint(tree)
    write(tree, tmp_path / "copy", seen.files)
    again = fingerprint(scan(tmp_path / "copy", Ignore()).tree)
    assert (again.digest, again.size_bytes) == (seen.digest, seen.size_bytes)
    assert seen.size_bytes == 3_000_002


def test_a_file_that_changes_between_the_two_readings_is_noticed(context: Write, tmp_path: Path) -> None:
    root = context({"a": "1"})
    tree = scan(root, Ignore()).tree
    seen = fingerprint(tree)
    (root / "a").write_text("2")
    with pytest.raises(BuildFailed, match="a changed while the image was being made"):
        write(tree, tmp_path / "copy", seen.files)


def test_a_file_that_cannot_be_read_is_named(context: Write) -> None:
    root = context({"a/b": "1"})
    tree = scan(root, Ignore()).tree
    shutil.rmtree(root / "a")
    with pytest.raises(BuildFailed, match="a/b cannot be read: No such file") as caught:
        fingerprint(tree)
    assert caught.value.hint == "Make it readable, or add a/b to .dockerignore."


def test_a_link_that_leaves_the_image_once_it_is_copied_elsewhere_is_refused(tmp_path: Path) -> None:
    tree = Tree()
    tree.place("up", Item("link", target="../../etc"))
    with pytest.raises(BuildFailed, match="up is a symbolic link that leaves the image"):
        write(tree, tmp_path / "copy", fingerprint(tree).files)
