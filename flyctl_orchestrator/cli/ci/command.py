"""What `flyo ci init` does: writes a pipeline that rehearses, plans, deploys, and gives pull requests an app each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources

from flyctl_orchestrator.cli.ci.install import installed_from
from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.fleet.flyctl.version import tested
from flyctl_orchestrator.project.detect import detect
from flyctl_orchestrator.project.detect.detected import WantedSecret
from flyctl_orchestrator.project.write import write_files

# Where each host looks for pipelines, and the templates that make them up.
FILES: dict[tuple[str, bool], dict[str, tuple[str, ...]]] = {
    ("github", False): {".github/workflows/flyo.yml": ("github.yml",)},
    ("github", True): {
        ".github/workflows/flyo.yml": ("github.yml",),
        ".github/workflows/flyo-review.yml": ("github-review.yml",),
    },
    ("gitlab", False): {".gitlab-ci.yml": ("gitlab.yml",)},
    ("gitlab", True): {".gitlab-ci.yml": ("gitlab.yml", "gitlab-review.yml")},
}
TOKEN = {
    "github": "flyctl tokens create deploy --app {app} --name github --expiry 720h | gh secret set FLY_API_TOKEN",
    "gitlab": "flyctl tokens create deploy --app {app} --name gitlab --expiry 720h   # as the variable FLY_API_TOKEN",
}


@dataclass(frozen=True)
class Wanted:
    """What one `flyo ci init` is to write.

    Attributes:
        host: "github" or "gitlab".
        branch: what is deployed.
        review: also an app for each pull request.
        install: what pip is to install; None for where this flyo came from.
        show: print the files instead of writing them.
    """

    host: str
    branch: str
    review: bool
    install: str | None
    show: bool


def init_ci(context: CommandContext, wanted: Wanted) -> None:
    """Write the pipeline's files; one that exists and is another is left alone.

    Raises:
        UsageError: a file exists (ci.exists), nobody knows what pip is to install (ci.install), or a name cannot stand
            in a pipeline (ci.name).
        FlyoError: a file cannot be written.
    """
    project = context.project(understood=False)
    values = {
        "APP": project.app,
        "BRANCH": _plain(wanted.branch, "--branch"),
        "FLYO": _plain(wanted.install or installed_from(), "--install"),
        "FLYCTL": ".".join(map(str, tested()[-1])),
        "SECRETS": "",
    }
    secrets = [each for each in detect(project.root).secrets if each.name not in project.flytoml.env]
    values["SECRETS"] = "".join(_secret_lines(wanted.host, secrets))
    named = FILES[wanted.host, wanted.review]
    files = {path: "".join(_filled(each, values) for each in parts) for path, parts in named.items()}
    output, root = context.output, context.environment.cwd
    if wanted.show:
        for path, text in files.items():
            output.show(f"==> {path}", *text.rstrip("\n").split("\n"))
        return
    there = {path: (root / path).read_bytes() for path in files if (root / path).is_file()}
    for path, old in there.items():
        if old != files[path].encode():
            raise UsageError(
                "exists already and was left alone; nothing was written",
                where=path,
                next="Move it away, or take what you need from 'flyo ci init --print'",
                code="ci.exists",
            )
    write_files(root, {path: text.encode() for path, text in files.items() if path not in there})
    output.say(*(f"{'exists ' if path in there else 'created'}  {path}" for path in files))
    output.say(f"next     {TOKEN[wanted.host].format(app=project.app)}")


def _secret_lines(host: str, secrets: Iterable[WantedSecret]) -> Iterable[str]:
    """What a rehearsal needs of secrets: random ones are made, of the others a line says how to give a value."""
    indent, run = ("      ", "run: ") if host == "github" else ("    ", "")
    for each in secrets:
        if each.random:
            yield f"{indent}- {run}flyo secrets generate {each.name} --if-missing --local\n"
        else:
            # A value for the rehearsal alone; nothing of production belongs here.
            value = f"echo '{each.name}=FOR-THE-REHEARSAL' | flyo secrets import - --local"
            yield f"{indent}# The code asks for {each.name}:\n{indent}# - {run}{value}\n"


def _filled(template: str, values: dict[str, str]) -> str:
    text = resources.files(__package__).joinpath(template).read_text("utf-8")
    return re.sub(r"@([A-Z]+)@", lambda found: values[found[1]], text)


def _plain(text: str, where: str) -> str:
    """A text that can stand between quotes in a pipeline, and in its shell."""
    if not re.fullmatch(r"[\w .,@+:/=~<>\[\]#%-]+", text, re.ASCII):
        raise UsageError(
            f"'{text[:80]}' has characters that mean something else in a pipeline",
            where=where,
            next="Use letters, digits and . , @ + : / = ~ < > [ ] # % -",
            code="ci.name",
        )
    return text
