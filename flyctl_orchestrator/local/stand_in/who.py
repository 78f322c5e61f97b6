"""version, auth whoami, auth token, orgs list."""

from __future__ import annotations

import platform

from flyctl_orchestrator.local.stand_in.go_values import dump_json
from flyctl_orchestrator.local.stand_in.session import Session
from flyctl_orchestrator.local.stand_in.version import BUILD_DATE, NAME

_ARCHITECTURES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}


def show_version(session: Session) -> None:
    """`version [--json]`: says that this is the stand-in."""
    system, machine = platform.system().lower(), platform.machine()
    if not session.arguments.on("json"):
        session.say(f"{NAME} v{session.version} {system}/{_ARCHITECTURES.get(machine, machine)}")
        return
    told = {
        "Name": NAME,
        "Version": session.version,
        "Commit": "<none>",
        "BranchName": "",
        "BuildDate": BUILD_DATE,
        "OS": system,
        "Architecture": _ARCHITECTURES.get(machine, machine),
        "Environment": "local",
    }
    session.say(dump_json(told, indent=None))


def whoami(session: Session) -> None:
    """`auth whoami [--json]`."""
    viewer = session.api.graphql("{ viewer { ... on User { email } ... on Macaroon { email } } }")["viewer"]
    if session.arguments.on("json"):
        session.show({"email": viewer["email"]})
    else:
        session.say(viewer["email"])


def show_token(session: Session) -> None:
    """`auth token [--json]`."""
    if session.arguments.on("json"):
        session.show({"token": session.token})
    else:
        session.say(session.token)


def list_orgs(session: Session) -> None:
    """`orgs list [--json]`."""
    nodes = session.api.graphql("{ organizations { nodes { slug name } } }")["organizations"]["nodes"]
    if session.arguments.on("json"):
        session.show({node["slug"]: node["name"] for node in sorted(nodes, key=lambda node: str(node["slug"]))})
        return
    for node in nodes:
        session.say(f"{node['name']}\t{node['slug']}")
