"""Quantities in the words people use for them."""

from __future__ import annotations


def latency(seconds: float | None) -> str:
    """e.g. "3 ms", "1.2 s", "-" when unknown."""
    if seconds is None:
        return "-"
    if seconds < 0.9995:
        return f"{max(1, round(seconds * 1000))} ms"
    return f"{seconds:.1f} s"


def duration(seconds: float) -> str:
    """e.g. "0.4 s", "12 s", "2 m 05 s"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} m {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} m"


def count(number: int, noun: str) -> str:
    """e.g. "1 machine", "3 machines"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def short_digest(digest: str | None) -> str:
    """The first 12 characters after "sha256:", "-" when unknown."""
    return digest.removeprefix("sha256:")[:12] if digest else "-"
