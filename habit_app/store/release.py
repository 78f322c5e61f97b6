"""What a release does before any machine gets it: `python -m habit_app.store.release` brings a Postgres up to date.

For `[deploy] release_command` in fly.toml. It is not needed, since a machine of the primary region does the same when
it starts; with it, a migration that fails stops the deploy before a machine has changed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from habit_app.store.address import BadAddress, parse_address
from habit_app.store.database import DatabaseUnavailable, open_database
from habit_app.store.migrations import migrate


class NotReleased(Exception):
    """The database is not up to date; the message is one line and names no address, since that holds a password."""


def release(environment: Mapping[str, str]) -> str:
    """Migrate, and say what was done.

    Args:
        environment: `DATABASE_DIRECT_URL` where Postgres is behind a pooler that is not to be migrated through; else
            `DATABASE_URL`.

    Raises:
        NotReleased: the database is not up to date.
    """
    name = "DATABASE_DIRECT_URL" if environment.get("DATABASE_DIRECT_URL", "").strip() else "DATABASE_URL"
    url = environment.get(name, "").strip()
    try:
        address = parse_address(url) if url else None
    except BadAddress as problem:
        raise NotReleased(str(problem).replace("DATABASE_URL", name)) from None
    if address is None or address.engine == "sqlite":
        # Fly.io runs this on a machine of its own, which has no volume.
        return "nothing to do: a file is brought up to date by the machine that has it"
    database = open_database(address)
    try:
        return f"database at schema version {migrate(database)}"
    except DatabaseUnavailable as problem:
        raise NotReleased(f"the database in {name} was not brought up to date: {problem.text}") from problem
    finally:
        database.close()


def main() -> int:
    """Release, and give the exit status."""
    try:
        said, status = release(os.environ), 0
    except NotReleased as problem:
        said, status = str(problem), 1
    sys.stderr.write(f"{said}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
