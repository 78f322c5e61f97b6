"""An app's secrets on Fly.io or on the local platform: sent, listed and removed, all without touching a machine."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from flyctl_orchestrator.errors import FlyoError, UsageError
from flyctl_orchestrator.fleet.api_error import ApiError
from flyctl_orchestrator.fleet.target import Target


@dataclass(frozen=True)
class Listed:
    """One secret, without its value.

    Attributes:
        status: "deployed", "staged" (machines get it with the next deploy), "partial" (some have it) or "unknown".
    """

    name: str
    digest: str
    status: str


def store(target: Target, app: str, values: Mapping[str, str]) -> str | None:
    """Stage `values`: machines get them with the next deploy.

    They go to the Machines API in one request, and not through `flyctl secrets import`: flyctl 0.4.87 writes every
    request it makes, values and all, to a log file in its configuration directory, whatever LOG_LEVEL says. Afterwards
    flyctl is told which version of the secrets is the newest, so that machines it updates boot with no older ones.

    Returns:
        What went wrong with the last part, for a warning; the secrets are stored all the same.

    Raises:
        FlyoError: Fly does not take them; the message holds none of the values.
    """
    with _app_known(target, app):
        target.api.set_secrets(app, values)
    ran = target.flyctl.run(["secrets", "sync", "--stage", "--app", app])
    return None if ran.ok else f"flyctl does not know of the new secrets yet ({ran.complaint or ran.status})"


def listed(target: Target, app: str) -> list[Listed]:
    """The app's secrets, by name.

    Raises:
        FlyoError: the app cannot be read.
    """
    names(target, app)  # flyctl's own messages do not tell a wrong token from a missing app
    rows = target.flyctl.secrets(app)
    found = [Listed(row.name, row.digest, (row.status or "unknown").lower()) for row in rows]
    return sorted(found, key=lambda each: each.name)


def make_local_app(target: Target, app: str) -> None:
    """Make the app if the local platform lacks it. On Fly.io names are global, so there a person decides.

    Raises:
        FlyoError: the app cannot be read or made.
    """
    try:
        target.api.get_app(app)
    except ApiError as error:
        if error.kind != "not_found":
            raise
        target.flyctl.apps_create(app)


def names(target: Target, app: str) -> list[str]:
    """The names alone.

    Raises:
        FlyoError: the app is not there (code api.not_found), or cannot be read.
    """
    with _app_known(target, app):
        return [secret.name for secret in target.api.list_secrets(app)]


def digests(target: Target, app: str) -> dict[str, str] | None:
    """Fly's digest of each secret, by name; None for an app that does not exist.

    Raises:
        FlyoError: they cannot be read.
    """
    try:
        return {secret.name: secret.digest for secret in target.api.list_secrets(app)}
    except ApiError as error:
        if error.kind != "not_found":
            raise
        return None


def remove(target: Target, app: str, wanted: Iterable[str]) -> None:
    """Stage the removal of secrets.

    Raises:
        UsageError: one of them does not exist (code secrets.unknown).
        FlyoError: Fly or flyctl does not do it.
    """
    wanted = list(wanted)
    there = names(target, app)
    for name in wanted:
        if name not in there:
            close = difflib.get_close_matches(name, there, n=1)
            raise UsageError(
                f"has no secret '{name}'",
                where=f"app {app}",
                next=f"Did you mean '{close[0]}'?" if close else "'flyo secrets list' shows what it has",
                code="secrets.unknown",
            )
    target.flyctl.secrets_unset(app, wanted)


@contextmanager
def _app_known(target: Target, app: str) -> Iterator[None]:
    try:
        yield
    except ApiError as error:
        if error.kind != "not_found":
            raise
        raise FlyoError(
            "does not exist yet",
            where=f"app {app}",
            next=target.creating(app),
            code=error.code,
            exit=error.exit,
        ) from None
