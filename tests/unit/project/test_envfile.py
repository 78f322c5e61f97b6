from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.local.stand_in.failures import Failure
from flyctl_orchestrator.local.stand_in.secrets_text import ParserPanic, parse_secrets
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


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('A="""one\n  two \n\nthree"""\nB=2\n', {"A": "one\n  two \n\nthree", "B": "2"}),
        ('\n\nexport A="""one\r\ntwo"""\r\nB=2\r\n', {"A": "one\ntwo", "B": "2"}),
        ('A="""one"""\nB="""say "x" # no comment"""\n', {"A": "one", "B": 'say "x" # no comment'}),
        ('A=""" one # kept\n""" two\n"""\n', {"A": ' one # kept\n""" two\n'}),
        ("A=\"{\"a\": 1}\"\nB='it's'\nC=it's\n", {"A": '{"a": 1}', "B": "it's", "C": "it's"}),
        ('A="open\nB="x"\n', {"A": '"open', "B": "x"}),
        ('A="open\n', {"A": '"open'}),
        ('A="a"b" # why\nB="c"d#e\nC="a" b # why\n', {"A": '"a"b" # why', "B": '"c"d#e', "C": '"a" b'}),
    ],
)
def test_what_only_flyctl_takes_is_read_as_flyctl_reads_it(text: str, values: dict[str, str]) -> None:
    assert parse_env(text, shown=".env").values == values


def test_a_line_after_a_value_over_lines_is_numbered_in_the_file() -> None:
    with pytest.raises(UsageError, match=r"^\.env:7: "):
        parse_env('A="""one\ntwo"""\n\nB="x"y"\n\n\nbroken\n', shown=".env")


_PLAIN = st.text(st.sampled_from(list("ab=:é{}[],.$")), min_size=1, max_size=8)
_INNER = st.text(st.sampled_from(list("ab =\"'{}é")), max_size=8).filter(lambda text: not text.startswith('"'))
_TRIPLES = st.lists(st.text(st.sampled_from(list("ab ='#\\é")), max_size=8), min_size=1, max_size=4).map("\n".join)
_VALUES = st.one_of(
    _PLAIN,
    _INNER.map('"{}"'.format),
    _PLAIN.map("'{}'".format),
    _TRIPLES.map('"""{}"""'.format),
    _PLAIN.map('"{}'.format),
)


@given(st.lists(st.tuples(st.sampled_from(["A", "B", "C_1"]), _VALUES), min_size=1, max_size=5))
@settings(max_examples=300, deadline=None)
def test_a_file_for_flyctl_holds_the_same_for_us(pairs: list[tuple[str, str]]) -> None:
    """The stand-in reads as flyctl does (tests/parity/test_same_secrets.py); a quote may end in a later line for us."""
    text = "".join(f"{name}={value}\n" for name, value in pairs)
    try:
        theirs = parse_secrets(text)
    except (Failure, ParserPanic):
        return
    alone = [parse_env(f"{name}={value}\n", shown=".env").values for name, value in pairs]
    assert {name: value for one in alone for name, value in one.items()} == theirs


def test_names_of_flys_own_are_left_out_and_named() -> None:
    env = parse_env("FLY_API_TOKEN=x\nPRIMARY_REGION=iad\nPORT=1\nA=1", shown=".env")
    assert (env.values, list(env.skipped)) == ({"A": "1"}, ["FLY_API_TOKEN", "PRIMARY_REGION", "PORT"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A=1\n\n\nthis is broken\n", ".env:4: is not NAME=VALUE. Correct that line"),
        ("A=1\nB\n", ".env:2: is not NAME=VALUE. Correct that line"),
        ('A=1\n\nB="\n', ".env:3: is not NAME=VALUE. Correct that line"),
        ('A=1\nB="""open\nC=2\n', ".env:2: is not NAME=VALUE. Correct that line"),
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
