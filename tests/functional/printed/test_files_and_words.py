"""What is wrong with files and with what was typed: the whole line, before any platform is asked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import flyctl_orchestrator
from tests.functional.printed.in_process import nobody, said

FLY = 'app = "shop"\nprimary_region = "iad"\n'


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda file: file.mkdir(), "flyo.toml: is a directory. Name a text file"),
        (os.mkfifo, "flyo.toml: is not a plain file. Name a text file"),
        (
            lambda file: file.symlink_to(file.name),
            "flyo.toml: is a symbolic link to itself. Check the path and its permissions",
        ),
        (
            lambda file: file.write_bytes(b"\xef\xbb\xbf[regions]\n"),
            "flyo.toml:1:1: starts with a byte order mark. Save it as UTF-8 without one",
        ),
        (lambda file: file.write_bytes(b"[regions]\n# \xff\n"), "flyo.toml:2:3: is not UTF-8 text. Save it as UTF-8"),
        (lambda file: file.write_text("#" * 300_000), "flyo.toml: is larger than 256 KiB. Name a smaller file"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, make: Callable[[Path], object], line: str) -> None:
    (tmp_path / "fly.toml").write_text(FLY)
    make(tmp_path / "flyo.toml")
    ran = said("plan", tmp_path, nobody(tmp_path))
    assert (ran.status, ran.err, ran.out) == (2, f"flyo: {line} [config.unreadable]\n", "")


def test_a_directory_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = said("init --yes", tmp_path / "file", nobody(tmp_path))
    assert (ran.status, ran.line) == (
        2,
        f"flyo: {tmp_path / 'file'}: cannot be read: Not a directory. Go to the app's own directory "
        "[config.unreadable]",
    )


@pytest.mark.parametrize(
    ("words", "stdin", "line"),
    [
        (
            "init --yes --vm-size Large!", "",
            "--vm-size: 'Large!' is not a machine size. Fly.io has shared-cpu-1x, shared-cpu-2x, shared-cpu-4x, "
            "shared-cpu-6x, shared-cpu-8x, performance-1x, performance-2x, performance-4x, performance-6x, "
            "performance-8x, performance-10x, performance-12x, performance-14x, performance-16x [usage.size]",
        ),
        (
            "secrets generate KEY=-", "",
            "KEY: is set to a random value, and takes none. Run 'flyo secrets generate KEY' [secrets.value]",
        ),
        (
            "secrets generate KEY=- --local -a other", "",
            "KEY: is set to a random value, and takes none. Run 'flyo secrets generate --local -a other KEY' "
            "[secrets.value]",
        ),
        (
            "secrets import -", f"KEY={'x' * 131_072}\n",
            "stdin:1: KEY: the value is longer than 128 KiB, which no environment variable can be. Store the file "
            "elsewhere, and make its address or key the secret [secrets.value]",
        ),
        (
            "secrets import -", "KEY=a\0b\n",
            "stdin:1: KEY: the value holds a NUL, which no environment variable can. Encode it, for example as base64 "
            "[secrets.value]",
        ),
    ],
)  # fmt: skip
def test_words_that_make_no_sense(tmp_path: Path, words: str, stdin: str, line: str) -> None:
    (tmp_path / "fly.toml").write_text(FLY)
    ran = said(words, tmp_path, nobody(tmp_path), stdin)
    assert (ran.status, ran.err, ran.out) == (2, f"flyo: {line}\n", "")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            "probe --slo p90=1s",
            "--slo: 'p90=1s' is no limit. Write e.g. p50=80ms, p95=200ms, p99=1s, errors=1% or cold=3s "
            "[probe.slo_syntax]",
        ),
        (
            "regions suggest --users xx=1",
            "--users: 'xx' is no country of two letters, no region and no city that is known. Write e.g. --users "
            "sg=40,de=30,us=30 or world [regions.users]",
        ),
        (
            "history show zzz",
            "history show: no rollout zzz of app shop on Fly.io is known on this computer. 'flyo history' lists them "
            "[history.unknown]",
        ),
        (
            "history show last",
            "history show: no rollout of app shop on Fly.io is known on this computer. 'flyo history' lists them "
            "[history.unknown]",
        ),
        ("explain zzz", "flyo explain: there is no code 'zzz'. 'flyo explain' lists all codes [explain.unknown]"),
        ("regions list", "FLYO_CATALOG_DIR: /nowhere is not a directory. Correct or unset it [catalog]"),
    ],
)
def test_what_is_not_known(tmp_path: Path, words: str, line: str) -> None:
    (tmp_path / "fly.toml").write_text(FLY)
    catalog = {"FLYO_CATALOG_DIR": "/nowhere"} if words == "regions list" else {}
    ran = said(words, tmp_path, nobody(tmp_path) | catalog)
    assert (ran.status, ran.err, ran.out) == (2, f"flyo: {line}\n", "")


@pytest.mark.parametrize("words", ["status", "deploy", "plan", "secrets list"])
def test_a_flyctl_that_is_not_named_by_its_whole_path(tmp_path: Path, words: str) -> None:
    (tmp_path / "fly.toml").write_text(FLY)
    (tmp_path / "flyo.toml").write_text("[regions]\niad = 1\n")
    ran = said(words, tmp_path, nobody(tmp_path) | {"FLYO_FLYCTL": "bin/flyctl"})
    assert (ran.status, ran.line) == (
        2,
        "flyo: FLYO_FLYCTL: 'bin/flyctl' is not an absolute path. Write the whole path, or unset it [flyctl.path]",
    )


def test_an_installation_without_its_example(tmp_path: Path) -> None:
    """The package alone, as when somebody has copied it, without what a wheel puts into it."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "flyctl_orchestrator").symlink_to(Path(flyctl_orchestrator.__file__).parent)
    (tmp_path / "here").mkdir()
    program = "from flyctl_orchestrator.cli.main import main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", program, "init", "--example", "habit"],
        cwd=tmp_path / "here",
        env=nobody(tmp_path) | {"PYTHONPATH": str(tmp_path / "lib"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr, ran.stdout) == (
        1,
        f"flyo: {tmp_path / 'lib' / 'flyctl_orchestrator'}: this installation does not have the files of the example "
        "'habit'. Install flyctl-orchestrator again [example.missing]\n",
        "",
    )
    assert list((tmp_path / "here").iterdir()) == []
