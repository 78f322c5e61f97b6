"""releases."""

from __future__ import annotations

from flyctl_orchestrator.local.stand_in.app_record import release_record
from flyctl_orchestrator.local.stand_in.failures import ApiFailure
from flyctl_orchestrator.local.stand_in.session import Session

_NEWEST = """
query ($app: String!) {
  app(name: $app) {
    releases: releasesUnprocessed(first: 25) {
      nodes { id version description reason status imageRef stable user { id email name } createdAt }
    }
  }
}
"""


def list_releases(session: Session) -> None:
    """`releases [--image] --json`: the newest 25, newest first."""
    try:
        nodes = session.api.graphql(_NEWEST, app=session.app)["app"]["releases"]["nodes"]
    except ApiFailure as failure:
        raise failure.during(f"failed retrieving app releases {session.app}") from failure
    newest = sorted((release_record(node) for node in nodes), key=lambda release: -int(release["Version"]))
    if session.arguments.on("json"):
        session.show(newest)
        return
    for release in newest:
        image = f"\t{release['ImageRef']}" if session.arguments.on("image") else ""
        session.say(
            f"v{release['Version']}\t{release['Status']}\t{release['Description']}\t{release['User']['Email']}\t"
            f"{release['CreatedAt']}{image}"
        )
