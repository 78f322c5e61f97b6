"""What flyctl remembers between runs in `$FLY_CONFIG_DIR/config.yml`: the newest secrets version of each app.

Only that one block of the file is read and rewritten; the rest stays as it is, so that the real flyctl can share
the directory.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

_BLOCK = "app_secrets_minvers:"


def config_file(env: Mapping[str, str]) -> Path:
    """Where flyctl keeps its settings."""
    directory = env.get("FLY_CONFIG_DIR") or str(Path(env.get("HOME", "~")).expanduser() / ".fly")
    return Path(directory) / "config.yml"


def secrets_version(env: Mapping[str, str], app: str) -> int | None:
    """The newest secrets version this configuration directory has seen for the app, or None."""
    return _read(config_file(env))[1].get(app)


def access_token(env: Mapping[str, str]) -> str:
    """The token a login left in the file, or ""."""
    for line in _read(config_file(env))[0]:
        if line.startswith("access_token:"):
            return line.partition(":")[2].strip().strip("\"'")
    return ""


def remember_secrets_version(env: Mapping[str, str], app: str, version: int) -> None:
    """Keep `version` for the app; the file appears whole or not at all."""
    others, versions = _read(config_file(env))
    _write(config_file(env), others, {**versions, app: version})


def forget_secrets_version(env: Mapping[str, str], app: str) -> None:
    """The app is destroyed; another one of its name counts from the beginning."""
    others, versions = _read(config_file(env))
    if app in versions:
        _write(config_file(env), others, {name: version for name, version in versions.items() if name != app})


def _write(path: Path, others: list[str], versions: dict[str, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    block = [_BLOCK, *(f"    {name}: {versions[name]}" for name in sorted(versions))]
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix="config.", suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("\n".join([*others, *block]) + "\n")
    Path(temporary).replace(path)


def _read(path: Path) -> tuple[list[str], dict[str, int]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return [], {}
    others: list[str] = []
    versions: dict[str, int] = {}
    inside = False
    for line in lines:
        if line.startswith(_BLOCK):
            inside = True
        elif inside and line.startswith((" ", "\t")):
            name, _, number = line.strip().partition(":")
            if number.strip().isdigit():
                versions[name.strip("\"'")] = int(number)
        else:
            inside = False
            others.append(line)
    return others, versions
