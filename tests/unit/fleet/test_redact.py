from __future__ import annotations

from flyctl_orchestrator.fleet.redact import MASK, redact


def test_every_value_is_masked_the_longer_ones_first() -> None:
    assert redact("abcd abcdef x", ["abcd", "abcdef"]) == f"{MASK} {MASK} x"


def test_single_lines_and_parts_of_a_token_are_masked_too() -> None:
    assert redact("saw 'second line' and fm2_two", ["first\nsecond line", "FlyV1 fm2_one,fm2_two"]) == (
        f"saw '{MASK}' and {MASK}"
    )


def test_short_values_stay_or_all_text_would_vanish() -> None:
    assert redact("a 1 yes", ["a", "1", "yes", ""]) == "a 1 yes"
