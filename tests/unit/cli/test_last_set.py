"""What is kept of secrets: enough to know a value again, and never the value."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from flyctl_orchestrator.cli.secrets.comparison import Row, rows_of
from flyctl_orchestrator.cli.secrets.last_set import FILE, LastSet

VALUE = "correct horse battery staple"


def test_a_value_is_known_again_and_not_kept(tmp_path: Path) -> None:
    last = LastSet(tmp_path / "app")
    assert last.remember({"KEY": VALUE, "OTHER": VALUE}, {"KEY": "d1", "OTHER": "d2"}) == ""
    assert last.compare("KEY", "d1", VALUE) is True
    assert last.compare("KEY", "d1", VALUE + " ") is False
    path = tmp_path / "app" / FILE
    text = path.read_text()
    assert VALUE not in text and stat.S_IMODE(path.stat().st_mode) == 0o600
    # Nobody sees that two secrets are the same.
    prints = [line for line in text.splitlines() if "fingerprint" in line]
    assert len(prints) == len(set(prints)) == 2


def test_what_was_set_elsewhere_since_cannot_be_compared(tmp_path: Path) -> None:
    last = LastSet(tmp_path)
    last.remember({"KEY": VALUE}, {"KEY": "d1"})
    assert last.compare("KEY", "d2", VALUE) is None
    assert last.compare("NEW", "d1", VALUE) is None
    last.forget(["KEY"])
    assert last.compare("KEY", "d1", VALUE) is None


def test_setting_one_keeps_the_others(tmp_path: Path) -> None:
    last = LastSet(tmp_path)
    last.remember({"A": "1"}, {"A": "a"})
    last.remember({"B": "2"}, {"A": "a", "B": "b"})
    assert (last.compare("A", "a", "1"), last.compare("B", "b", "2")) == (True, True)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"secrets": 1}', '{"secrets": {"KEY": {}}}', '{"secrets": {"KEY": {"digest": 1}}}', "{", "\x00"]
)
def test_a_file_that_is_none_means_that_nothing_can_be_compared(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    assert LastSet(tmp_path).compare("KEY", "d1", VALUE) is None


def test_that_it_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "app").write_text("a file")
    assert LastSet(tmp_path / "app").remember({"KEY": VALUE}, {"KEY": "d"}) == "File exists"


def test_every_name_has_a_row_and_what_is_wrong_comes_first() -> None:
    rows = rows_of(
        needed=["NEEDED", "IN_TOML", "THERE"],
        in_files=["IN_TOML"],
        held={"THERE": "d", "SAME": "d", "OTHER": "d", "ELSEWHERE": "d"},
        given={"SAME": "1", "OTHER": "2", "ELSEWHERE": "3", "NEW": "4"},
        compare=lambda name, digest, value: {"SAME": True, "OTHER": False}.get(name),
    )
    assert rows == [
        Row("NEEDED", True, False, "missing"),
        Row("NEW", False, True, "missing"),
        Row("OTHER", False, True, "differs"),
        Row("ELSEWHERE", False, True, "unknown"),
        Row("IN_TOML", True, False, "in fly.toml"),
        Row("SAME", False, True, "same"),
        Row("THERE", True, False, "set"),
    ]
