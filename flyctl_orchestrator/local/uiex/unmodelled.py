"""Operations under /api/v1 that flyctl has and the local platform does not: builders, databases, other clouds."""

from __future__ import annotations

from flyctl_orchestrator.local.api.routing import not_modelled

for _method, _path, _op in (
    ("POST", "/api/v1/builds/depot_builder", "uiex.builds.depot"),
    ("POST", "/api/v1/organizations/{slug}/builders", "uiex.builders.create"),
    ("GET", "/api/v1/releases/all_current", "uiex.releases.all_current"),
    ("GET", "/api/v1/organizations/{slug}/postgres", "uiex.postgres.list"),
    ("POST", "/api/v1/organizations/{slug}/postgres", "uiex.postgres.create"),
):
    not_modelled(_method, _path, op=_op)
