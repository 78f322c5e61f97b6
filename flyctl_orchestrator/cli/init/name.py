"""Whose an app's name is: asked of the platform before anything is written, where somebody is logged in to it."""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.target import resolve_target, wants_local
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.machines_api import MachinesApi

Whose = Literal["nobody", "own", "other", "unknown", "unasked"]

# Seconds that an answer may take: it only saves a later surprise.
PATIENCE = 4.0
_LETTERS = string.ascii_lowercase + string.digits
_TRIES = 5


@dataclass
class Names:
    """Asks about names, each once.

    An app of others is not shown (403), and neither is any app to a login that may see none. Which of both it is, a
    name tells that was made up and that nobody has.
    """

    context: CommandContext
    _known: dict[str, Whose] = field(default_factory=dict)
    _remarks: dict[str, str] = field(default_factory=dict)
    _refusals: dict[str, str] = field(default_factory=dict)
    _made_up: dict[str, str] = field(default_factory=dict)

    def refuse_taken(self, app: str) -> None:
        """Make sure that a name is not taken by an app that this login does not see.

        Raises:
            UsageError: it is (code init.name_taken).
        """
        if self.whose(app) == "other":
            raise UsageError(
                self.taken(app),
                where="--name",
                next=f"Give another, e.g. --name {self.free_one(app)}; nothing was written",
                code="init.name_taken",
            )

    def taken(self, app: str) -> str:
        """What is known of a name that is taken, without a final stop."""
        said = f" ({self._refusals[app]})" if self._refusals.get(app) else ""
        return f"the app name '{app}' is taken {self._where}, by an app that this login may not see{said}"

    def free_one(self, app: str) -> str:
        """`app` where nobody else has it, else a name made of it that nobody has."""
        tries = 0
        found = app
        while self.whose(found) == "other" and tries < _TRIES:
            found, tries = self._made_up.pop(app, "") or self._variant(app), tries + 1
        return found

    def remark(self, app: str) -> str:
        """What its user should know about a name that was asked about, without a final stop; "" for nothing."""
        return self._remarks.get(app, "")

    def whose(self, app: str) -> Whose:
        """Whose it is; "unasked" where nobody is logged in, "unknown" where the answer does not say it."""
        if app not in self._known:
            self._known[app] = self._ask(app)
        return self._known[app]

    def _ask(self, app: str) -> Whose:
        if self._api is None:
            return "unasked"
        try:
            self._api.get_app(app)
        except ApiError as error:
            if error.kind == "not_found":
                return "nobody"
            why = error.what
            if error.status == 401:
                why = f"this login is not accepted ({why}); {error.next[:1].lower()}{error.next[1:]}"
            elif error.status == 403:
                if not self._sees_none(app):
                    self._refusals[app] = why
                    return "other"
                why = f"this login may see no app there ({why})"
            self._remarks[app] = f"Whether the app name '{app}' is free {self._where} is not known: {why}"
            return "unknown"
        self._remarks[app] = f"The app {app} is there already {self._where}, and yours: a deploy changes it"
        return "own"

    def _sees_none(self, app: str) -> bool:
        """Whether a name that nobody has is refused as `app` was: then it is the login, and not the name."""
        assert self._api is not None
        name = self._made_up[app] = self._variant(app)
        try:
            self._api.get_app(name)
        except ApiError as error:
            if error.kind == "not_found":
                self._known[name] = "nobody"
            return error.status == 403
        return False

    def _variant(self, app: str) -> str:
        ending = "".join(self.context.environment.random.choices(_LETTERS, k=4))
        return f"{app[:58].rstrip('-')}-{ending}"

    @property
    def _where(self) -> str:
        return "on the local platform" if self._local else "on Fly.io"

    @cached_property
    def _local(self) -> bool:
        return wants_local(self.context.environment, self.context.options.local)

    @cached_property
    def _api(self) -> MachinesApi | None:
        """The platform, None where it cannot be asked: no login, or no local platform that runs."""
        environment = self.context.environment
        try:
            if self._local:
                return _local_api(environment)
            return resolve_target(environment, False, needs_flyctl=False).api.hurried(PATIENCE)
        except FlyoError:
            return None


def _local_api(environment: Environment) -> MachinesApi | None:
    """The local platform where it runs: it is not started for this, and not spoken of."""
    from flyctl_orchestrator.cli.local.client import find_local, variables_to
    from flyctl_orchestrator.fleet.requests_http import RequestsHttp

    running = find_local(environment)
    if running is None:
        return None
    handed_out = variables_to(running)
    url, token = handed_out["FLY_FLAPS_BASE_URL"], handed_out["FLY_API_TOKEN"]
    http = RequestsHttp(environment.clock, environment.variables)
    return MachinesApi(url, token, http, environment.clock, environment.random, patience=PATIENCE)
