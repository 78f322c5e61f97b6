"""DATABASE_URL, taken apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote, urlsplit

EXAMPLES = "postgres://user:password@host/name or sqlite:///absolute/path/habits.db"


class BadAddress(ValueError):
    """DATABASE_URL cannot be used; the message never repeats it, since it holds a password."""


@dataclass(frozen=True)
class Address:
    """Attributes:
    engine: "sqlite" or "postgres".
    where: the file, or the connection URL with its password.
    """

    engine: Literal["sqlite", "postgres"]
    where: str = field(repr=False)


def parse_address(url: str) -> Address:
    """The database a URL names.

    For SQLite, three slashes or four both mean an absolute path.

    Raises:
        BadAddress: neither SQLite with an absolute path nor Postgres with a host.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadAddress(f"DATABASE_URL is not a URL. It should look like {EXAMPLES}") from None
    if parts.scheme == "sqlite" and not parts.netloc and parts.path.strip("/"):
        return Address("sqlite", "/" + unquote(parts.path).lstrip("/"))
    if parts.scheme in ("postgres", "postgresql") and parts.path.strip("/"):
        return Address("postgres", url)
    raise BadAddress(f"DATABASE_URL must look like {EXAMPLES}")
