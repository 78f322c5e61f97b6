"""Port numbers written into a command or its environment, where a process on this computer needs one of its own.

On Fly.io every machine has all ports for itself, so `CMD ["uvicorn", "app:app", "--port", "8080"]` is right there. Here
8080 is replaced, where it stands as the port to listen on and is one that fly.toml says the app listens on. What an
app's own code says is not touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_HOST = r"(?:0\.0\.0\.0|127\.0\.0\.1|localhost|\[::\]|\*|\+)"
_END = r"['\";&|)]*"
# 0.0.0.0:8080, :8080, --bind=0.0.0.0:8080, -b0.0.0.0:8080, tcp://[::]:8080
_ADDRESS = re.compile(rf"(['\"]?(?:--?[\w.-]+=|-[a-z])?['\"]?(?:\w+://)?{_HOST}?:)(\d+)({_END})")
# --port=8080, --server.port=8080, PORT=8080 before a command of the shell
_NAMED = re.compile(rf"((?:--?[\w.-]*(?:port|listen|bind|addr)[\w.-]*|(?:\w*_)?PORT)=['\"]?)(\d+)({_END})", re.I)
_ATTACHED = re.compile(rf"(-p)(\d+)({_END})")
_NUMBER = re.compile(rf"(['\"]?)(\d+)({_END})")
_BEFORE_A_NUMBER = re.compile(
    r"(-p|-P|-l|-b|--?[\w.-]*(?:port|listen|bind)[\w.-]*|http\.server|runserver|\"?-m http\.server)", re.I
)
_WORD = re.compile(r"\S+")
_VARIABLE = re.compile(r"(?:\w+_)?(?:PORT|ADDR|ADDRESS|BIND|LISTEN|URLS)")
_VALUE = re.compile(rf"((?:\w+://)?(?:{_HOST}?:)?)(\d+)()")
# GUNICORN_CMD_ARGS and others like it hold the end of a command.
_ARGUMENTS = re.compile(r"\w+_(?:ARGS|ARGUMENTS|FLAGS|OPTS|OPTIONS|PARAMS|COMMAND|CMD)|COMMAND|CMD")
_BINDS = re.compile(r"(?:^|\s)(?:-b|--bind)")
# Servers that listen on a port of their own when nothing is said, and the variable that changes it.
_BY_DEFAULT = {"UVICORN_PORT": 8000, "FLASK_RUN_PORT": 5000, "STREAMLIT_SERVER_PORT": 8501}
_GUNICORN_BIND = re.compile(rf"(?m)^\s*bind\s*=\s*\[?\s*['\"]({_HOST}?:)(\d+)['\"]")
_GUNICORN_CONFIG = re.compile(r"(?:^|\s)(?:-c|--config)[\s=]+(?:file:)?['\"]?([^\s'\"]+)")


def in_command(argv: Sequence[str], ports: Mapping[int, int]) -> tuple[str, ...]:
    """The command with its literal ports replaced.

    Args:
        argv: exec form; a word with spaces in it is taken for a shell's.
        ports: the port to listen on for each port that the app is expected to listen on.
    """
    changed: list[str] = []
    before = ""
    for word in argv:
        changed.append(_in_text(word, before, ports))
        before = word
    return tuple(changed)


def _in_text(text: str, before: str, ports: Mapping[int, int]) -> str:
    previous = before

    def one(match: re.Match[str]) -> str:
        nonlocal previous
        word, earlier, previous = match[0], previous, match[0]
        return _in_word(word, earlier, ports)

    return _WORD.sub(one, text)


def _in_word(word: str, before: str, ports: Mapping[int, int]) -> str:
    patterns = [_ADDRESS, _NAMED, _ATTACHED]
    if _BEFORE_A_NUMBER.fullmatch(before):
        patterns.append(_NUMBER)
    for pattern in patterns:
        found = pattern.fullmatch(word)
        if found is not None and int(found[2]) in ports:
            return f"{found[1]}{ports[int(found[2])]}{found[3]}"
    return word


def in_environment(env: Mapping[str, str], ports: Mapping[int, int]) -> dict[str, str]:
    """The variables that change: those named like a port, an address to listen on or the arguments of a command, and
    servers' own defaults.

    Args:
        env: the image's variables and the machine's.
    """
    changed = {}
    for name, value in env.items():
        if _ARGUMENTS.fullmatch(name) and (replaced := _in_text(value, "", ports)) != value:
            changed[name] = replaced
        found = _VALUE.fullmatch(value) if _VARIABLE.fullmatch(name) and name != "PORT" else None
        if found is not None and int(found[2]) in ports:
            changed[name] = f"{found[1]}{ports[int(found[2])]}"
    defaults = {name: str(ports[port]) for name, port in _BY_DEFAULT.items() if port in ports and name not in env}
    return {**changed, **defaults}


def in_gunicorn_config(
    argv: Sequence[str], directory: Path, ports: Mapping[int, int], given: str = ""
) -> dict[str, str]:
    """GUNICORN_CMD_ARGS in the place of a literal `bind` in gunicorn's configuration file, {} when there is none.

    Args:
        directory: where the command runs; its files are in place.
        given: what is in GUNICORN_CMD_ARGS already, and stays there.
    """
    text = " ".join(argv)
    if "gunicorn" not in text or _BINDS.search(text) or _BINDS.search(given):
        return {}
    named = _GUNICORN_CONFIG.search(text)
    try:
        config = (directory / (named[1] if named else "gunicorn.conf.py")).read_text("utf-8", "replace")
    except OSError:
        return {}
    found = _GUNICORN_BIND.search(config)
    if found is None or int(found[2]) not in ports:
        return {}
    return {"GUNICORN_CMD_ARGS": f"{given} --bind {found[1]}{ports[int(found[2])]}".strip()}


def named_in(argv: Sequence[str]) -> list[int]:
    """The ports that a command names as the ones it listens on, each once."""
    return list(dict.fromkeys(_found(argv)))


def _found(argv: Sequence[str]) -> Iterator[int]:
    for word, changed in zip(argv, in_command(argv, _Any()), strict=True):
        if word != changed:
            yield from (int(number) for number in re.findall(r"\x00(\d+)", changed))


class _Any(dict[int, int]):
    """Stands for every port, and marks where it stood."""

    def __contains__(self, port: object) -> bool:
        return isinstance(port, int) and 0 < port < 65536

    def __missing__(self, port: int) -> str:
        return f"\0{port}"
