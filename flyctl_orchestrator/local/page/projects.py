"""Where the projects of apps are, as `flyo deploy` told: what is run when somebody deploys by a click. Kept on disk."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flyctl_orchestrator.local.base.errors import PlatformError, invalid
from flyctl_orchestrator.local.core.store import Store

KIND = "project"
MOST_OPTIONS, MOST_VARIABLES, LONGEST = 32, 100, 32_768
_APP = re.compile(r"[a-z0-9-]{1,63}")
_OPTION = re.compile(r"--[a-z][a-z-]{0,40}(?:=.{1,4096})?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,100}")
_CREDENTIAL = re.compile(r".*(TOKEN|PASSWORD|PASSPHRASE|SECRET|CREDENTIAL|AUTH|API_?KEY).*", re.I)


@dataclass(frozen=True)
class Project:
    """How an app was deployed last.

    Attributes:
        directory: absolute; where flyo ran.
        flyo: the command, as an absolute path.
        options: of `flyo deploy`, besides --local, each as one word.
        environment: what it is run with.
    """

    app: str
    directory: str
    flyo: str
    options: tuple[str, ...]
    environment: Mapping[str, str]

    @property
    def words(self) -> tuple[str, ...]:
        """What is run, without a shell."""
        return (self.flyo, "deploy", "--local", "--again", *self.options)

    @property
    def line(self) -> str:
        """The same as somebody would type it."""
        return shlex.join(("flyo", *self.words[1:], self.directory))


class Projects:
    """The last project of each app.

    Args:
        store: keeps them over a restart. Whoever calls flushes it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, Project] = {}
        for document in store.load(KIND):
            # A record of another version is as good as none: the next deploy tells anew.
            try:
                project = read(document)
            except PlatformError:
                continue
            self._known[project.app] = project

    def keep(self, project: Project) -> None:
        """This is how it was deployed last."""
        self._known[project.app] = project
        self._store.put(KIND, project.app, project)

    def forget(self, app: str) -> None:
        """The app is no more."""
        if self._known.pop(app, None) is not None:
            self._store.delete(KIND, app)

    def of(self, app: str) -> Project | None:
        """How an app was deployed last, None when no deploy has told."""
        return self._known.get(app)


def read(body: Any) -> Project:
    """What a deploy tells of itself.

    Raises:
        PlatformError: 400 for anything that is not that, or that may hold a credential.
    """
    if not isinstance(body, dict):
        raise invalid("the body must be an object")
    app, options, environment = body.get("app"), body.get("options"), body.get("environment")
    if not isinstance(app, str) or not _APP.fullmatch(app):
        raise invalid("`app` must be the name of an app")
    if not isinstance(options, list) or len(options) > MOST_OPTIONS or not all(map(_is_option, options)):
        raise invalid("`options` must be words of the form --name or --name=value")
    if not isinstance(environment, dict) or len(environment) > MOST_VARIABLES:
        raise invalid(f"`environment` must be an object of no more than {MOST_VARIABLES} variables")
    for name, value in environment.items():
        if not _VARIABLE.fullmatch(name) or not isinstance(value, str) or "\0" in value or len(value) > LONGEST:
            raise invalid("`environment` must be names and texts")
        if _CREDENTIAL.fullmatch(name):
            raise invalid(f"{name} may be a credential, and is not taken")
    return Project(app, _path(body, "directory"), _path(body, "flyo"), tuple(options), environment)


def _is_option(word: Any) -> bool:
    return isinstance(word, str) and word.isprintable() and _OPTION.fullmatch(word) is not None


def _path(body: Mapping[str, Any], name: str) -> str:
    path = body.get(name)
    # Printable: it is shown, and a name that is no text cannot be.
    if not isinstance(path, str) or not path.startswith("/") or not path.isprintable() or len(path) > LONGEST:
        raise invalid(f"`{name}` must be an absolute path that can be shown")
    return path
