"""What `flyo init` tells: before it writes, instead of writing, and after."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.init.request import InitRequest
from flyctl_orchestrator.project.detect.database import database_lines
from flyctl_orchestrator.project.detect.detected import WantedSecret
from flyctl_orchestrator.project.litefs import CONFIG as LITEFS_CONFIG
from flyctl_orchestrator.project.litefs import litefs_lines
from flyctl_orchestrator.project.scaffold import Answers, Existing, health_path

SCHEMA = "flyo.init/1"
UNASKED = {"count": "--regions CODE=N for more machines", "health": "--health-path"}
"""Questions that the wizard may leave out, and the flags that answer them."""


def summary(
    answers: Answers, existing: Existing, files: Mapping[str, bytes], cwd: Path, unasked: Collection[str] = ()
) -> list[str]:
    """What is about to happen, line by line; of a file that is there, the lines that change.

    Args:
        unasked: questions of `UNASKED` that were not asked.
    """
    counts = ", ".join(f"{code} ({count})" if count != 1 else code for code, count in answers.regions.items())
    lines = [f"  app      {answers.app}", f"  regions  {counts}; primary {answers.primary}"]
    if "count" in unasked:
        lines[-1] += f" ({UNASKED['count']})"
    if "health" in unasked:
        known = health_path(existing.fly) if existing.fly else None
        lines.append(f"  health   {answers.health or known or existing.detected.health} ({UNASKED['health']})")
    if existing.needs_dockerfile and (start := answers.start or existing.detected.start):
        lines.append(f"  start    {start}, on port {answers.port or existing.detected.port} (--start, --internal-port)")
    for name, content in files.items():
        old = cwd / name
        if not old.is_file():
            lines.append(f"  create   {name}")
            continue
        lines.append(f"  change   {name}")
        lines += [f"    {line}" for line in _difference(old.read_bytes(), content)]
    if not files:
        lines.append("  nothing to change")
    return lines


def _difference(old: bytes, new: bytes) -> list[str]:
    """The changed lines alone, with - and +."""
    before, after = old.decode("utf-8", "replace").splitlines(), new.decode().splitlines()
    lines = difflib.unified_diff(before, after, lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@")) and line[1:].strip()]


def show_files(context: CommandContext, files: Mapping[str, bytes], request: InitRequest) -> None:
    """--dry-run: whole contents on stdout.

    Raises:
        FlyoError: they cannot be written there.
    """
    output = context.output
    if context.options.as_json:
        rows = [{"path": name, "content": content.decode("utf-8", "replace")} for name, content in files.items()]
        output.document({"schema": SCHEMA, "dry_run": True, "files": rows}, indent=None)
        return
    for name, content in files.items():
        if request.example and name not in ("fly.toml", "flyo.toml", "Dockerfile"):
            output.show(f"==> {name} ({len(content)} bytes)")
            continue
        output.show(f"==> {name}", *content.decode("utf-8", "replace").split("\n"))
    if not files:
        output.say("Nothing to change.")


def report(
    context: CommandContext,
    answers: Answers,
    existing: Existing,
    actions: Mapping[str, str],
    created: bool | None,
    remarks: Sequence[str] = (),
) -> None:
    """What was done and what to type next; with --json as one object on stdout.

    Args:
        remarks: what else there is to know, a sentence each without a final stop.
    """
    notes = [*remarks, *_notes(answers, existing, actions)]
    following = [("write a Dockerfile, then run 'flyo init' again", "")]
    if can_build(answers, existing):
        litefs = bool(answers.database) or LITEFS_CONFIG in existing.names
        following = _following(
            existing.detected.secrets, created=bool(created), local=context.options.local, litefs=litefs
        )
    output = context.output
    if context.options.as_json:
        files = [{"path": name, "action": action} for name, action in actions.items()]
        document: dict[str, object] = {"schema": SCHEMA, "app": answers.app, "primary": answers.primary}
        document |= {"regions": dict(answers.regions)}
        document |= {
            "files": files,
            "created": created,
            "notes": notes,
            "next": [command for command, meaning in following if meaning],
        }
        output.record(document)
        return
    output.say(*(f"{action:<8} {name}" for name, action in _grouped(actions).items()))
    if not actions:
        output.say("Nothing to change: the files say this already.")
    if created is not None:
        output.say(f"{'created' if created else 'exists':<8} app {answers.app}")
    output.say(*(f"note     {note}." for note in notes))
    longest = max(len(command) for command, _ in following)
    for position, (command, meaning) in enumerate(following):
        output.say(f"{'' if position else 'next':<8} {command:<{longest}}  {meaning}".rstrip())


def can_build(answers: Answers, existing: Existing) -> bool:
    """Whether there is, or was written, what an image is made from; without it no deploy can work."""
    return not existing.needs_dockerfile or bool(answers.start or existing.detected.start)


def _grouped(actions: Mapping[str, str]) -> dict[str, str]:
    """Files at the top one by one, directories as one line each."""
    result: dict[str, str] = {}
    for name, action in actions.items():
        folder, slash, _ = name.partition("/")
        result[folder + slash] = action
    return result


def _notes(answers: Answers, existing: Existing, actions: Mapping[str, str]) -> list[str]:
    found = existing.detected
    notes = list(found.notes) if existing.needs_dockerfile else []
    if existing.needs_dockerfile and not (answers.start or found.start):
        notes.append("There is no Dockerfile, and how this app starts is not known: write one, or give --start")
    notes += database_lines(found)
    own = [secret.name for secret in found.secrets if not secret.random]
    if own:
        asks = f"'flyo secrets set {' '.join(own)}' asks for them"
        notes.append(f"Its files name secrets whose values only you know: {asks} (with --local for the rehearsal)")
    if answers.database:
        notes.append("LiteFS is not supported by Fly.io; with it machines never sleep, and one region alone can write")
        notes.append("It cannot be rehearsed on this computer, whose machines have neither its program nor FUSE")
    if LITEFS_CONFIG in actions and "Dockerfile" not in actions:
        lines = "; ".join(litefs_lines())
        notes.append(f"The Dockerfile is yours and was left alone; for LiteFS its last stage has to end so: {lines}")
    return notes


def _following(secrets: tuple[WantedSecret, ...], *, created: bool, local: bool, litefs: bool) -> list[tuple[str, str]]:
    """The commands that work when they are typed one after the other, and what each is for."""
    names = [secret.name for secret in secrets if secret.random]
    rehearse = [(f"flyo secrets generate {name} --if-missing --local", "a random value, here only") for name in names]
    rehearse.append(("flyo deploy --local", "rehearse it on this computer"))
    if litefs:
        rehearse = [("flyo doctor --files", "look for mistakes in the files")]
    if local:
        return rehearse
    # On Fly.io no deploy creates an app: its name is taken for everybody.
    release = [("flyo init --yes --create", "create the app on Fly.io")] if not created else []
    release += [(f"flyo secrets generate {name} --if-missing", "a random value that nobody sees") for name in names]
    return [*rehearse, *release, ("flyo deploy", "take it to Fly.io")]
