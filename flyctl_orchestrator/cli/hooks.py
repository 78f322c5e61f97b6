"""The hooks of a project, ready to be run."""

from __future__ import annotations

from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.project.model import Project
from flyctl_orchestrator.rollout.context.events import Emitter
from flyctl_orchestrator.rollout.context.hooks import TOKENS, HookRunner


def hooks_of(environment: Environment, target: Target, project: Project, emit: Emitter) -> HookRunner:
    """flyo.toml's [hooks], and [probe] command, in the environment of `flyo` itself."""
    probe, hooks = project.flyo.probe, project.flyo.hooks
    commands = {**hooks.commands, **({"probe": probe.command} if probe.command else {})}
    tokens = (target.token, *(environment.variables.get(name, "") for name in TOKENS))
    return HookRunner(
        commands=commands,
        timeout=hooks.timeout,
        timeouts={"probe": probe.command_timeout},
        root=project.root,
        inherited=environment.variables,
        facts={"app": project.app, "target": target.kind, "url": target.app_url(project.app)},
        private=tuple(token for token in tokens if token),
        clock=environment.clock,
        emit=emit,
    )
