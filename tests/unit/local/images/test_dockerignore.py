"""Docker's ignore rules, against a second, slow and obvious implementation of them, and case by case."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.local.images.failure import BuildFailed
from flyctl_orchestrator.local.images.ignore import Ignore, read_ignore

_NAMES = ("a", "b", "ab", "a.b")
_paths = st.lists(st.sampled_from(_NAMES), min_size=1, max_size=4).map("/".join)
_patterns = st.tuples(
    st.sampled_from(["", "!", "! "]),
    st.sampled_from(["", "/", "./"]),
    st.lists(st.sampled_from((*_NAMES, "*", "?", "a*", "**")), min_size=1, max_size=4).map("/".join),
    st.sampled_from(["", "/", " "]),
).map("".join)


def _segment_fits(pattern: str, name: str) -> bool:
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(_segment_fits(pattern[1:], name[cut:]) for cut in range(len(name) + 1))
    return bool(name) and pattern[0] in (name[0], "?") and _segment_fits(pattern[1:], name[1:])


def _fits(pattern: list[str], path: list[str]) -> bool:
    if not pattern:
        return not path
    if pattern == ["**"]:
        return bool(path)
    if pattern[0] == "**":
        return any(_fits(pattern[1:], path[cut:]) for cut in range(len(path) + 1))
    return bool(path) and _segment_fits(pattern[0], path[0]) and _fits(pattern[1:], path[1:])


def _oracle(lines: list[str], path: str) -> bool:
    """The last pattern that fits the path or a directory above it decides."""
    names = path.split("/")
    left_out = False
    for line in lines:
        segments = [s for s in line.strip().lstrip("! ").split("/") if s not in ("", ".")]
        if any(_fits(segments, names[:depth]) for depth in range(1, len(names) + 1)):
            left_out = not line.startswith("!")
    return left_out


@given(st.lists(_patterns, max_size=4), _paths)
def test_agrees_with_the_obvious_implementation(lines: list[str], path: str) -> None:
    assert Ignore("\n".join(lines)).leaves_out(path) is _oracle(lines, path)


@given(st.lists(_patterns, max_size=4), _paths)
def test_a_directory_that_is_not_entered_has_nothing_to_give(lines: list[str], path: str) -> None:
    ignore = Ignore("\n".join(lines))
    names = path.split("/")
    for depth in range(1, len(names)):
        above = "/".join(names[:depth])
        if ignore.leaves_out(above) and not ignore.may_take_back_below(above):
            assert ignore.leaves_out(path)


@given(st.text(alphabet="ab/*?[]!-\\# .\n^$(", max_size=30))
def test_any_text_is_either_rules_or_an_error_that_names_its_line(text: str) -> None:
    try:
        Ignore(text).leaves_out("a/b")
    except BuildFailed as failed:
        assert failed.code == "build.dockerignore"
        assert failed.error.startswith(".dockerignore:")


@pytest.mark.parametrize(
    ("rules", "left_out", "kept"),
    [
        ("node_modules", ["node_modules", "node_modules/x/y"], ["web/node_modules", "node_modules2"]),
        ("**/node_modules", ["node_modules/x", "web/node_modules/x"], ["my_node_modules"]),
        ("*.md\n!README.md", ["a.md"], ["README.md", "docs/a.md"]),
        ("*.md\n!README*.md\nREADME-secret.md", ["README-secret.md", "b.md"], ["README-x.md"]),
        ("*.md\nREADME-secret.md\n!README*.md", ["b.md"], ["README-secret.md"]),
        ("*\n!src", ["a", "docs/src"], ["src", "src/deep/x"]),
        ("build/**", ["build/x", "build/x/y"], ["build", "rebuild/x"]),
        ("docs/**/*.txt", ["docs/a.txt", "docs/x/y/a.txt"], ["a.txt"]),
        ("# a comment\n\n  \n", [], ["# a comment", "a"]),
        ("  /temp/  ", ["temp", "temp/a"], ["a/temp"]),
        ("[^ab].txt", ["c.txt"], ["a.txt"]),
        ("[]x][[|].txt", ["][.txt", "x|.txt"], ["x].txt"]),
        ("[ab].txt", ["a.txt", "b.txt"], ["c.txt"]),
        ("file?.py", ["file1.py"], ["file.py", "file12.py", "file/.py"]),
        (r"odd\*name", ["odd*name"], ["oddXname"]),
        ("a+b(c)", ["a+b(c)"], ["aab(c)", "abc"]),
        ("../up", [], ["up"]),
        ("\ufefffirst", ["first"], []),
        (".", [], ["a"]),
    ],
)
def test_cases(rules: str, left_out: list[str], kept: list[str]) -> None:
    ignore = Ignore(rules)
    assert [path for path in left_out if not ignore.leaves_out(path)] == []
    assert [path for path in kept if ignore.leaves_out(path)] == []


@pytest.mark.parametrize(("text", "line"), [("ok\n!", 2), ("[a", 1)])
def test_what_is_no_pattern_is_named_with_its_line(text: str, line: int) -> None:
    with pytest.raises(BuildFailed, match=rf"^x\.dockerignore:{line}: "):
        Ignore(text, "x.dockerignore")


def test_a_dockerfiles_own_ignore_file_comes_before_the_contexts(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("general")
    (tmp_path / "Dockerfile.web.dockerignore").write_text("special")
    web = read_ignore(tmp_path, tmp_path / "Dockerfile.web")
    other = read_ignore(tmp_path, tmp_path / "Dockerfile")
    assert (web.leaves_out("special"), web.leaves_out("general")) == (True, False)
    assert (other.leaves_out("special"), other.leaves_out("general")) == (False, True)
