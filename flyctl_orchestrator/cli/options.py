"""Options that many commands share, each defined once. Their values are kept in the command's context."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from click.core import ParameterSource

from flyctl_orchestrator.cli.complete.known import Known, typed
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.quantities import Duration
from flyctl_orchestrator.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])


def _keep(ctx: click.Context, parameter: click.Parameter, value: object) -> object:
    """Keep a value in the context's `SharedOptions`; while a shell completes a line there is no context."""
    context = ctx.find_object(CommandContext)
    if parameter.name is not None and _given_before(ctx, parameter.name):
        return value
    if context is not None and parameter.name is not None:
        assert hasattr(context.options, parameter.name), parameter.name
        setattr(context.options, parameter.name, value)
    elif parameter.name is not None:
        typed(ctx, parameter.name, value)
    return value


def _given_before(ctx: click.Context, name: str) -> bool:
    """Whether the group before this command was given an option that this command was not."""
    unset = (None, ParameterSource.DEFAULT)
    return (
        ctx.parent is not None
        and ctx.get_parameter_source(name) in unset
        and ctx.parent.get_parameter_source(name) not in unset
    )


def _keep_policy(ctx: click.Context, parameter: click.Parameter, value: object) -> object:
    """Keep a flag that stands in for a key of flyo.toml's [rollout]."""
    context = ctx.find_object(CommandContext)
    if context is not None and parameter.name is not None:
        context.options.policy[parameter.name] = value
    return value


def _shared(*names: str, **settings: Any) -> Callable[[Command], Command]:
    return click.option(*names, expose_value=False, callback=_keep, **settings)


def _policy(*names: str, **settings: Any) -> Callable[[Command], Command]:
    return click.option(*names, expose_value=False, callback=_keep_policy, **settings)


local_option = _shared("--local", is_flag=True, help="Use the local platform (or FLYO_TARGET=local).")
_app = _shared("-a", "--app", type=Known("app"), help="App name (default: from fly.toml).")
config_option = _shared(
    "-c", "--config", type=click.Path(path_type=Path), help="fly.toml to use (default: ./fly.toml)."
)

_json = _shared("--json", "as_json", is_flag=True, help="Print JSON on stdout; ask no questions.")
_plain = _shared("--plain", is_flag=True, help="For a screen reader: a line per row, nothing redrawn (FLYO_PLAIN=1).")
raw_option = click.option("--raw", is_flag=True, help="Lines as they were written: nothing is masked.")
yes_option = _shared("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
lock_option = _shared(
    "--lock-wait", type=Duration(), default=0.0, metavar="DURATION",
    help="How long to wait for another rollout to finish, e.g. 5m.",
)  # fmt: skip
accept_option = _shared(
    "--accept", multiple=True, metavar="CODE",
    help="Go on although 'flyo doctor' finds this error in the files. May be given again.",
)  # fmt: skip


def alone(option: str, needed: Sequence[str], *, where: str) -> UsageError:
    """The error for an option that changes nothing where none of `needed` is given."""
    return UsageError(
        f"{option} goes with {' or '.join(needed)}, and changes nothing without",
        where=where,
        next=f"Add {needed[0]}, or leave {option} out",
    )


def goes_with(option: str, *needed: str) -> Callable[[Command], Command]:
    """Refuse an option where none of `needed` is given: nobody is to think that it did something.

    Args:
        needed: options, with a value where only that one will do, as "--users-from prometheus".
    """

    def check(ctx: click.Context) -> None:
        if _is_given(ctx, option) and not any(_is_given(ctx, each) for each in needed):
            raise alone(option, needed, where=ctx.command_path)

    return _checked(check)


def not_with(option: str, *others: str) -> Callable[[Command], Command]:
    """Refuse an option that changes nothing where one of `others` is given."""

    def check(ctx: click.Context) -> None:
        for other in (each for each in others if _is_given(ctx, option) and _is_given(ctx, each)):
            what = f"{option} changes nothing with {other}"
            raise UsageError(what, where=ctx.command_path, next=f"Leave {option} out")

    return _checked(check)


def _checked(check: Callable[[click.Context], None]) -> Callable[[Command], Command]:
    """Runs `check` before the command; stands below its options, which are known by then."""

    def around(command: Command) -> Command:
        @wraps(command)
        def run(*arguments: Any, **options: Any) -> Any:
            check(click.get_current_context())
            return command(*arguments, **options)

        return cast(Command, run)

    return around


def _is_given(ctx: click.Context, written: str) -> bool:
    """Whether an option was typed, and switched on where it is a switch."""
    option, _, value = written.partition(" ")
    parameter = next(each for each in ctx.command.params if option in (*each.opts, *each.secondary_opts))
    name = parameter.name or ""
    if ctx.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
        return False
    known = ctx.params.get(name, True)
    if option in parameter.secondary_opts:
        return known is False
    return known == value if value else known is not False


def json_option(command: Command) -> Command:
    """--json and --plain: for programs, and for people to whom a table says nothing."""
    return _json(_plain(command))


def verbose_option(what: str) -> Callable[[Command], Command]:
    """-v/--verbose, with `what` it shows."""
    return _shared("-v", "--verbose", is_flag=True, help=what)


def target_options(command: Command) -> Command:
    """--local, -a/--app and -c/--config: which Fly, which app."""
    return local_option(_app(config_option(command)))


def watch_back_option(command: Command) -> Command:
    """--watch of a way back, however long [rollout] watches machines that are new."""

    def keep(ctx: click.Context, parameter: click.Parameter, value: object) -> object:
        context = ctx.find_object(CommandContext)
        if context is not None:
            context.options.policy |= {"watch": value, "watch_back": value}
        return value

    option = click.option(
        "--watch", type=Duration(), expose_value=False, callback=keep, help="How long to watch each machine, e.g. 10s."
    )
    return option(command)


def _keep_list(to: str) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], tuple[str, ...]]:
    """Keeps what was given, lists with commas as flyctl takes them, in `SharedOptions.part`."""

    def keep(ctx: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
        context = ctx.find_object(CommandContext)
        names = tuple(name.strip() for each in value for name in each.split(",") if name.strip())
        if value and not names:
            # A script's empty variable: taken as no option at all, it would stand for the whole fleet.
            raise click.BadParameter("it names nothing; write a value, or leave it out for the whole fleet")
        if context is not None and names:
            context.options.part[to] = names
        return value

    return keep


def part_options(command: Command) -> Command:
    """--without, and flyctl's own names for a part of the fleet; together they narrow it down, as flyctl's do."""
    without = "Leave this region or machine as it is, e.g. because its host is down. May be given again."
    regions, machines = Known("region", listed=True), Known("machine", listed=True)
    for names, metavar, to, type, help in (
        (("--process-groups",), "GROUP,…", "groups", None, "Change machines of these process groups only."),
        (("--only-machines",), "MACHINE,…", "machines", machines, "Change these machines only, and make none."),
        (("--regions", "--only-regions"), "REGION,…", "regions", regions, "Change these regions only."),
        (("--exclude-machines",), "MACHINE,…", "not_machines", machines, "As --without."),
        (("--exclude-regions",), "REGION,…", "not_regions", regions, "As --without."),
        (("--without",), "REGION|MACHINE", "without", Known("region", "machine", listed=True), without),
    ):
        shared: dict[str, Any] = {"expose_value": False, "callback": _keep_list(to), "help": help}
        option = click.option(*names, to, multiple=True, type=type, metavar=metavar, **shared)
        command = option(command)
    return command


def policy_options(command: Command) -> Command:
    """--canary, --width, --max-unavailable, --watch, --bake, --timeout, --strategy, --no-rollback."""
    for option in (
        _policy(
            "--no-rollback",
            "rollback",
            flag_value=False,
            type=bool,
            default=None,
            help="Leave a failed wave as it is.",
        ),
        _policy("--strategy", type=click.Choice(["in-place", "surge"]), help="How machines are replaced."),
        _policy("--timeout", type=Duration(), help="What a machine may take from its change to healthy, e.g. 2m."),
        _policy("--bake", type=Duration(), help="How long to watch a wave after that, e.g. 1m."),
        _policy("--watch", type=Duration(), help="How long to watch each machine once it has passed, e.g. 10s."),
        _policy("--max-unavailable", type=click.IntRange(1), help="Machines changed at once within one region."),
        _policy("--width", type=click.IntRange(0), help="Regions at once after the canary; 0 means all."),
        _policy("--canary", type=Known("region"), metavar="REGION", help="The region that goes first."),
    ):
        command = option(command)
    return command
