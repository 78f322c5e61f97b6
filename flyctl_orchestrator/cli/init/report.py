"""What `flyo init` tells: before it writes, instead of writing, and after."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from pathlib import Path

import click

from flyctl_orchestrator.cli.init.request import Request
from flyctl_orchestrator.environment import Environment
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


def show_files(environment: Environment, files: Mapping[str, bytes], request: Request) -> None:
    """--dry-run: whole contents on stdout."""
    if request.as_json:
        rows = [{"path": name, "content": content.decode("utf-8", "replace")} for name, content in files.items()]
        click.echo(json.dumps({"schema": SCHEMA, "dry_run": True, "files": rows}), file=environment.stdout)
        return
    for name, content in files.items():
        if request.example and name not in ("fly.toml", "flyo.toml", "Dockerfile"):
            click.echo(f"==> {name} ({len(content)} bytes)", file=environment.stdout)
            continue
        click.echo(f"==> {name}", file=environment.stdout)
        click.echo(content.decode("utf-8", "replace"), file=environment.stdout)
    if not files:
        say(environment, "Nothing to change.")


def report(
    environment: Environment,
    answers: Answers,
    existing: Existing,
    request: Request,
    actions: Mapping[str, str],
    created: bool | None,
) -> None:
    """What was done and what to type next; with --json as one object on stdout."""
    notes = _notes(answers, existing)
    following = _following(request)
    if request.as_json:
        files = [{"path": name, "action": action} for name, action in actions.items()]
        document: dict[str, object] = {"schema": SCHEMA, "app": answers.app, "primary": answers.primary}
        document |= {"regions": dict(answers.regions)}
        document |= {"files": files, "created": created, "notes": notes, "next": [command for command, _ in following]}
        click.echo(json.dumps(document), file=environment.stdout)
        return
    for name, action in _grouped(actions).items():
        say(environment, f"{action:<8} {name}")
    if not actions:
        say(environment, "Nothing to change: the files say this already.")
    if created is not None:
        say(environment, f"{'created' if created else 'exists':<8} app {answers.app}")
    for note in notes:
        say(environment, f"note     {note}.")
    for position, (command, meaning) in enumerate(following):
        say(environment, f"{'' if position else 'next':<8} {command:<22} {meaning}")


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
        notes.append("There is no Dockerfile, and nothing tells how this app starts: write one, or give --start")
    return notes


def _following(request: Request) -> list[tuple[str, str]]:
    rehearse = ("flyo deploy --local", "rehearse it on this computer")
    return [rehearse] if request.local else [rehearse, ("flyo deploy", "take it to Fly.io")]


def say(environment: Environment, line: str) -> None:
    """A line for a person."""
    click.echo(line, file=environment.stderr)
