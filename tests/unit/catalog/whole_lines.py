"""The whole lines that tests compare with what a person sees, found by reading the tests."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

# A line ends with its code; where, what and what to do come before it, and take words.
LINE = re.compile(r"(?P<said>.*)\[(?P<code>[A-Za-z]\w*(?:\.\w+)*)\]$")
FEWEST_WORDS = 3
# How such a text ends in a source; most tests have none.
QUICK = re.compile(r"""\[[A-Za-z][\w.]*\](?:\\n)?["']""")
# What looks for a piece of a text, and does not compare the whole.
PIECES = {"startswith", "endswith", "search", "match", "fullmatch", "findall", "expect", "count", "split"}


def whole_lines(path: Path) -> dict[str, str]:
    """Code -> a line that ends with it and is compared as a whole by the tests of a file."""
    source = path.read_text("utf-8")
    if not QUICK.search(source):
        return {}
    tree = ast.parse(source)
    pieces = {id(node) for each in _pieces(tree) for node in ast.walk(each)}
    found: dict[str, str] = {}
    for text in _texts(tree, pieces):
        for line in text.splitlines():
            told = LINE.match(line)
            if told and len(told["said"].split()) >= FEWEST_WORDS:
                found[told["code"]] = line
    return found


def _pieces(tree: ast.AST) -> Iterator[ast.AST]:
    """Parts of the tree whose texts are looked for in others."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(isinstance(each, ast.In | ast.NotIn) for each in node.ops):
            yield node.left
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            yield from node.args if name in PIECES else ()


def _texts(tree: ast.AST, but: set[int]) -> Iterator[str]:
    """Every text, put together from its parts; a word stands for what is filled in."""
    for node in ast.iter_child_nodes(tree):
        if id(node) in but:
            continue
        text = _text(node)
        if text is None:
            yield from _texts(node, but)
        else:
            yield text


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "x" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = [_text(node.left), _text(node.right)]
        return "".join(part or "x" for part in parts) if any(parts) else None
    return None
