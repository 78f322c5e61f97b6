"""One rollout under the app's lock, told while it happens and shown at its end: what `deploy` and `rollback` share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.hooks import hooks_of
from flyctl_orchestrator.cli.interrupts import heeding
from flyctl_orchestrator.cli.local.following import followed
from flyctl_orchestrator.cli.local.made_app import MadeApp
from flyctl_orchestrator.cli.local.notices import Notices
from flyctl_orchestrator.cli.locked import app_lock
from flyctl_orchestrator.cli.pages.serving import served
from flyctl_orchestrator.cli.past.kept_events import KeptEvents
from flyctl_orchestrator.cli.state import state_directory
from flyctl_orchestrator.cli.who import who
from flyctl_orchestrator.errors import Defect, FlyoError
from flyctl_orchestrator.exits import Exit
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.model import Project, RolloutPolicy
from flyctl_orchestrator.report.choose import choose_reporter
from flyctl_orchestrator.report.outcome_text import ended_line, outcome_lines
from flyctl_orchestrator.rollout.context.concurrency import Stop, Threads
from flyctl_orchestrator.rollout.context.events import Emitter, Event, Listener
from flyctl_orchestrator.rollout.context.hooks import HookRunner
from flyctl_orchestrator.rollout.context.outcome import Outcome
from flyctl_orchestrator.rollout.deployment import Deployment
from flyctl_orchestrator.rollout.journal.journals import JournalStore

# Where events speak of commands, besides the advice of "next". What machines and hooks write is left as it is.
ADVISING = {"drift.found": ("what",), "note": ("line",), "warning": ("what", "next")}


def run_under_lock(
    context: CommandContext,
    target: Target,
    project: Project,
    command: str,
    act: Callable[[Deployment], Outcome],
    *,
    policy: RolloutPolicy,
    hooks: bool,
    web: bool = False,
) -> Outcome:
    """Let `act` roll out, and show how it ended.

    Args:
        command: what is run, e.g. "flyo deploy", for others to read.
        act: called under the lock. It breaks off what comes before the rollout; from there on signals are noted, until
            the lock is given back.
        hooks: whether the user's own commands are run.
        web: whether a page is served that follows it.

    Raises:
        FlyoError: it did not begin, and nothing was changed on the fleet; or a defect has stopped it half-way.
    """
    journals = JournalStore.under(state_directory(context.environment), target.kind, project.app)
    made, outcome = MadeApp(), None
    with ExitStack() as stack:
        told = [stack.enter_context(followed(context.environment, project.app)), made.hear]
        told.append(stack.enter_context(closing(KeptEvents(journals))).hear)
        if web:
            told.append(stack.enter_context(served(context, project.app)))
        try:
            heard = [harmless(each, context.output.say) for each in told]
            outcome = _run(context, target, project, command, act, policy=policy, hooks=hooks, told=heard)
        finally:
            failed = outcome is None or bool(outcome.exit)
            if failed and (left := made.after_failure(target, project.app)):
                context.output.say(f"note: {left}")
    _show(context, outcome, target, project.app)
    return outcome


def harmless(listener: Listener, say: Callable[[str], None]) -> Listener:
    """A listener that a rollout does not depend on: one that fails is named once, and told nothing any more."""
    failed = False

    def hear(event: Event) -> None:
        nonlocal failed
        try:
            if not failed:
                listener(event)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 whoever looks on must not end what it looks at
            failed = True
            why = f"{type(error).__name__}: {error}"
            say(f"warning: a page or record of this rollout failed and gets no more of it: {why}")

    return hear


def _run(
    context: CommandContext,
    target: Target,
    project: Project,
    command: str,
    act: Callable[[Deployment], Outcome],
    *,
    policy: RolloutPolicy,
    hooks: bool,
    told: Sequence[Listener],
) -> Outcome:
    environment, options, output = context.environment, context.options, context.output
    reporter = choose_reporter(environment, output, as_json=options.as_json, verbose=options.verbose)
    notices = Notices(JournalStore.under(state_directory(environment), target.kind, project.app).directory)
    shown = _advised(reporter.event, context.advice, None if options.as_json else notices)
    emit, stop = Emitter(project.app, environment.clock, shown, *told), Stop()
    outcome: Outcome | None = None
    work: Deployment | None = None
    lock = app_lock(environment, target, project, command, options.lock_wait, emit)
    try:
        with heeding(stop), Threads() as threads, lock as guard:
            runner = hooks_of(environment, target, project, emit) if hooks else HookRunner()
            state, me = state_directory(environment), who(environment)
            work = Deployment(target, project, policy, threads, emit, stop, state, guard, runner, me)
            outcome = act(work)
            work.finish(outcome)
            if not outcome.exit:
                notices.keep()
    except KeyboardInterrupt:
        where = f"app {project.app}"
        what = "interrupted; nothing was changed on the fleet"
        raise FlyoError(what, where=where, code="interrupted", exit=Exit.INTERRUPTED) from None
    except Exception as error:  # noqa: BLE001 a defect must not hide what became of the fleet
        said = error if isinstance(error, FlyoError) else Defect(error, half_way=work is not None and _half_way(work))
        if outcome is None:
            raise said from None
        # What became of the fleet is known, and is what the command ends with.
        output.say(context.advice(f"warning: {said}"))
    finally:
        reporter.close()
    assert outcome is not None
    return outcome


def _advised(
    show: Callable[[Event], None], advice: Callable[[str], str], notices: Notices | None
) -> Callable[[Event], None]:
    """Shows events whose advice works as it stands, to a person none that is known already."""

    def tell(event: Event) -> None:
        if notices is not None and not notices.is_new(event):
            return
        fields = {field: event.fields[field] for field in ADVISING.get(event.name, ("next",)) if field in event.fields}
        said = {field: advice(text) for field, text in fields.items() if isinstance(text, str)}
        show(replace(event, fields={**event.fields, **said}) if said else event)

    return tell


def _half_way(work: Deployment) -> bool:
    """Whether a rollout has begun to change machines, and has not come to an end."""
    try:
        past = work.journals.unfinished()
    except FlyoError:
        return True
    return past is not None and past.changing


def _show(context: CommandContext, outcome: Outcome, target: Target, app: str) -> None:
    output = context.output
    if not context.options.as_json:
        output.report(*outcome_lines(outcome, output.style, output.width, url=target.app_url(app)))
    if outcome.exit:
        output.say(ended_line(app, outcome, context.advice))
