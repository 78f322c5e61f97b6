"""The log: one JSON object a line on Fly.io, where programs read it, and plain lines elsewhere."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from habit_app.settings import Settings

# The id of the request that is being answered; every line written meanwhile carries it.
request_id: ContextVar[str] = ContextVar("request_id", default="")


class JsonLines(logging.Formatter):
    """A record as one JSON object, with the machine it comes from and the request it belongs to."""

    def __init__(self, settings: Settings) -> None:
        """For the machine that `settings` describe."""
        super().__init__()
        self._machine = {"region": settings.region, "machine": settings.machine, "release": settings.release}

    def format(self, record: logging.LogRecord) -> str:
        """Time in UTC, level, text, and what the record brings as `fields`."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "text": record.getMessage(),
            **self._machine,
        }
        if asked := request_id.get():
            line["request"] = asked
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up(settings: Settings) -> None:
    """Write what the app says to stdout."""
    handler = logging.StreamHandler(sys.stdout)
    plain = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    handler.setFormatter(JsonLines(settings) if settings.on_fly else plain)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


class UserHash:
    """Names users in the log without saying who they are: the same user has the same name on every machine."""

    def __init__(self, secret_key: bytes) -> None:
        """With a key of its own."""
        self._key = hmac.new(secret_key, b"log", hashlib.sha256).digest()
        self.of = lru_cache(maxsize=4096)(self._of)

    def _of(self, user_id: str) -> str:
        return hmac.new(self._key, user_id.encode(), hashlib.sha256).hexdigest()[:12] if user_id else ""
