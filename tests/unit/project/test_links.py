"""What the pages and comments point at is there: links, anchors, files and modules."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.unit.project.markdown_pages import ROOT, Page, pages, read

PACKAGE = ROOT / "flyctl_orchestrator"
ROOMS = sorted(room.name for room in PACKAGE.iterdir() if (room / "__init__.py").exists())
TOP = (".ci", ".github", "bench", "demo", "docs", "flyctl_orchestrator", "habit_app", "tests")
# A path in a code span: from the project's root, or from the package's as all pages write it (`rollout/gate/`).
PATH = re.compile(rf"(?:{'|'.join(map(re.escape, (*TOP, *ROOMS)))})/[\w./*-]*")
MODULE = re.compile(r"(?:flyctl_orchestrator|bench)(?:\.\w+)+(?!\w*:)")
# Words that only look like a path of the package: addresses of the local platform and an image's tree.
ADDRESS = re.compile(r"/?_local/|https?://|/v1/")


def broken(page: Page, every: dict[Path, Page]) -> list[str]:
    """The links of a page that lead nowhere."""
    return [link for link in page.links if not urlsplit(link).scheme and not resolves(page, link, every)]


def resolves(page: Page, link: str, every: dict[Path, Page]) -> bool:
    """Whether a relative link leads to a file, and its anchor to a heading there."""
    parts = urlsplit(link)
    target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    if not parts.fragment:
        return True
    return target in every and unquote(parts.fragment) in every[target].anchors


def is_there(path: str) -> bool:
    """Whether a path named in a page exists, below the project or below the package; `*` stands for any name."""
    name = path.rstrip("/.")
    return any(next(base.glob(name), None) is not None for base in (ROOT, PACKAGE))


def is_module(name: str) -> bool:
    """Whether a dotted name is a module, a package, or one name inside a module."""
    whole = ROOT.joinpath(*name.split("."))
    return whole.is_dir() or any(path.with_suffix(".py").is_file() for path in (whole, whole.parent))


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links_and_anchors_lead_somewhere(page: Page) -> None:
    assert broken(page, {each.path: each for each in pages()}) == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_files_and_modules_named_in_a_page_exist(page: Page) -> None:
    spans = [span for span in page.spans if not ADDRESS.search(span)]
    paths = [span for span in spans if PATH.fullmatch(span)]
    # In commands only what is surely ours: an example may have a tests/ of its own, but no .py below ours.
    commands = [
        path for block in page.blocks for path in re.findall(r"(?<![\w./])(?:tests|bench|demo)/[\w./-]+", block)
    ]
    modules = [name for text in (*page.spans, *page.blocks) for name in MODULE.findall(text)]
    assert [path for path in (*paths, *commands) if not is_there(path)] == []
    assert [name for name in modules if not is_module(name)] == []


def test_pages_and_tests_named_in_code_exist() -> None:
    named = re.compile(r"(?<![\w/])(?:docs/[\w/-]+\.md|tests/[\w/]+\.(?:py|md)|bench/\w+\.py|demo/\w+\.py)")
    files = [path for top in TOP for path in (ROOT / top).rglob("*") if path.suffix in (".py", ".toml", ".yml")]
    files += [ROOT / "pyproject.toml", ROOT / "Makefile"]
    missing = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in files
        for name in named.findall(path.read_text("utf-8"))
        if not (ROOT / name).exists() and not path.is_relative_to(ROOT / "tests" / "unit" / "local" / "images")
    }
    assert missing == set()


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    text = (
        "# One two\n## One two\n[a](gone.md) [b](#one-two-1) [c](#three) [d](https://example.org/x) `rollout/gone.py`\n"
    )
    (tmp_path / "page.md").write_text(text)
    page = read(tmp_path / "page.md")
    assert page.anchors == {"one-two", "one-two-1"}
    assert broken(page, {page.path: page}) == ["gone.md", "#one-two-1", "#three"]
    assert page.spans == ["rollout/gone.py"] and not is_there("rollout/gone.py") and is_there("rollout/gate/")
    assert is_module("bench.rollout") and not is_module("flyctl_orchestrator.local.flyctl.apps.list_apps")
