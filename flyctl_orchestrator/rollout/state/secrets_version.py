"""The newest secrets version this computer has seen, as flyctl remembers it.

flyctl keeps `app_secrets_minvers` in `$FLY_CONFIG_DIR/config.yml` (its `internal/appsecrets/minvers.go`) and sends the
number along with every machine it changes, so that a host that has not heard of the newest secrets yet waits for them.
Machines changed through the API have to be given the same number, or they may boot with old secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

BLOCK = "app_secrets_minvers:"


def newest_secrets_version(variables: Mapping[str, str], app: str) -> int | None:
    """The version flyctl remembers for an app, None when it remembers none.

    Args:
        variables: the environment flyctl is run in.
    """
    home = variables.get("HOME", "")
    directory = variables.get("FLY_CONFIG_DIR") or (str(Path(home) / ".fly") if home else "")
    try:
        lines = (Path(directory) / "config.yml").read_text(encoding="utf-8").splitlines() if directory else []
    except (OSError, UnicodeDecodeError):
        return None
    inside = False
    for line in lines:
        if not line.startswith((" ", "\t")):
            inside = line.startswith(BLOCK)
            continue
        name, _, number = line.strip().partition(":")
        if inside and name.strip("\"'") == app and number.strip().isdigit():
            return int(number)
    return None
