"""Whatever lies where fly.toml or flyo.toml should be, the answer is one UsageError."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project import flyotoml, flytoml
from flyctl_orchestrator.project.tomlfile import Document, parse_toml, read_document


def read(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_document(path, "fly.toml")
    return str(caught.value)


def test_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b'app = "x"\nname = "caf\xe9"\n')
    assert read(path) == "fly.toml:2:12: is not UTF-8 text. Save it as UTF-8"


def test_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b'\xef\xbb\xbfapp = "x"\n')
    assert read(path) == "fly.toml:1:1: starts with a byte order mark. Save it as UTF-8 without one"


def test_too_large(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"#" * (256 * 1024 + 1))
    assert read(path) == "fly.toml: is larger than 256 KiB. Name a smaller file"


def test_directory(tmp_path: Path) -> None:
    assert read(tmp_path) == "fly.toml: is a directory. Name a text file"


def test_missing(tmp_path: Path) -> None:
    assert read(tmp_path / "none") == "fly.toml: does not exist. Run 'flyo init'"


def test_a_file_where_a_directory_should_be(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    assert "cannot be read: Not a directory" in read(tmp_path / "f" / "fly.toml")


def test_symbolic_link_to_itself(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.symlink_to(path)
    assert read(path) == "fly.toml: is a symbolic link to itself. Check the path and its permissions"
    with pytest.raises(UsageError):
        flyotoml.load(path)


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "f"
    os.mkfifo(path)
    assert read(path) == "fly.toml: is not a plain file. Name a text file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("")
    path.chmod(0)
    assert read(path) == "fly.toml: cannot be read: Permission denied. Check the path and its permissions"


def test_path_with_a_nul() -> None:
    with pytest.raises(UsageError, match="is not a usable path"):
        read_document(Path("a\0b"))


SCALARS = st.one_of(
    st.none().map(lambda _: "nan"),
    st.booleans().map(lambda value: str(value).lower()),
    st.integers().map(str),
    st.sampled_from(['""', '"iad"', '"90s"', '"/x"', '"é\\u0000"', "1979-05-27", "07:32:00", "inf", "-0.0", "1e400"]),
    st.sampled_from(["[]", "[1]", '["a"]', "{}", "{ a = 1 }", "[[]]", "[{}]"]),
)
KEYS = st.sampled_from(
    [
        "app",
        "primary_region",
        "kill_timeout",
        "processes",
        "env",
        "deploy",
        "services",
        "http_service",
        "checks",
        "mounts",
        "vm",
        "experimental",
        "internal_port",
        "auto_stop_machines",
        "min_machines_running",
        "path",
        "interval",
        "ports",
        "port",
        "memory",
        "size",
        "name",
        "release_command",
        "regions",
        "groups",
        "rollout",
        "probe",
        "local",
        "hooks",
        "url",
        "iad",
        "strategy",
        "canary",
        "width",
        "bake",
        "watch",
        "paths",
        "evidence",
        "timeout",
        "passes",
        "identity",
        "build",
        "inputs",
        "template",
        "pre-deploy",
        "latency_factor",
    ]
)
LINES = st.one_of(
    st.tuples(KEYS, SCALARS).map(lambda pair: f"{pair[0]} = {pair[1]}"),
    st.lists(KEYS, min_size=1, max_size=3).map(lambda keys: f"[{'.'.join(keys)}]"),
    st.lists(KEYS, min_size=1, max_size=3).map(lambda keys: f"[[{'.'.join(keys)}]]"),
    st.text(max_size=20),
)


@given(st.one_of(st.lists(LINES, max_size=12).map("\n".join), st.text()))
@settings(max_examples=500, deadline=None)
def test_no_text_breaks_the_readers(text: str) -> None:
    for read_one in (flytoml.parse, flyotoml.parse):
        try:
            read_one(Document(Path("fly.toml"), "fly.toml", text, parse_toml(text, "fly.toml")))
        except UsageError as error:
            assert str(error).startswith("fly.toml") and "\n" not in str(error)
            assert error.code.startswith("config.")


TREES = st.recursive(
    st.one_of(
        st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.dates(), st.sampled_from(["iad", "90s", "/"])
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=6)),
    max_leaves=25,
)


@given(st.dictionaries(KEYS, TREES, max_size=10))
@settings(max_examples=500, deadline=None)
def test_no_types_break_the_readers(data: dict[str, object]) -> None:
    for read_one in (flytoml.parse, flyotoml.parse):
        try:
            read_one(Document(Path("fly.toml"), "fly.toml", "", data))
        except UsageError as error:
            assert str(error).startswith("fly.toml") and "\n" not in str(error)
