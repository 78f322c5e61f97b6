"""ips list."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.stand_in.app_record import address_record
from flyctl_orchestrator.local.stand_in.session import Session

_ADDRESSES = """
query ($app: String!) {
  app(name: $app) {
    ipAddresses {
      nodes { id address type region createdAt serviceName network { name organization { slug } } }
    }
    sharedIpAddress
  }
}
"""


def list_ips(session: Session) -> None:
    """`ips list --json`."""
    app = session.api.graphql(_ADDRESSES, app=session.app)["app"]
    records = [_with_network(node) for node in app["ipAddresses"]["nodes"]]
    if app.get("sharedIpAddress"):
        records.append(address_record({"address": app["sharedIpAddress"], "type": "shared_v4"}))
    if session.arguments.on("json"):
        session.show(records)
        return
    for record in records:
        session.say(f"{record['Type']}\t{record['Address']}\t{record['Region']}")


def _with_network(node: dict[str, Any]) -> dict[str, Any]:
    record = address_record(node)
    if network := node.get("network"):
        org = network.get("organization")
        record["Network"] = {
            "Name": network.get("name") or "",
            "Organization": None if org is None else {"Slug": org.get("slug") or ""},
        }
    return record
