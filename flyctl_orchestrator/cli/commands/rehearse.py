"""`flyo rehearse`: the next rollout on a copy of the fleet, with faults if wanted."""

from __future__ import annotations

from pathlib import Path

import click

from flyctl_orchestrator.cli.context import CommandContext, pass_command_context
from flyctl_orchestrator.cli.options import (
    accept_option,
    goes_with,
    json_option,
    policy_options,
    target_options,
    verbose_option,
)
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.rollout.rehearsal.fault_spec import FORM


@click.command()
@target_options
@click.option("--from-live", is_flag=True, help="Copy the app on Fly.io (default, unless FLYO_TARGET=local).")
@click.option("--fault", "faults", multiple=True, metavar="FAULT", help=f"{FORM}.")
@click.option(
    "--secrets", "secrets_file", metavar="FILE", help="NAME=VALUE lines for the copy (default: placeholders)."
)
@click.option(
    "--before",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Code that runs now, if its image is not on this computer (default: this directory).",
)
@click.option("--all", "every_day", is_flag=True, help="Every fault in every region at three moments, simulated.")
@click.option("--only", multiple=True, metavar="DAY", help="With --all: this day alone, e.g. region-down@fra:at.")
@click.option("--seed", type=click.IntRange(0), default=0, help="With --all: decides all that is left to chance.")
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write a report to keep: one file."
)
@policy_options
@accept_option
@verbose_option("Every step, probe and line of flyctl.")
@json_option
@goes_with("--only", "--all")
@goes_with("--seed", "--all")
@pass_command_context
def rehearse(
    context: CommandContext,
    from_live: bool,
    faults: tuple[str, ...],
    secrets_file: str | None,
    before: Path | None,
    every_day: bool,
    only: tuple[str, ...],
    seed: int,
    html: Path | None,
) -> int:
    """Roll out to a copy of the fleet on this computer, and end with the exit status that `flyo deploy` would have had.

    The fleet is only read. Its machines are set up on a local platform made for this run, with the same ids, regions,
    process groups, configuration and sleep; secrets have placeholder values. The project is built and rolled out there
    as it would be on the fleet, while the named faults happen. Afterwards the platform is gone.

    With --all the rollout is rehearsed on every bad day there is: each fault, in each region, from before, at or after
    its change on. Machines are simulated then, and so is time. Exit status 0 only if the fleet ends uniform, and as it
    should be, on every one of them.

    --html writes what happened into one file that needs nothing else: the map and the waves at every moment, how each
    machine answered, what went wrong. With --all it has a table of the days, to click into.
    """
    if every_day:
        _refuse_together(fault=bool(faults), before=before is not None)
        from flyctl_orchestrator.cli.rehearse.every_day import run_every_day

        return run_every_day(context, from_live=from_live, secrets_file=secrets_file, only=only, seed=seed, html=html)
    from flyctl_orchestrator.cli.rehearse.one import run_rehearsal

    return run_rehearsal(
        context, from_live=from_live, faults=faults, secrets_file=secrets_file, before=before, html=html
    )


def _refuse_together(**given: bool) -> None:
    """--all names the faults, and machines that are simulated run no code."""
    named = [f"--{name}" for name, on in given.items() if on]
    if named:
        raise UsageError(f"--all and {named[0]} cannot be used together", where="flyo rehearse", next="Choose one")
