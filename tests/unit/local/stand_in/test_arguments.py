"""Arguments are read the way flyctl's own library reads them."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.local.stand_in.arguments import Flag, parse
from flyctl_orchestrator.local.stand_in.failures import Failure, NotOffered

FLAGS = (
    Flag("app", short="a"),
    Flag("json", "bool", short="j"),
    Flag("yes", "bool", short="y", aliases=("auto-confirm",)),
    Flag("ha", "bool", default=True),
    Flag("regions", "list", aliases=("only-regions",)),
    Flag("env", "texts", short="e"),
)


def test_flags_and_words_may_come_in_any_order() -> None:
    found = parse("x", FLAGS, ["one", "-a", "demo", "two", "--json"])
    assert (found.words, found.text("app"), found.on("json")) == (["one", "two"], "demo", True)


@pytest.mark.parametrize("argv", [["-ademo"], ["-a=demo"], ["--app=demo"], ["--app", "demo"], ["-ja", "demo"]])
def test_a_value_may_be_joined_or_follow(argv: list[str]) -> None:
    assert parse("x", FLAGS, argv).text("app") == "demo"


@pytest.mark.parametrize(("argv", "expected"), [([], True), (["--ha=false"], False), (["--ha"], True)])
def test_a_switch_is_its_default_unless_it_is_given(argv: list[str], expected: bool) -> None:
    assert parse("x", FLAGS, argv).on("ha") is expected


def test_lists_are_split_at_commas_and_add_up_and_single_texts_are_not_split() -> None:
    found = parse("x", FLAGS, ["--regions", "iad,fra", "--only-regions=nrt,", "-e", "A=1,2", "-e", "B=3"])
    assert found.many("regions") == ["iad", "fra", "nrt"]
    assert found.many("env") == ["A=1,2", "B=3"]


def test_everything_after_two_dashes_is_a_word() -> None:
    assert parse("x", FLAGS, ["--", "-a", "--json"]).words == ["-a", "--json"]


def test_an_unknown_flag_is_named_together_with_its_command() -> None:
    with pytest.raises(NotOffered, match=r"does not offer `machine list --quiet`; install flyctl"):
        parse("machine list", FLAGS, ["--quiet"])


@pytest.mark.parametrize("argv", [["--app"], ["--json=perhaps"]])
def test_a_flag_that_cannot_be_read_is_a_failure(argv: list[str]) -> None:
    with pytest.raises(Failure, match=r"app|json"):
        parse("x", FLAGS, argv)
