"""Images and dependencies of another store on this computer, used without changing it."""

from __future__ import annotations

import json
from pathlib import Path

from flyctl_orchestrator.local.images.borrow import borrow_dependencies, borrow_image
from flyctl_orchestrator.local.images.images import ImageStore
from flyctl_orchestrator.local.images.recipe import Recipe
from flyctl_orchestrator.local.images.snapshot import fingerprint
from flyctl_orchestrator.local.images.tree import Item, Tree

REF = "registry.fly.io/shop:one"


def push(store: ImageStore, content: bytes = b"x") -> str:
    """An image of one file, labelled `one`; its digest."""
    tree = Tree()
    tree.place("app/main", Item("file", content=content, executable=True))
    return store.put("shop", "one", tree, fingerprint(tree), Recipe(cmd=("./main",), workdir="/app")).image.digest


def files(root: Path) -> dict[str, bytes]:
    """Every file below a directory, but for unfinished work."""
    found = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def test_an_image_is_borrowed_with_its_name_and_the_lender_stays_as_it_is(tmp_path: Path) -> None:
    lender, borrower = ImageStore(tmp_path / "a"), ImageStore(tmp_path / "b")
    digest = push(lender)
    before = files(tmp_path / "a")
    assert borrow_image(borrower, tmp_path / "a", REF, digest)
    assert borrow_image(borrower, tmp_path / "a", REF, digest), "twice is fine"
    own = borrower.resolve(REF)
    assert (own.digest, (own.root / "app/main").read_bytes()) == (digest, b"x")
    assert own.root.is_relative_to(tmp_path / "b")
    borrower.prune("shop", ())
    assert files(tmp_path / "a") == before
    assert (lender.resolve(REF).root / "app/main").read_bytes() == b"x"


def test_the_digest_decides_where_the_label_has_moved_on(tmp_path: Path) -> None:
    lender, borrower = ImageStore(tmp_path / "a"), ImageStore(tmp_path / "b")
    old, new = push(lender, b"old"), push(lender, b"new")
    assert borrow_image(borrower, tmp_path / "a", REF, old)
    assert borrower.resolve(f"{REF}@{old}").digest == old
    assert new != old


def test_what_the_lender_has_not_is_not_borrowed(tmp_path: Path) -> None:
    lender, borrower = ImageStore(tmp_path / "a"), ImageStore(tmp_path / "b")
    digest = push(lender)
    assert not borrow_image(borrower, tmp_path / "a", REF, "sha256:" + "0" * 64)
    assert not borrow_image(borrower, tmp_path / "a", "registry.fly.io/blog:one", digest), "another app's"
    assert not borrow_image(borrower, tmp_path / "a", "docker.io/shop:one", digest)
    assert not borrow_image(borrower, tmp_path / "a", REF, "sha256:../../etc")
    assert not borrow_image(borrower, tmp_path / "nowhere", REF, digest)
    assert files(tmp_path / "b") == {}


def test_dependencies_are_used_where_they_are(tmp_path: Path) -> None:
    ImageStore(tmp_path / "a")
    borrower = ImageStore(tmp_path / "b")
    home = tmp_path / "a" / "dependencies" / "k-1"
    home.mkdir()
    record = {"home": "k-1", "virtual_env": False, "made": [], "notices": []}
    (home.parent / "k.json").write_text(json.dumps(record))
    (home.parent / "broken.json").write_text("{")
    (home.parent / "gone.json").write_text(json.dumps({**record, "home": "k-2"}))
    assert borrow_dependencies(borrower, tmp_path / "a") == 1
    assert borrow_dependencies(borrower, tmp_path / "a") == 0
    kept = json.loads((tmp_path / "b" / "dependencies" / "k.json").read_text())
    assert kept == {**record, "home": str(home.resolve())}
    borrower.dependencies.sweep(keep=(), unused_since=float("inf"))
    assert home.is_dir(), "clearing up never reaches into the other store"
