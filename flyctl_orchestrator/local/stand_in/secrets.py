"""secrets import, set, unset, sync, list."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.stand_in.failures import ApiFailure, Failure
from flyctl_orchestrator.local.stand_in.fleet import all_machines, deployable, metadata
from flyctl_orchestrator.local.stand_in.remembered import remember_secrets_version, secrets_version
from flyctl_orchestrator.local.stand_in.secrets_text import LONGEST_LINE_BYTES, ParserPanic, parse_secrets
from flyctl_orchestrator.local.stand_in.session import Session

_MOST_MACHINES = 100
_NO_SECRET = "BogusDummySecret_a0758b47d545e920"


def import_from_stdin(session: Session) -> None:
    """`secrets import [--stage]`: NAME=VALUE lines on stdin."""
    _app_exists(session)
    try:
        values = parse_secrets(session.stdin.read().decode(errors="replace"))
    except ParserPanic as panic:
        raise SystemExit(3) from panic
    _update(session, dict(values))


def set_some(session: Session) -> None:
    """`secrets set NAME=VALUE… [--stage]`; a value of `-` is read from stdin, without surrounding white space."""
    _app_exists(session)
    values: dict[str, str | None] = {}
    for word in session.arguments.words:
        name, equals, value = word.partition("=")
        if not equals:
            raise Failure(f"could not parse secrets: '{name}': must be in the format NAME=VALUE")
        values[name] = _from_stdin(session, name) if value == "-" else value
    if not values:
        raise Failure("requires at least 1 arg(s), only received 0")
    _update(session, values)


def _from_stdin(session: Session, name: str) -> str:
    content = session.stdin.read(LONGEST_LINE_BYTES + 1)
    if len(content) > LONGEST_LINE_BYTES:
        raise Failure(f"error reading stdin for '{name}': input exceeds {LONGEST_LINE_BYTES} bytes")
    return content.decode(errors="replace").strip()


def unset(session: Session) -> None:
    """`secrets unset NAME… [--stage]`."""
    _app_exists(session)
    if not session.arguments.words:
        raise Failure("requires at least 1 arg(s), only received 0")
    _update(session, dict.fromkeys(session.arguments.words))


def sync(session: Session) -> None:
    """`secrets sync [--stage]`: learns the newest version by removing a secret that cannot exist, as flyctl does."""
    _update(session, {_NO_SECRET: None})


def list_secrets(session: Session) -> None:
    """`secrets list --json`: names, digests, and whether the machines have them."""
    known = secrets_version(session.env, session.app)
    query = f"?version={known}" if known is not None else ""
    found = session.api.machines("GET", f"/apps/{session.app}/secrets{query}")["secrets"]
    machines = deployable(all_machines(session.api, session.app))
    with_status = len(machines) <= _MOST_MACHINES
    releases = _release_times(session, machines) if machines and with_status else {}
    rows = []
    for secret in found:
        row = {"name": secret["name"], "digest": secret.get("digest", "")}
        if with_status:
            row["status"] = _status(secret, machines, releases)
        rows.append(row)
    if session.arguments.on("json"):
        session.show(rows)
        return
    for row in rows:
        session.say("\t".join(row.values()))


def _app_exists(session: Session) -> None:
    session.api.graphql("query ($name: String!) { app(name: $name) { id } }", name=session.app)


def _update(session: Session, values: dict[str, str | None]) -> None:
    if not values:
        raise Failure("requires at least one SECRET=VALUE pair")
    try:
        answer = session.api.machines("POST", f"/apps/{session.app}/secrets", {"values": values})
    except ApiFailure as failure:
        raise failure.during("update secrets") from failure
    remember_secrets_version(session.env, session.app, int(answer["version"]))
    if session.arguments.on("stage"):
        session.say(
            "Secrets have been staged, but not set on VMs. Deploy or update machines in this app for the secrets to "
            "take effect."
        )
        return
    from flyctl_orchestrator.local.stand_in.deploy.restart import restart_with_secrets

    restart_with_secrets(session)


def _release_times(session: Session, machines: list[dict[str, Any]]) -> dict[str, str]:
    wanted = {version for machine in machines if (version := metadata(machine).get("fly_release_version"))}
    limit = min(max(2 * len(wanted), 20), 200)
    path = f"/apps/{session.app}/releases?limit={limit}"
    releases = session.api.uiex("GET", path, what="list releases")["releases"]
    return {str(r["version"]): str(r["created_at"]) for r in releases if str(r["version"]) in wanted}


def _status(secret: dict[str, Any], machines: list[dict[str, Any]], releases: dict[str, str]) -> str:
    if not machines:
        return "Staged"
    changed = secret.get("updated_at")
    if not changed:
        return "Unknown"
    have = 0
    for machine in machines:
        released = releases.get(metadata(machine).get("fly_release_version", ""))
        have += released is not None and _instant(changed) <= _instant(released)
    return "Staged" if have == 0 else "Deployed" if have == len(machines) else "Partial"


def _instant(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()
