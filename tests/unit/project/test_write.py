from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flyctl_orchestrator.errors import FlyoError
from flyctl_orchestrator.project.write import write_files


def listing(directory: Path) -> list[str]:
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*"))


def test_writes_files_and_their_directories(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.toml": b"1", "deep/er/b.toml": b"2"})
    assert (tmp_path / "a.toml").read_bytes() == b"1"
    assert listing(tmp_path) == ["a.toml", "deep", "deep/er", "deep/er/b.toml"]


def test_new_files_follow_the_umask_and_old_ones_keep_their_mode(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_bytes(b"before")
    old.chmod(0o640)
    write_files(tmp_path, {"old": b"after", "new": b"x"})
    ordinary = tmp_path / "ordinary"
    ordinary.write_bytes(b"")
    assert old.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "new").stat().st_mode == ordinary.stat().st_mode


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"before")
    (tmp_path / "link").symlink_to("real")
    write_files(tmp_path, {"link": b"after"})
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"after"


def test_one_that_cannot_be_written_leaves_all_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "fly.toml").write_bytes(b"old")
    (tmp_path / "taken").mkdir()
    with pytest.raises(FlyoError) as caught:
        write_files(tmp_path, {"fly.toml": b"new", "fresh/x": b"1", "taken": b"2"})
    assert str(caught.value) == (
        f"{tmp_path / 'taken'}: cannot be written: Is a directory. "
        "Correct that and run it again; the files that were there are untouched"
    )
    assert (tmp_path / "fly.toml").read_bytes() == b"old"
    assert listing(tmp_path) == ["fly.toml", "taken"]


FULL_DISK = """
import resource, sys
from pathlib import Path
from flyctl_orchestrator.cli.main import run
from flyctl_orchestrator.environment import Environment
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
sys.exit(run(["init", "--yes", "--health-path", "/up"], Environment({}, Path(sys.argv[1]))))
"""


def test_a_full_disk_is_one_clear_line_and_the_old_file_stays(tmp_path: Path) -> None:
    """The kernel refuses to make a file longer than 200 bytes, in a process of its own."""
    (tmp_path / "fly.toml").write_bytes(b'app = "x"\nprimary_region = "iad" # home\n')
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        # Nothing else may be written: Python would keep half a compiled module for good.
        env={"PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"flyo: {tmp_path / 'flyo.toml'}: cannot be written: File too large. Make room on the disk and run it again; "
        "the files that were there are untouched [write.failed]\n"
    )
    assert (tmp_path / "fly.toml").read_bytes() == b'app = "x"\nprimary_region = "iad" # home\n'
    assert listing(tmp_path) == ["fly.toml"]


REWRITING = """
import itertools, sys
from pathlib import Path
from flyctl_orchestrator.project.write import write_files
print("ready", flush=True)
for letter in itertools.cycle("ab"):
    write_files(Path(sys.argv[1]), {"fly.toml": letter.encode() * 50_000})
"""


@pytest.mark.parametrize("milliseconds", [1, 5, 10, 20, 35, 50])
def test_killed_at_any_moment_the_file_is_one_or_the_other(tmp_path: Path, milliseconds: int) -> None:
    (tmp_path / "fly.toml").write_bytes(b"b" * 50_000)
    writer = subprocess.Popen([sys.executable, "-c", REWRITING, str(tmp_path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"ready\n"
    with pytest.raises(subprocess.TimeoutExpired):
        writer.wait(milliseconds / 1000)
    writer.kill()
    writer.wait()
    writer.stdout.close()
    assert (tmp_path / "fly.toml").read_bytes() in (b"a" * 50_000, b"b" * 50_000)
