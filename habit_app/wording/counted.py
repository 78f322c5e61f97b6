"""Numbers with what they count."""

from __future__ import annotations


def counted(number: int, one: str, more: str = "") -> str:
    """ "1 day" or "3 days"; `more` is for words that do not take an s."""
    return f"{number} {one if number == 1 else more or f'{one}s'}"


def too_fast(wait: int) -> str:
    """What is told to who tries too often and has to wait so many seconds."""
    time = counted(wait, "second") if wait < 120 else counted(-(-wait // 60), "minute")
    return f"Too many attempts. Please wait {time}."
