"""The newest lines that one machine has written, as `flyctl logs` tells them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.fleet.flyctl.flyctl import Flyctl
from flyctl_orchestrator.fleet.redact import without_private

# Seconds. flyctl waits for ever for the first line of a machine that has written none, even with --no-tail
# (its `logs/polling.go`).
PATIENCE = 5.0
# Characters of one line; the rest is cut off.
LONGEST = 500


def newest_lines(
    flyctl: Flyctl, app: str, machine_id: str, limit: int, since: float = 0.0, *, patience: float = PATIENCE
) -> list[str]:
    """The last `limit` lines of a machine, oldest first; none when it wrote nothing or nobody can tell.

    What it wrote is shown beside a failure and decides nothing, so that no error of reading it is worth another one.

    Args:
        since: seconds since the epoch; older lines are left out, such as those of the version before.
        patience: seconds that flyctl may take.
    """
    args = ["logs", "--app", app, "--machine", machine_id, "--no-tail", "--json"]
    try:
        ran = flyctl.run(args, timeout=patience)
    except FlyoError:
        return []
    lines = [line for message in _messages(ran.stdout, since) for line in message.splitlines() if line.strip()]
    return [without_private(line[:LONGEST]) for line in lines[-limit:]]


def _messages(printed: str, since: float) -> Iterator[str]:
    """The messages of JSON objects that stand one after the other, to the first that cannot be read."""
    decoder, at = json.JSONDecoder(), 0
    while (at := _next(printed, at)) < len(printed):
        try:
            entry, at = decoder.raw_decode(printed, at)
        except (ValueError, RecursionError):
            return
        if isinstance(entry, dict) and isinstance(entry.get("message"), str) and not _before(entry, since):
            yield entry["message"]


def _before(entry: dict[str, object], since: float) -> bool:
    """Whether an entry says that it is older; one that does not say when is not."""
    try:
        return datetime.fromisoformat(str(entry.get("timestamp"))).timestamp() < since
    except (ValueError, OverflowError):
        return False


def _next(printed: str, at: int) -> int:
    while at < len(printed) and printed[at].isspace():
        at += 1
    return at
