"""Variables and quotes of a Dockerfile, against a real shell, which has the same rules for what is tried here."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyctl_orchestrator.local.images.expansion import expand, split_words

_VARIABLES = {"full": "some value", "empty": "", "x_1": "1"}
_plain = st.text(alphabet="ab/.:=-_", min_size=1, max_size=4)
_reference = st.one_of(
    st.sampled_from(["$full", "${full}", "$empty", "${none}", "${x_1}", "\\$full", "$none/"]),
    st.builds(
        lambda name, mark, word: f"${{{name}{mark}{word}}}",
        st.sampled_from(["full", "empty", "none"]),
        st.sampled_from(["-", ":-", "+", ":+"]),
        st.one_of(_plain, st.just("$full"), st.just("")),
    ),
)
_piece = st.one_of(
    _plain,
    _reference,
    st.lists(st.one_of(_plain, _reference, st.just('\\"'), st.just(" ' ")), max_size=3).map(
        lambda parts: '"' + "".join(parts) + '"'
    ),
    st.lists(st.one_of(_plain, st.just("$full"), st.just('"'), st.just("\\")), max_size=3).map(
        lambda parts: "'" + "".join(parts) + "'"
    ),
)
_words = st.lists(_piece, min_size=1, max_size=5).map("".join)


@settings(max_examples=150, deadline=None)
@given(_words)
def test_agrees_with_a_shell(word: str) -> None:
    script = f'v={word}; printf %s "$v"'
    answer = subprocess.run(
        ["/bin/sh", "-c", script], env=_VARIABLES, capture_output=True, text=True, timeout=10, check=True
    )
    assert expand(word, _VARIABLES) == answer.stdout


@given(st.text(alphabet="a$\\{}'\":-+? ", max_size=12))
def test_any_text_expands_or_says_why_not(text: str) -> None:
    try:
        assert isinstance(expand(text, _VARIABLES), str)
    except ValueError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b", ["a", "b"]),
        ('a="x y" b', ['a="x y"', "b"]),
        (r"a=x\ y b", [r"a=x\ y", "b"]),
        ("a='x \" y'", ["a='x \" y'"]),
        ("", []),
    ],
)
def test_words_end_at_white_space_that_is_not_guarded(text: str, words: list[str]) -> None:
    assert split_words(text) == words


def test_the_escape_can_be_another_character() -> None:
    assert expand("C:\\dir`$x", {"x": "1"}, "`") == "C:\\dir$x"


def test_quotes_of_a_here_document_are_text() -> None:
    assert expand("""it's "$a" \\$a \\n""", {"a": "1"}, quotes=False) == """it's "1" $a \\n"""


def test_a_required_variable_that_is_missing_is_an_error() -> None:
    with pytest.raises(ValueError, match="NAME: must be given"):
        expand("${NAME:?must be given}", {})
