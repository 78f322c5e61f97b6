"""The store: labels, digests, restarts, and what is left when the disk refuses."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flyctl_orchestrator.local.core.seams import ImageNotFound
from flyctl_orchestrator.local.images.images import ImageStore, Stored
from flyctl_orchestrator.local.images.recipe import Recipe
from flyctl_orchestrator.local.images.snapshot import fingerprint
from flyctl_orchestrator.local.images.tree import Item, Tree


def _put(store: ImageStore, label: str, content: str, app: str = "shop", recipe: Recipe | None = None) -> Stored:
    tree = Tree()
    tree.place("app/main", Item("file", content=content.encode(), executable=True))
    return store.put(app, label, tree, fingerprint(tree), recipe or Recipe(cmd=("./main",), workdir="/app"))


def test_the_same_content_is_one_image_whoever_labels_it(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    first, again, other = _put(store, "v1", "x"), _put(store, "v2", "x"), _put(store, "v1", "x", app="blog")
    assert (first.existed, again.existed, other.existed) == (False, True, True)
    assert first.image.digest == again.image.digest == other.image.digest
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", first.image.digest)
    assert len(list((tmp_path / "images").iterdir())) == 1


def test_other_instructions_are_another_image(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    recipes = [
        Recipe(),
        Recipe(env={"A": "1"}),
        Recipe(workdir="/x"),
        Recipe(cmd=("a", "b")),
        Recipe(cmd=("a b",)),
        Recipe(entrypoint=("a", "b")),
        Recipe(exposed=80),
        Recipe(dependencies="k"),
    ]
    assert len({_put(store, "v", "x", recipe=recipe).image.digest for recipe in recipes}) == len(recipes)


def test_an_image_is_found_by_label_digest_or_both_and_after_a_restart(tmp_path: Path) -> None:
    image = _put(
        ImageStore(tmp_path), "v1", "x", recipe=Recipe({"A": "é"}, "/app", ("e",), ("c",), 80, "", ("/p",), {"l": "/t"})
    ).image
    store = ImageStore(tmp_path)
    assert store.resolve("registry.fly.io/shop:v1") == image
    assert store.resolve("shop:v1") == image
    assert store.resolve(f"registry.fly.io/shop:v1@{image.digest}") == image
    by_digest = store.resolve(f"registry.fly.io/shop@{image.digest}")
    assert (by_digest.digest, by_digest.root, by_digest.ref) == (
        image.digest,
        image.root,
        f"registry.fly.io/shop@{image.digest}",
    )
    assert (image.root / "app/main").read_text() == "x"


def test_a_label_that_moved_leaves_the_old_digest_to_go_back_to(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    old, new = _put(store, "latest", "old").image, _put(store, "latest", "new").image
    assert store.resolve("shop").digest == new.digest
    assert store.resolve(f"registry.fly.io/shop:latest@{old.digest}").root == old.root


@pytest.mark.parametrize(
    "ref",
    [
        "shop:v2",
        "blog:v1",
        "nginx",
        "docker.io/library/nginx:1",
        f"shop@sha256:{'0' * 64}",
        "shop:../v1",
        "../shop:v1",
        "",
        "shop:v1 ",
    ],
)
def test_what_was_never_pushed_is_not_found(tmp_path: Path, ref: str) -> None:
    store = ImageStore(tmp_path)
    _put(store, "v1", "x")
    with pytest.raises(ImageNotFound):
        store.resolve(ref)


def test_pruning_keeps_what_is_in_use_and_what_another_app_has(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    images = {label: _put(store, label, label).image for label in ("v1", "v2", "v3", "v4")}
    _put(store, "mine", "v2", app="blog")
    deleted = store.prune("shop", in_use=[images["v1"].digest], keep_latest=1)
    assert deleted == [images["v3"].digest]
    assert store.resolve("shop:v1").root.is_dir()
    assert store.resolve("shop:v4").root.is_dir()
    assert store.resolve("blog:mine").digest == images["v2"].digest
    with pytest.raises(ImageNotFound):
        store.resolve(f"shop@{images['v2'].digest}")
    assert set(store.prune("shop", in_use=[])) == {images["v1"].digest, images["v4"].digest}
    assert list((tmp_path / "apps/shop").glob("*/*")) == []


def test_pruning_gets_past_an_image_whose_files_were_deleted_by_hand(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    kept, gone = (_put(store, label, label).image for label in ("v1", "v2"))
    shutil.rmtree(gone.root.parent)
    assert store.prune("shop", in_use=[]) == [kept.digest]
    assert store.prune("../shop", in_use=[]) == []


def test_what_is_being_put_is_not_pruned_by_another_app(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)

    def come_and_go() -> None:
        for number in range(100):
            _put(store, "v1", str(number), app="blog")
            store.prune("blog", in_use=[])

    with ThreadPoolExecutor(1) as pool:
        coming_and_going = pool.submit(come_and_go)
        put = [_put(store, str(number), str(number)).image for number in range(100)]
        coming_and_going.result()
    assert [image for image in put if store.resolve(image.ref) != image] == []


def test_an_image_whose_files_were_deleted_by_hand_says_so(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    shutil.rmtree(_put(store, "v1", "x").image.root.parent)
    with pytest.raises(ImageNotFound, match="its files are gone"):
        store.resolve("shop:v1")


def test_unfinished_work_is_removed_at_the_next_start(tmp_path: Path) -> None:
    _put(ImageStore(tmp_path), "v1", "x")
    (tmp_path / "tmp/half/rootfs").mkdir(parents=True)
    (tmp_path / "dependencies/half/venv").mkdir(parents=True)
    store = ImageStore(tmp_path)
    assert list((tmp_path / "tmp").iterdir()) == []
    assert list((tmp_path / "dependencies").iterdir()) == []
    assert store.resolve("shop:v1").root.is_dir()


def test_a_disk_that_takes_no_more_is_one_clear_error_and_leaves_nothing(tmp_path: Path) -> None:
    # The limit on a file's size is per process, and lasts, so another process meets it.
    script = textwrap.dedent(
        """
        import resource, sys
        from pathlib import Path
        from flyctl_orchestrator.local.images.failure import BuildFailed
        from flyctl_orchestrator.local.images.images import ImageStore
        from flyctl_orchestrator.local.images.recipe import Recipe
        from flyctl_orchestrator.local.images.snapshot import fingerprint
        from flyctl_orchestrator.local.images.tree import Item, Tree

        store = ImageStore(Path(sys.argv[1]))
        tree = Tree()
        tree.place("a", Item("file", content=b"small"))
        tree.place("big", Item("file", content=b"x" * 100_000))
        seen = fingerprint(tree)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
        try:
            store.put("shop", "v1", tree, seen, Recipe())
        except BuildFailed as failed:
            print(failed.code, "|", failed.error, "|", failed.hint)
        """
    )
    answer = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=30)
    assert answer.stdout.startswith("build.disk_full | no room to write the image: File too large"), answer.stderr
    assert "Free some disk space" in answer.stdout
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert list((tmp_path / "images").iterdir()) == []
