"""What the environment says by a word: one parser, so that a word nobody knows is an error and no yes."""

from __future__ import annotations

from collections.abc import Mapping

from flyctl_orchestrator.errors import UsageError

CODE = "usage.variable"
SWITCHES = ("FLYO_PLAIN", "FLYO_TRACEBACK")
"""Variables that are on or off."""
_YES = ("1", "true", "yes", "on")
_NO = ("", "0", "false", "no", "off")
# Characters of a value that are shown.
_SHOWN = 40


def is_on(variables: Mapping[str, str], name: str) -> bool:
    """Whether a switch is on; a word that is neither a yes nor a no counts as no, where it could not be refused."""
    return _word(variables, name) in _YES


def is_off(variables: Mapping[str, str], name: str) -> bool:
    """Whether another program's switch is not set or says no; whatever else it holds is a yes."""
    return _word(variables, name) in _NO


def require_switches(variables: Mapping[str, str]) -> None:
    """Make sure that each of flyo's own switches says yes or no.

    Raises:
        UsageError: one says something else (code usage.variable).
    """
    for name in SWITCHES:
        if _word(variables, name) not in (*_YES, *_NO):
            raise UsageError(
                f"'{_shown(variables[name])}' is neither yes nor no",
                where=name,
                next="Use 1 or 0, or unset it",
                code=CODE,
            )


def choice(variables: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """What a variable chooses; "" when it is not set.

    Raises:
        UsageError: it is none of the choices (code usage.variable).
    """
    given = variables.get(name, "")
    if given and given not in choices:
        known = f"{', '.join(choices[:-1])} or {choices[-1]}"
        raise UsageError(f"'{_shown(given)}' is not known", where=name, next=f"Use {known}, or unset it", code=CODE)
    return given


def address(variables: Mapping[str, str], name: str) -> str:
    """The http or https address that a variable holds, "{app}" in its host left as it is; "" when it is not set.

    Raises:
        UsageError: it is none (code usage.variable).
    """
    from urllib.parse import urlsplit  # what every start reads is kept small

    given = variables.get(name, "")
    try:
        parts = urlsplit(given.replace("{app}", "app"))
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if given and (not usable or not given.isprintable() or " " in given):
        raise UsageError(
            "is no address of a server", where=name, next="Write e.g. https://host:port, or unset it", code=CODE
        )
    return given


def _word(variables: Mapping[str, str], name: str) -> str:
    return variables.get(name, "").strip().lower()


def _shown(text: str) -> str:
    return text[:_SHOWN] if text.isprintable() else repr(text[:_SHOWN])[1:-1]
