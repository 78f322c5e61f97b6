"""What `flyo explain` does: shows the page of a code, or all codes."""

from __future__ import annotations

from dataclasses import asdict

from flyctl_orchestrator.catalog.error_pages import find_page, load_pages, near_codes
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.report.look.explain_text import list_lines, page_lines

SCHEMA = "flyo.explain/1"


def run_explain(context: CommandContext, code: str | None) -> None:
    """Show a code's page, or with None a list of all codes.

    Raises:
        UsageError: there is no such code; names near ones.
        FlyoError: it cannot be shown.
    """
    output, pages = context.output, load_pages()
    if code is None:
        if context.options.as_json:
            output.document({"schema": SCHEMA, "codes": [asdict(page) for page in pages.values()]})
        else:
            output.show(*list_lines(pages.values(), output.width))
        return
    page = find_page(pages, code)
    if page is None:
        near = near_codes(pages, code)
        raise UsageError(
            f"there is no code '{code[:60]}'",
            where="flyo explain",
            next=f"Near it: {', '.join(near)}" if near else "'flyo explain' lists all codes",
            code="explain.unknown",
        )
    if context.options.as_json:
        output.document({"schema": SCHEMA, **asdict(page)})
    else:
        output.show(*page_lines(page, output.width))
