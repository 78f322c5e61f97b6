"""Options that say how the image is built; flyctl gets each as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.options import not_with

Command = TypeVar("Command", bound=Callable[..., Any])
Values = dict[str, str]


def _keep(ctx: click.Context, name: str, value: object) -> None:
    context = ctx.find_object(CommandContext)
    if context is not None:
        context.options.build = replace(context.options.build, **{name: value})  # type: ignore[arg-type]


def _file(ctx: click.Context, parameter: click.Parameter, value: Path | None) -> None:
    context = ctx.find_object(CommandContext)
    if value is not None and context is not None and parameter.name is not None:
        _keep(ctx, parameter.name, (context.environment.cwd / value).absolute())


def _pairs(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> None:
    """NAME=VALUE, as often as given; a message about one never repeats it, since it may be secret."""
    pairs = [value.partition("=") for value in values]
    if any(not name or not equals for name, equals, _ in pairs):
        raise click.BadParameter("write NAME=VALUE", ctx, parameter)
    assert parameter.name is not None
    _keep(ctx, parameter.name, {name: value for name, _, value in pairs})


def _text(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None and parameter.name is not None:
        _keep(ctx, parameter.name, value)


def _switch(ctx: click.Context, parameter: click.Parameter, value: bool | str | None) -> None:
    context = ctx.find_object(CommandContext)
    if context is None or value in (None, False):
        return
    flag = parameter.opts[0] if value is True else f"{parameter.opts[0]}={value}"
    _keep(ctx, "switches", (*context.options.build.switches, flag))


def _enter(ctx: click.Context, parameter: click.Parameter, value: Path | None) -> None:
    """Go on as if the command had been typed in that directory."""
    context = ctx.find_object(CommandContext)
    if value is not None and context is not None:
        context.environment = replace(context.environment, cwd=context.environment.cwd / value)


def _option(*names: str, callback: Callable[..., None], **settings: Any) -> Callable[[Command], Command]:
    return click.option(*names, expose_value=False, callback=callback, **settings)


BUILDS = (
    "--depot", "--remote-only", "--local-only", "--no-cache", "--build-target", "--build-secret", "--build-arg",
    "--ignorefile", "--dockerfile",
)  # fmt: skip


def built_with(*others: str) -> Callable[[Command], Command]:
    """Refuse options about a build where one of `others` is given, with which nothing is built."""

    def around(command: Command) -> Command:
        for option in BUILDS:
            command = not_with(option, *others)(command)
        return command

    return around


def build_options(command: Command) -> Command:
    """[WORKING_DIR], --dockerfile, --ignorefile, --build-arg, --build-secret, --build-target and flyctl's switches."""
    path = click.Path(path_type=Path)
    for option in (
        _option("--depot", callback=_switch, metavar="WHEN", help="Build with Depot: true, false or auto."),
        _option("--remote-only", callback=_switch, is_flag=True, help="Build on Fly.io only."),
        _option("--local-only", callback=_switch, is_flag=True, help="Build with this computer's Docker only."),
        _option("--no-cache", callback=_switch, is_flag=True, help="Build without the cache."),
        _option("--build-target", "target", callback=_text, metavar="STAGE", help="Stage of the Dockerfile to build."),
        _option(
            "--build-secret", "secrets", callback=_pairs, multiple=True, metavar="NAME=VALUE",
            help="Secret for the build alone; flyctl takes it as an argument, which other programs here can see.",
        ),
        _option("--build-arg", "args", callback=_pairs, multiple=True, metavar="NAME=VALUE", help="Build argument."),
        _option("--ignorefile", callback=_file, type=path, help="File to use instead of .dockerignore."),
        _option("--dockerfile", callback=_file, type=path, help="Dockerfile to use, where fly.toml names none."),
        click.argument(
            "working_dir", required=False, expose_value=False, callback=_enter, is_eager=True,
            type=click.Path(path_type=Path, exists=True, file_okay=False),
        ),
    ):  # fmt: skip
        command = option(command)
    return command
