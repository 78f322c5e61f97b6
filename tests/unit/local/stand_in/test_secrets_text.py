"""`secrets import` of the stand-in reads what flyctl reads, quirks included."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.local.stand_in.failures import Failure
from flyctl_orchestrator.local.stand_in.secrets_text import ParserPanic, parse_secrets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=b", {"A": "b"}),
        (" A = b", {"A": "b"}),
        ("A=b  ", {"A": "b  "}),
        ("# no\n\n   \nA=b", {"A": "b"}),
        ("A='b c'", {"A": "b c"}),
        ('A="b\\nc"', {"A": "b\\nc"}),
        ("A=", {"A": ""}),
        ("A=b=c", {"A": "b=c"}),
        ("A=b\r\nC=d\r\n", {"A": "b", "C": "d"}),
        ("A=1\nA=2", {"A": "2"}),
    ],
)
def test_plain_lines(text: str, expected: dict[str, str]) -> None:
    assert parse_secrets(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P=ab#cd", {"P": "ab"}),
        ("P='ab#cd'", {"P": "'ab"}),
        ('P="ab#cd"', {"P": "ab#cd"}),
        ("P=ab   # why", {"P": "ab"}),
        ('P="""a#b"""', {"P": "a#b"}),
    ],
)
def test_a_hash_cuts_the_value_unless_a_double_quote_is_open(text: str, expected: dict[str, str]) -> None:
    assert parse_secrets(text) == expected


def test_triple_quotes_hold_lines_together_until_a_line_ends_with_them() -> None:
    assert parse_secrets('K="""one\n  two "" \nthree"""\nL=x') == {"K": 'one\n  two "" \nthree', "L": "x"}


def test_a_triple_quote_never_closed_loses_the_secret() -> None:
    assert parse_secrets('A=1\nK="""one\ntwo') == {"A": "1"}


def test_a_line_of_64_kib_ends_the_reading() -> None:
    fits, too_long = "x" * (64 * 1024 - 3), "x" * (64 * 1024 - 2)
    assert parse_secrets(f"A={fits}\nB=2") == {"A": fits, "B": "2"}
    assert parse_secrets(f"A=1\nB={too_long}\nC=3") == {"A": "1"}


@pytest.mark.parametrize("text", ["A='", 'A="'])
def test_a_lone_quote_is_what_flyctl_crashes_on(text: str) -> None:
    with pytest.raises(ParserPanic):
        parse_secrets(text)


def test_a_line_without_equals_sign_is_refused_without_repeating_it() -> None:
    with pytest.raises(Failure) as raised:
        parse_secrets("A=1\nhunter2-is-my-password")
    assert "line 2" in raised.value.message
    assert "hunter2" not in raised.value.message
