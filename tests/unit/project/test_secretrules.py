from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.secretrules import check_name, check_value, reserved


@pytest.mark.parametrize("name", ["DATABASE_URL", "_x", "a1", "FLY", "PORTS", "fly_lower"])
def test_possible_names(name: str) -> None:
    check_name(name, where="name 1")


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "A=B", "É", "A\n", "x" * 201])
def test_impossible_names_are_told_by_position_since_they_may_be_values(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_name(name, where="name 2")
    assert str(caught.value) == (
        "name 2: is not a valid name for a secret. Use letters, digits and _, and do not start with a digit"
    )


@pytest.mark.parametrize("name", ["FLY_API_TOKEN", "PRIMARY_REGION", "PORT"])
def test_names_that_are_not_ours_to_set(name: str) -> None:
    assert reserved(name)
    with pytest.raises(UsageError, match="Leave it out, or choose another name"):
        check_name(name, where=name)


@given(st.text(max_size=30).map(lambda text: f"s3cr3t{text}\0"))
def test_no_message_repeats_a_value(value: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_value(value, where="KEY")
    assert "s3cr3t" not in str(caught.value)


def test_values_have_the_length_a_program_can_be_given() -> None:
    check_value("é" * (64 * 1024 - 1), where="KEY")
    with pytest.raises(UsageError, match="longer than 128 KiB"):
        check_value("é" * 64 * 1024, where="KEY")
