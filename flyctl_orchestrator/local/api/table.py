"""All operations of the platform in one list: what the router serves, and what the documentation is made from."""

from __future__ import annotations

from importlib import import_module

from flyctl_orchestrator.local.api.routing import Route, registered

MODULES = (
    "flyctl_orchestrator.local.api.apps",
    "flyctl_orchestrator.local.api.machines",
    "flyctl_orchestrator.local.api.machine_actions",
    "flyctl_orchestrator.local.api.machine_exec",
    "flyctl_orchestrator.local.api.leases",
    "flyctl_orchestrator.local.api.volumes",
    "flyctl_orchestrator.local.api.certificates.endpoints",
    "flyctl_orchestrator.local.api.platform_wide",
    "flyctl_orchestrator.local.api.placements",
    "flyctl_orchestrator.local.api.prometheus",
    "flyctl_orchestrator.local.api.management",
    "flyctl_orchestrator.local.api.faults",
    "flyctl_orchestrator.local.api.copies",
)
# What flyctl needs besides the Machines API.
FLYCTL_MODULES = (
    "graphql.endpoint",
    "uiex.organizations",
    "uiex.releases",
    "uiex.logs",
    "uiex.unmodelled",
)


def all_routes() -> list[Route]:
    """Every operation, modelled or not."""
    for name in MODULES:
        import_module(name)
    for name in FLYCTL_MODULES:
        import_module(f"flyctl_orchestrator.local.{name}")
    return registered()
