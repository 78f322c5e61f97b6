"""Restarting every machine so that it sees new secrets: a release that changes nothing else."""

from __future__ import annotations

from flyctl_orchestrator.local.stand_in.arguments import parse
from flyctl_orchestrator.local.stand_in.commands import find
from flyctl_orchestrator.local.stand_in.deploy.deployment import Deployment
from flyctl_orchestrator.local.stand_in.deploy.launch import restarted
from flyctl_orchestrator.local.stand_in.deploy.options import read_options
from flyctl_orchestrator.local.stand_in.deploy.release import create_release, released
from flyctl_orchestrator.local.stand_in.deploy.update import update_all
from flyctl_orchestrator.local.stand_in.fleet import all_machines, deployable
from flyctl_orchestrator.local.stand_in.session import Session

_CURRENT = """
query ($name: String!) {
  app(name: $name) { deployed currentReleaseUnprocessed { configDefinition imageRef } }
}
"""


def restart_with_secrets(session: Session) -> None:
    """Release the newest release's definition again, each machine with the config it has."""
    app = session.api.graphql(_CURRENT, name=session.app)["app"]
    machines = deployable(all_machines(session.api, session.app))
    if not machines:
        session.say("Secrets are staged for the first deployment")
        return
    current = app.get("currentReleaseUnprocessed") or {}
    command = find(["deploy"])
    flags = ["--detach"] if session.arguments.on("detach") else []
    deployment = Deployment(
        session,
        read_options(parse(command.name, command.flags, flags)),
        (current.get("configDefinition") or {}) | {"app": session.app},
        session.api.machines("GET", f"/apps/{session.app}"),
        current.get("imageRef") or machines[0]["config"]["image"],
        machines=machines,
    )
    create_release(deployment)
    released(deployment, lambda: update_all(deployment, [restarted(deployment, machine) for machine in machines]))
