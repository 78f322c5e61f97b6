"""logs -n."""

from __future__ import annotations

from flyctl_orchestrator.local.stand_in.failures import NotOffered
from flyctl_orchestrator.local.stand_in.session import Session


def show(session: Session) -> None:
    """`logs -n [-r REGION] [--machine ID] --json`: one page of log lines.

    Unlike flyctl, which waits for the first line for ever, it ends when there is none.
    """
    arguments = session.arguments
    if not arguments.on("no-tail"):
        raise NotOffered("logs without --no-tail")
    machine = arguments.text("machine")
    region = "" if machine else arguments.text("region") or session.env.get("FLY_REGION", "")
    page = session.api.logs(session.app, "", region, machine)
    for entry in page["data"]:
        attributes = entry["attributes"]
        if arguments.on("json"):
            keys = ("level", "instance", "message", "region", "timestamp", "meta")
            session.show({key: attributes.get(key) for key in keys})
        else:
            session.say(
                f"{attributes['timestamp']} app[{attributes['instance']}] {attributes['region']} "
                f"[{attributes['level']}]{attributes['message']}"
            )
