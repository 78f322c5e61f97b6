"""flyctl's verdict on a fly.toml, read from what `flyctl config validate --strict` prints."""

from __future__ import annotations

from dataclasses import dataclass

_VALID = "Configuration is valid"
_STRICT = "Strict validation found"
# What flyctl puts around its sentences.
_AROUND = ("Validating ", "✘", "✓")
_SECOND_READING = "failed to load config for strict validation: "


@dataclass(frozen=True)
class Judgement:
    """flyctl's verdict on a file.

    Attributes:
        valid: whether it would deploy it.
        says: its sentences: why not, or what it warns of.
        unknown: sections and keys ("section.key") that it ignores.
    """

    valid: bool
    says: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def read_judgement(stdout: str, complaint: str) -> Judgement:
    """The verdict in what flyctl printed.

    Args:
        complaint: the line it ended with on stderr, "" for none.
    """
    valid = _VALID in stdout
    # Some of its sentences have no end of line.
    before, _, strict = stdout.replace("✓", "\n✓").partition(_STRICT)
    lines = [line.strip() for line in before.splitlines()]
    said = tuple(line for line in lines if line and not line.startswith(_AROUND))
    unknown = tuple(line.strip()[2:] for line in strict.splitlines() if line.strip().startswith("- "))
    said = said or (() if valid else (complaint.removeprefix(_SECOND_READING) or "it does not say why",))
    return Judgement(valid, said, unknown)
