"""Every stable code in the code base, found by reading it: whatever is given as `code`, by name or by its place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from flyctl_orchestrator.fleet.api_error import ApiErrorKind
from flyctl_orchestrator.rollout.context.hooks import HookEnd

PACKAGE = Path(__file__).resolve().parents[3] / "flyctl_orchestrator"
# Where a code is an argument by its place. A gate's Verdict that waits has one, too: it is the reason when time is up.
# A rehearsal's Verdict begins with a status, int(…), and has none.
BY_PLACE = {"Verdict": 1, "StepFailed": 0, "StepInconclusive": 0, "_lose": 3, "BuildFailed": 0, "_about": 4}
# Functions that give a code, and the reason after it.
GIVING = {"_why"}
# Codes that are put together, and from what.
PUT_TOGETHER = {
    "f'api.{kind}'": {f"api.{kind}" for kind in get_args(ApiErrorKind)},
    "f'hook.{ran.end}'": {f"hook.{end}" for end in ("failed", "timeout")},
    # The builder's own codes, which are gathered from `BuildFailed`.
    "f\"build.{code.removeprefix('build.')}\"": {"build.failed"},
}
# Not codes: no line that a person sees ends with them.
SILENT = {""}


def codes_in_use() -> dict[str, str]:
    """Every code, with a place that uses it."""
    assert {"failed", "timeout"} <= set(get_args(HookEnd))
    found: dict[str, str] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        shown = path.relative_to(PACKAGE).as_posix()
        # The platform's answers have codes of their own, which are told as api.* or local.*.
        if shown.startswith(("local/", "report/github/")) and not shown.startswith(
            ("local/images/", "local/containers/")
        ):
            continue
        for code in _codes(ast.parse(path.read_text("utf-8"))):
            found.setdefault(code, shown)
    return {code: place for code, place in found.items() if code not in SILENT}


def _codes(tree: ast.AST) -> Iterator[str]:
    constants = {
        node.targets[0].id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for node in ast.walk(tree):
        for value in _given(node):
            named = constants.get(value.id) if isinstance(value, ast.Name) else None
            yield from _texts(named if isinstance(named, ast.Constant) else value)


def _given(node: ast.AST) -> Iterator[ast.expr]:
    """What is given as a code here."""
    if isinstance(node, ast.Call):
        yield from (each.value for each in node.keywords if each.arg == "code")
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in BY_PLACE and len(node.args) > BY_PLACE[name] and not isinstance(node.args[0], ast.Call):
            yield node.args[BY_PLACE[name]]
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "code":
        yield node.value
    elif isinstance(node, ast.FunctionDef):
        yield from _defaults(node.args)
        if node.name in GIVING:
            ends = [each.value for each in ast.walk(node) if isinstance(each, ast.Return)]
            yield from (end.elts[0] for end in ends if isinstance(end, ast.Tuple))


def _defaults(arguments: ast.arguments) -> Iterator[ast.expr]:
    by_place = [*arguments.posonlyargs, *arguments.args]
    places = zip(by_place[len(by_place) - len(arguments.defaults) :], arguments.defaults, strict=True)
    for argument, default in [*places, *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]:
        if argument.arg == "code" and default is not None:
            yield default


def _texts(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.IfExp):
        yield from (*_texts(value.body), *_texts(value.orelse))
    elif isinstance(value, ast.BoolOp):
        yield from (text for part in value.values for text in _texts(part))
    elif isinstance(value, ast.JoinedStr):
        yield from PUT_TOGETHER[ast.unparse(value)]
