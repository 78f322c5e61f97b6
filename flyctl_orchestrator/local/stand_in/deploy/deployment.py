"""One deploy: everything its steps share."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from flyctl_orchestrator.local.stand_in.deploy.options import Options
from flyctl_orchestrator.local.stand_in.remembered import secrets_version
from flyctl_orchestrator.local.stand_in.session import Session
from flyctl_orchestrator.local.stand_in.toml.groups import group_names

Machine = dict[str, Any]


@dataclass
class Deployment:
    """The state of one deploy.

    Attributes:
        session, options: what was asked.
        settings: the fly.toml, with what the flags change in it.
        app_record: the app as the Machines API knows it.
        image: what will run.
        machines: the existing machines this deploy updates, after filters.
        first: nothing was ever deployed.
        volumes: unattached volumes by name.
        release_id, release_version: set once the release exists.
        cancelled: set when the deploy must stop.
    """

    session: Session
    options: Options
    settings: dict[str, Any]
    app_record: dict[str, Any]
    image: str
    machines: list[Machine] = field(default_factory=list)
    first: bool = False
    volumes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    release_id: str = ""
    release_version: int = 0
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def app(self) -> str:
        """The app's name."""
        return self.session.app

    @property
    def strategy(self) -> str:
        """How existing machines are updated."""
        return str(self.settings.get("deploy", {}).get("strategy") or "rolling")

    @property
    def groups(self) -> list[str]:
        """The process groups this deploy is about."""
        return [name for name in group_names(self.settings) if not self.options.groups or name in self.options.groups]

    @property
    def wait_timeout(self) -> float:
        """Seconds a machine may take to start, and again to become healthy."""
        return self.options.wait_timeout if self.options.wait_timeout is not None else self._from_toml("wait_timeout")

    @property
    def release_command_timeout(self) -> float:
        """Seconds the release command may run."""
        given = self.options.release_command_timeout
        return given if given is not None else self._from_toml("release_command_timeout")

    def _from_toml(self, key: str) -> float:
        from flyctl_orchestrator.local.stand_in.go_values import parse_duration

        text = self.settings.get("deploy", {}).get(key)
        return parse_duration(text) / 1e9 if text else 300.0

    def marked(self, config: dict[str, Any]) -> dict[str, Any]:
        """The config with this release written into its metadata."""
        found = dict(config.get("metadata") or {})
        found |= {
            "fly_release_id": self.release_id,
            "fly_release_version": str(self.release_version),
            "fly_flyctl_version": self.session.version,
        }
        found.setdefault("fly_platform_version", "v2")
        found.setdefault("fly_process_group", "app")
        return config | {"metadata": found}

    def launch_body(self, config: dict[str, Any], region: str, *, skip_launch: bool) -> dict[str, Any]:
        """What is posted to create or update a machine."""
        body: dict[str, Any] = {"config": config, "region": region, "skip_secrets": False}
        if skip_launch:
            body["skip_launch"] = True
        known = secrets_version(self.session.env, self.app)
        return body | ({} if known is None else {"min_secrets_version": known})
