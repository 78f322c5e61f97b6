"""Values that a shell can complete. Light to import: what completes them is loaded when a shell asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Kind = Literal["app", "region", "machine"]


class Known(click.ParamType[str]):
    """A name that is taken as it was typed, and completed from what is known of its kind.

    Args:
        local: whether it is one of the local platform, whatever the command line says.
        listed: whether several may stand in one word, with commas between them.
    """

    def __init__(self, *kinds: Kind, local: bool = False, listed: bool = False) -> None:
        self.kinds = kinds
        self.local = local
        self.listed = listed
        self.name = "|".join(kinds)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word itself; an empty one is a mistake, such as a script's variable that is not set."""
        if not str(value).strip():
            self.fail("it names nothing; write a value, or leave it out", param, ctx)
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """What may be meant; nothing where that cannot be found out."""
        from flyctl_orchestrator.cli.complete.candidates import candidates

        return candidates(self.kinds, ctx, incomplete, local=self.local, listed=self.listed)


def typed(ctx: click.Context, name: str, value: object) -> None:
    """Note a shared option's value while a shell completes a line, where there is no command's context."""
    ctx.meta[f"{__name__}.{name}"] = value


def typed_before(ctx: click.Context, name: str) -> Any:
    """What was noted of a shared option, None when it was not typed."""
    return ctx.meta.get(f"{__name__}.{name}")
