"""Where a command acts: Fly.io or the local platform, with the means to act there."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from flyctl_orchestrator.environment import Clock
from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.flyctl.flyctl import Flyctl
from flyctl_orchestrator.fleet.http import StreamingHttp
from flyctl_orchestrator.fleet.machines_api import MachinesApi
from flyctl_orchestrator.fleet.metrics import Metrics
from flyctl_orchestrator.fleet.probe import Prober

# Seconds during which a failing call is tried again. A platform on this computer is there or it is not.
PATIENCE = 30.0
LOCAL_PATIENCE = 8.0


@dataclass(frozen=True)
class Target:
    """One Fly.

    Attributes:
        api_url: of the Machines API, without /v1.
        app_url_template: where an app answers, "{app}" standing for its name.
        builder_url: where images are built, or None to build with flyctl.
        metrics_url: of Fly's own API, below which its Prometheus is; None when there is none.
    """

    kind: Literal["fly", "local"]
    api_url: str
    token: str = field(repr=False)
    app_url_template: str
    builder_url: str | None
    flyctl: Flyctl = field(repr=False)
    http: StreamingHttp = field(repr=False)
    clock: Clock = field(repr=False)
    random: random.Random = field(repr=False)
    metrics_url: str | None = None

    @cached_property
    def metrics(self) -> Metrics | None:
        """Where users' requests are counted, None where nobody knows."""
        return Metrics(self.metrics_url, self.token, self.http, self.api.get_app) if self.metrics_url else None

    @cached_property
    def api(self) -> MachinesApi:
        """The one Machines API client of this run (it keeps the pace for all who use it)."""
        patience = LOCAL_PATIENCE if self.kind == "local" else PATIENCE
        return MachinesApi(self.api_url, self.token, self.http, self.clock, self.random, patience=patience)

    @cached_property
    def prober(self) -> Prober:
        """Probes from where we are."""
        return Prober(self.http)

    def probe_template(self, override: str | None) -> str:
        """Where probes go: flyo.toml's own address (`override`) on Fly.io, the platform's always on the local one."""
        return override if override and self.kind == "fly" else self.app_url_template

    def app_url(self, app: str) -> str:
        """The address of an app for a browser."""
        return self.app_url_template.replace("{app}", app)

    def missing(self, app: str) -> FlyoError | None:
        """The error that says an app is not there; None when it is, or nobody can tell."""
        try:
            self.api.get_app(app)
        except ApiError as error:
            return self.no_such_app(app) if error.kind == "not_found" else None
        return None

    def no_such_app(self, app: str) -> FlyoError:
        """The error that an app is not there (code app.not_found), with what creates it."""
        where = "the local platform" if self.kind == "local" else "Fly.io"
        what, advice = f"there is no such app on {where}", self.creating(app)
        return FlyoError(what, where=f"app {app}", next=advice, code="app.not_found")

    def creating(self, app: str) -> str:
        """What to advise where an app is not there: names on Fly.io are global, so there no deploy creates one."""
        return "'flyo deploy' creates it" if self.kind == "local" else f"'flyctl apps create {app}' creates it"
