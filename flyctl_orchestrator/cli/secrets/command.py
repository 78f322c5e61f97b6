"""What `flyo secrets` does: set, import, generate, list and unset, with values that are never shown."""

from __future__ import annotations

import secrets as random_secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flyctl_orchestrator.cli.activity import note_secrets
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.secrets.input import check_source, read_env_text, read_names, read_values
from flyctl_orchestrator.cli.secrets.last_set import LastSet
from flyctl_orchestrator.cli.secrets.store import Listed, digests, listed, make_local_app, remove, store
from flyctl_orchestrator.cli.secrets.store import names as stored_names
from flyctl_orchestrator.cli.state import state_directory
from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.envfile import parse_env
from flyctl_orchestrator.project.project import find_app
from flyctl_orchestrator.report.line import Line
from flyctl_orchestrator.report.style import Style
from flyctl_orchestrator.report.table import Column, render
from flyctl_orchestrator.rollout.journal.journals import JournalStore

SCHEMA = "flyo.secrets/1"


@dataclass(frozen=True)
class AppSecrets:
    """The secrets of one app, as one command works with them."""

    context: CommandContext
    app: str

    @classmethod
    def of(cls, context: CommandContext) -> AppSecrets:
        """The secrets of the app that the options or the files name.

        Raises:
            UsageError: none is named.
        """
        environment, options = context.environment, context.options
        return cls(context, find_app(environment.cwd, options.config, options.app, environment.variables))

    def target_with_app(self) -> Target:
        """The Fly to act on, where the local platform has the app: there a first secret may come before a deploy."""
        target = self.context.target()
        if target.kind == "local":
            make_local_app(target, self.app)
        return target

    def store(
        self,
        target: Target,
        values: Mapping[str, str],
        skipped: Mapping[str, str] | None = None,
        kept: Sequence[str] = (),
    ) -> None:
        """Stage `values`, and tell what was done."""
        warning = store(target, self.app, values)
        note_secrets(self.context, target, self.app, "set", values)
        self._remember(target, values)
        if warning:
            self.context.output.say(f"warning: {warning}")
        lines = [f"kept     {name}: it exists already" for name in kept]
        lines += [f"staged   {name}" for name in values]
        lines += [f"skipped  {name}: {reason}" for name, reason in (skipped or {}).items()]
        lines.append(f"next     {self.release}   to give them to the machines")
        self.done(lines, set=list(values), kept=list(kept), skipped=dict(skipped or {}), staged=True)

    def _remember(self, target: Target, values: Mapping[str, str]) -> None:
        """Make it possible to compare the values later; that this does not work is a warning, for they are set."""
        try:
            why = self.last_set(target).remember(values, digests(target, self.app) or {})
        except FlyoError as error:
            why = error.what
        if why:
            self.context.output.say(f"warning: 'flyo secrets check' will not be able to compare these values ({why})")

    def last_set(self, target: Target) -> LastSet:
        """What was last set from this computer."""
        journals = JournalStore.under(state_directory(self.context.environment), target.kind, self.app)
        return LastSet(journals.directory)

    def keep(self, names: list[str]) -> None:
        """Tell that secrets are left as they are."""
        self.done([f"kept     {name}: it exists already" for name in names], set=[], kept=names, staged=False)

    def done(self, lines: list[str], **fields: object) -> None:
        """Tell what was done: lines for a person, or one object with --json."""
        if self.context.options.as_json:
            self.context.output.record({"schema": SCHEMA, "app": self.app, **fields})
        else:
            self.context.output.say(*lines)

    @property
    def release(self) -> str:
        """What to type to give staged secrets to the machines."""
        return self.context.advice("flyo deploy")


def set_secrets(context: CommandContext, names: tuple[str, ...], *, from_stdin: bool, if_missing: bool) -> None:
    """Set each name to a value that is asked for, or read from stdin.

    Raises:
        FlyoError: a name or a value can be none, or Fly does not take them.
    """
    secrets = AppSecrets.of(context)
    wanted, dash = read_names(names)
    piped = dash or from_stdin
    check_source(context.environment, wanted, piped=piped)
    # No secret is typed in vain: that flyctl is missing is said before.
    target = secrets.target_with_app()
    kept = [name for name in wanted if name in stored_names(target, secrets.app)] if if_missing else []
    if missing := [name for name in wanted if name not in kept]:
        secrets.store(target, read_values(context.environment, missing, piped=piped), kept=kept)
    else:
        secrets.keep(kept)


def import_secrets(context: CommandContext, source: str) -> None:
    """Set every NAME=VALUE of a file, or of stdin for "-".

    Raises:
        FlyoError: it cannot be read, holds no secrets, or Fly does not take them.
    """
    secrets = AppSecrets.of(context)
    text, shown = read_env_text(context.environment, source)
    env = parse_env(text, shown=shown)
    if not env.values:
        raise UsageError("holds no secrets", where=shown, next="Write NAME=VALUE lines", code="secrets.none")
    secrets.store(secrets.target_with_app(), env.values, env.skipped)


def generate_secret(context: CommandContext, name: str, size: int, *, replace: bool, if_missing: bool) -> None:
    """Set one name to a random value.

    Args:
        size: random bytes in it.
        replace: also when it exists already.
        if_missing: leave one that exists as it is, and say so.

    Raises:
        FlyoError: it exists already, or Fly does not take it.
    """
    secrets = AppSecrets.of(context)
    names, piped = read_names((name,))
    if piped:
        raise UsageError(
            "is set to a random value, and takes none",
            where=names[0],
            next=f"Run 'flyo secrets generate {names[0]}'",
            code="secrets.value",
        )
    target = secrets.target_with_app()
    exists = not replace and name in stored_names(target, secrets.app)
    if exists and if_missing:
        secrets.keep([name])
        return
    if exists:
        raise UsageError(
            "exists already, and replacing it cannot be undone",
            where=name,
            next="Add --replace if nothing depends on its value any more",
            code="secrets.exists",
        )
    secrets.store(target, {name: random_secrets.token_urlsafe(size)})


def list_secrets(context: CommandContext) -> None:
    """List the app's secrets without their values.

    Raises:
        FlyoError: they cannot be read or shown.
    """
    secrets, output = AppSecrets.of(context), context.output
    rows = listed(context.target(), secrets.app)
    if context.options.as_json:
        document = {"schema": SCHEMA, "app": secrets.app, "secrets": [vars(row) for row in rows]}
        output.document(document, indent=None)
        return
    output.show(*_table(rows, output.style, output.width))
    if not rows:
        output.say(context.advice("No secrets. 'flyo secrets set NAME' adds one."))
    if any(row.status in ("staged", "partial") for row in rows):
        output.say(f"Not on all machines yet: '{secrets.release}' brings them there.")


def unset_secrets(context: CommandContext, names: tuple[str, ...]) -> None:
    """Remove each name; machines lose it with the next deploy.

    Raises:
        FlyoError: one of them does not exist, or Fly does not remove them.
    """
    secrets = AppSecrets.of(context)
    wanted = list(dict.fromkeys(names))
    target = context.target()
    remove(target, secrets.app, wanted)
    note_secrets(context, target, secrets.app, "unset", wanted)
    secrets.last_set(target).forget(wanted)
    lines = [f"removed  {name}" for name in wanted]
    lines.append(f"next     {secrets.release}   to take them from the machines")
    secrets.done(lines, unset=wanted, staged=True)


def _table(rows: list[Listed], style: Style, width: int | None) -> list[Line]:
    if not rows:
        return []
    columns = (Column("name"), Column("digest", leaves=1), Column("status"))
    return render(columns, [(row.name, row.digest, row.status) for row in rows], style, width)
