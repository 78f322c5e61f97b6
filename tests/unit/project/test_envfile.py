from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.envfile import parse_env


def test_reads_what_people_write() -> None:
    text = (
        '# ours\n\nA=1\nexport B="x y" # why\nC=\'a#b\'\nD=a#b\nE=$A and ${B}\nF="one\ntwo"\nG=\nH="\\n\\""\r\nA=last\n'
    )
    env = parse_env(text, shown=".env")
    assert env.values == {
        "A": "last",
        "B": "x y",
        "C": "a#b",
        "D": "a#b",
        "E": "$A and ${B}",
        "F": "one\ntwo",
        "G": "",
        "H": '\n"',
    }
    assert env.skipped == {}


def test_names_of_flys_own_are_left_out_and_named() -> None:
    env = parse_env("FLY_API_TOKEN=x\nPRIMARY_REGION=iad\nPORT=1\nA=1", shown=".env")
    assert (env.values, list(env.skipped)) == ({"A": "1"}, ["FLY_API_TOKEN", "PRIMARY_REGION", "PORT"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A=1\n\n\nthis is broken\n", ".env:4: is not NAME=VALUE. Correct that line"),
        ("A=1\nB\n", ".env:2: is not NAME=VALUE. Correct that line"),
        ('A="open\n', ".env:1: is not NAME=VALUE. Correct that line"),
        (
            "\nA-B=1",
            ".env:2: is not a valid name for a secret. Use letters, digits and _, and do not start with a digit",
        ),
        (
            "A='x\0'",
            ".env:1: A: the value holds a NUL, which no environment variable can. Encode it, for example as base64",
        ),
    ],
)
def test_errors_name_the_line_and_not_what_it_holds(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_env(text, shown=".env")
    assert str(caught.value) == message


@given(
    st.lists(st.one_of(st.text(max_size=12), st.just("="), st.just('"'), st.just("'"), st.just("s3cr3t!")), max_size=12)
)
@settings(max_examples=300, deadline=None)
def test_nothing_breaks_it_and_nothing_leaks(parts: list[str]) -> None:
    # The mark at its end keeps it from passing for a name, which errors may show.
    try:
        env = parse_env("\n".join(["KEY=s3cr3t!", "".join(parts)]), shown=".env")
        assert "s3cr3t!" not in repr(env)
    except UsageError as error:
        assert "s3cr3t!" not in str(error) and str(error).startswith(".env:")
