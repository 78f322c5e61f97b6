"""Reading a Dockerfile's text: comments, continuations, directives, here-documents."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.local.images.dockerfile import parse
from flyctl_orchestrator.local.images.failure import BuildFailed

_word = st.text(alphabet="abcXYZ012./=_-", min_size=1, max_size=6).filter(lambda word: not word.startswith("-"))
_arguments = st.lists(_word, min_size=1, max_size=5)
_names = st.sampled_from(["RUN", "CMD", "ENV", "workdir", "Label", "expose"])
_noise = st.sampled_from(["", "\n", "# a comment\n", "   # indented \\\n", "\n\n"])


@given(st.lists(st.tuples(_noise, _names, _arguments, st.booleans(), _noise), max_size=6), st.sampled_from("\\`"))
def test_comments_blank_lines_and_continuations_change_nothing(
    parts: list[tuple[str, str, list[str], bool, str]], escape: str
) -> None:
    text = f"# escape={escape}\n# syntax=docker/dockerfile:1\n"
    for before, name, arguments, broken, inside in parts:
        between = f" {escape}  \n{inside}" if broken else " "
        text += before + name + " " + between.join(arguments) + "\n"
    file = parse(text)
    assert file.escape == escape
    assert [(i.name, i.text.split()) for i in file.instructions] == [
        (name.upper(), arguments) for _, name, arguments, _, _ in parts
    ]


@given(st.lists(st.text(max_size=8), max_size=4))
def test_a_json_list_is_the_exec_form(words: list[str]) -> None:
    line = json.dumps(words)
    (instruction,) = parse(f"CMD {line}").instructions
    assert instruction.exec_form() == tuple(words)


@given(st.text(alphabet='FROM RUN COPY\n\\<"E[]#=-`\t$', max_size=60))
def test_any_text_is_read_or_refused_with_a_line(text: str) -> None:
    try:
        parse(text)
    except BuildFailed as failed:
        assert failed.code == "build.dockerfile"
        assert failed.error.startswith("Dockerfile:")


@pytest.mark.parametrize("text", ["CMD ['a', 'b']", "CMD [1]", "CMD echo", 'CMD ["a"', 'CMD {"a": 1}'])
def test_what_is_no_json_list_of_strings_is_the_shell_form(text: str) -> None:
    assert parse(text).instructions[0].exec_form() is None


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("FROM a\n\nFORM b", "Dockerfile:3: unknown instruction `FORM`"),
        ("FROM", "Dockerfile:1: FROM needs an argument"),
        ("FROM a\nRUN <<EOF\necho\n", "Dockerfile:2: here-document `EOF` has no end"),
    ],
)
def test_errors_say_the_line(text: str, error: str) -> None:
    with pytest.raises(BuildFailed) as caught:
        parse(text)
    assert caught.value.error == error


def test_the_line_of_an_instruction_is_where_it_begins() -> None:
    file = parse("# c\n\nFROM a\nRUN x \\\n  y\nCMD z")
    assert [(i.name, i.line) for i in file.instructions] == [("FROM", 3), ("RUN", 4), ("CMD", 6)]


def test_here_documents_belong_to_their_instruction() -> None:
    text = 'COPY <<one <<-"two" /x/\nfirst $a\none\n\tsecond $a\n\ttwo\nRUN <<EOF cat\nFROM nothing\nEOF\nCMD x <<EOF\n'
    copy, run, cmd = parse(text).instructions
    assert [(h.name, h.body, h.expands) for h in copy.heredocs] == [
        ("one", "first $a\n", True),
        ("two", "second $a\n", False),
    ]
    assert run.heredocs[0].body == "FROM nothing\n"
    assert cmd.heredocs == ()


def test_flags_come_before_the_arguments_and_are_kept_in_order() -> None:
    (copy,) = parse("COPY --from=build --exclude=*.md --exclude=x --link a --b /c").instructions
    assert copy.flags == (("from", "build"), ("exclude", "*.md"), ("exclude", "x"), ("link", ""))
    assert copy.text == "a --b /c"
    assert (copy.flag("exclude"), copy.flag("chmod")) == ("x", None)


def test_an_escape_after_the_first_line_that_is_no_directive_is_a_comment() -> None:
    assert parse("# hello\n# escape=`\nFROM a").escape == "\\"


def test_windows_line_ends_and_a_byte_order_mark_do_not_matter() -> None:
    file = parse("\ufeffFROM a\r\nRUN x \\\r\n y\r\n")
    assert [(i.name, i.text) for i in file.instructions] == [("FROM", "a"), ("RUN", "x  y")]
