"""docs/explanation/glossary.md has each term once, and what it names is in the code."""

from __future__ import annotations

import re
from pathlib import Path

from flyctl_orchestrator.rollout.state import metadata
from tests.unit.project.markdown_pages import ROOT

PACKAGE = ROOT / "flyctl_orchestrator"
TEXT = (ROOT / "docs" / "explanation" / "glossary.md").read_text("utf-8")


def source_of(path: str) -> str:
    """All Python below a path as the glossary writes it: from the package's folder, or from the project's."""
    base = next(base for base in (PACKAGE / path, ROOT / path) if base.exists())
    files = [base] if base.is_file() else sorted(base.rglob("*.py"))
    return "\n".join(file.read_text("utf-8") for file in files)


def test_a_term_has_one_meaning() -> None:
    terms = [term.lower() for term in re.findall(r"^\| \*\*(.+?)\*\* \|", TEXT, re.MULTILINE)]
    assert len(terms) > 80
    assert [term for term in set(terms) if terms.count(term) > 1] == []


def test_names_stand_in_the_files_that_are_said() -> None:
    said = re.findall(r"`([A-Z][\w.]*)` in `([\w/.]+)`", TEXT)
    assert said
    assert [(name, path) for name, path in said if not re.search(rf"\b{name.split('.')[-1]}\b", source_of(path))] == []


def test_attributes_that_are_named_exist() -> None:
    everything = [source_of(str(path.relative_to(PACKAGE))) for path in PACKAGE.rglob("*.py")]
    named = re.findall(r"`([A-Z][a-z]\w*)\.(\w+)`", TEXT)
    assert named
    assert [
        (owner, attribute)
        for owner, attribute in named
        if not any(f"class {owner}" in text and re.search(rf"\b{attribute}\b", text) for text in everything)
    ] == []


def test_metadata_keys_are_those_that_flyo_writes() -> None:
    written = {value for value in vars(metadata).values() if isinstance(value, str) and value.startswith("flyo_")}
    named = set(re.findall(r"`(flyo_\w+)`", TEXT))
    assert named and named <= written


def test_the_page_can_be_found() -> None:
    pages = [(ROOT / name).read_text("utf-8") for name in ("README.md", "CONTRIBUTING.md")]
    assert all("docs/explanation/glossary.md" in page for page in pages)
    assert Path("docs/explanation/glossary.md").name in (ROOT / "docs/explanation/architecture.md").read_text("utf-8")
