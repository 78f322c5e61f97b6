"""apps create, apps list, apps destroy."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.stand_in.app_record import app_record
from flyctl_orchestrator.local.stand_in.failures import ApiFailure, Failure
from flyctl_orchestrator.local.stand_in.remembered import forget_secrets_version
from flyctl_orchestrator.local.stand_in.session import Session

_WHOLE_APP = """
query ($name: String!) {
  app(name: $name) {
    id internalNumericId name hostname deployed status version appUrl platformVersion cnameTarget sharedIpAddress
    currentRelease { evaluationId status inProgress version }
    organization { id slug paidPlan }
    ipAddresses { nodes { id address type region createdAt serviceName } }
    imageDetails { registry repository tag digest version }
    machines { nodes { id } }
  }
}
"""
_SOME_APPS = """
query ($org: ID, $after: String) {
  apps(type: "container", first: 200, after: $after, organizationId: $org) {
    pageInfo { hasNextPage endCursor }
    nodes {
      id name deployed hostname platformVersion network status
      organization { slug name }
      currentRelease { createdAt status }
    }
  }
}
"""


def create(session: Session) -> None:
    """`apps create NAME -o ORG [--json]`."""
    arguments = session.arguments
    name = arguments.words[0] if arguments.words else arguments.text("name")
    if not name:
        raise Failure("prompt: non interactive: the app's name must be given")
    body = {"name": name, "org_slug": _org_slug(session), "network": arguments.text("network")}
    session.api.machines("POST", "/apps?wait=true", body)
    if arguments.on("json"):
        session.show(app_record(session.api.graphql(_WHOLE_APP, name=name)["app"]))
    else:
        session.say(f"New app created: {name}")


def _org_slug(session: Session) -> str:
    wanted = session.arguments.text("org") or session.env.get("FLY_ORG", "")
    nodes = session.api.graphql("{ organizations { nodes { slug } } }")["organizations"]["nodes"]
    slugs = [str(node["slug"]) for node in nodes]
    if wanted:
        if wanted not in slugs:
            raise Failure(f"Organization {wanted} not found")
        return wanted
    if len(slugs) == 1:
        return slugs[0]
    raise Failure("org slug must be specified when not running interactively")


def list_apps(session: Session) -> None:
    """`apps list [-o ORG] --json`."""
    org = None
    if slug := session.arguments.text("org"):
        org = session.api.graphql("query ($slug: String!) { organization(slug: $slug) { id } }", slug=slug)
        org = org["organization"]["id"]
    nodes: list[dict[str, Any]] = []
    after = None
    while True:
        page = session.api.graphql(_SOME_APPS, org=org, after=after)["apps"]
        nodes += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    if session.arguments.on("json"):
        session.show([app_record(node) for node in nodes])
        return
    for node in nodes:
        session.say(f"{node['name']}\t{node['organization']['slug']}\t{node['status']}")


def destroy(session: Session) -> None:
    """`apps destroy NAME… -y`."""
    if not session.arguments.words:
        raise Failure("requires at least 1 arg(s), only received 0")
    if not session.arguments.on("yes"):
        raise Failure("yes flag must be specified when not running interactively")
    for name in session.arguments.words:
        session.api.graphql("query ($name: String!) { app(name: $name) { id } }", name=name)
        try:
            session.api.machines("DELETE", f"/apps/{name}")
        except ApiFailure as failure:
            raise failure.during(f"failed to destroy app {name}") from failure
        forget_secrets_version(session.env, name)
        session.say(f"Destroyed app {name}")
