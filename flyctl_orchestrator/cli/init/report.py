"""What `flyo init` tells: before it writes, instead of writing, and after."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.init.request import InitRequest
from flyctl_orchestrator.project.scaffold import Answers, Existing

SCHEMA = "flyo.init/1"


def summary(answers: Answers, files: Mapping[str, bytes], cwd: Path) -> list[str]:
    """What is about to happen, line by line; of a file that is there, the lines that change."""
    counts = ", ".join(f"{code} ({count})" if count != 1 else code for code, count in answers.regions.items())
    lines = [f"  app      {answers.app}", f"  regions  {counts}; primary {answers.primary}"]
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
    context: CommandContext, answers: Answers, existing: Existing, actions: Mapping[str, str], created: bool | None
) -> None:
    """What was done and what to type next; with --json as one object on stdout."""
    notes = _notes(answers, existing)
    following = _following(local=context.options.local)
    output = context.output
    if context.options.as_json:
        files = [{"path": name, "action": action} for name, action in actions.items()]
        document: dict[str, object] = {"schema": SCHEMA, "app": answers.app, "primary": answers.primary}
        document |= {"regions": dict(answers.regions)}
        document |= {"files": files, "created": created, "notes": notes, "next": [command for command, _ in following]}
        output.record(document)
        return
    output.say(*(f"{action:<8} {name}" for name, action in _grouped(actions).items()))
    if not actions:
        output.say("Nothing to change: the files say this already.")
    if created is not None:
        output.say(f"{'created' if created else 'exists':<8} app {answers.app}")
    output.say(*(f"note     {note}." for note in notes))
    for position, (command, meaning) in enumerate(following):
        output.say(f"{'' if position else 'next':<8} {command:<22} {meaning}")


def _grouped(actions: Mapping[str, str]) -> dict[str, str]:
    """Files at the top one by one, directories as one line each."""
    result: dict[str, str] = {}
    for name, action in actions.items():
        folder, slash, _ = name.partition("/")
        result[folder + slash] = action
    return result


def _notes(answers: Answers, existing: Existing) -> list[str]:
    notes = list(existing.detected.notes) if existing.needs_dockerfile else []
    if existing.needs_dockerfile and not (answers.start or existing.detected.start):
        notes.append("There is no Dockerfile, and how this app starts is not known: write one, or give --start")
    return notes


def _following(*, local: bool) -> list[tuple[str, str]]:
    rehearse = ("flyo deploy --local", "rehearse it on this computer")
    return [rehearse] if local else [rehearse, ("flyo deploy", "take it to Fly.io")]
