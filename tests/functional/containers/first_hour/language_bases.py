"""Stand-ins for python:…-slim, node:…-slim, golang and alpine, made of this computer's own Python, Node.js and Go.

Packages come from pip's and npm's registries, are fetched once on this computer, and lie in the image, where pip and
npm find them without a network. What is missing here skips the test and is named.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine_bases import busybox_files, needed_by

Files = Iterator[tuple[str, Path | str]]
PYTHON_PACKAGES = ("flask", "django", "fastapi", "uvicorn", "gunicorn")
_LEFT_OUT = ("site-packages", "test", "tests", "idlelib", "tkinter", "turtledemo", "lib2to3", "__pycache__")
_USUAL = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PATIENCE = 240
_BESIDE = (
    "libgcc_s.so.1", "libstdc++.so.6", "libm.so.6", "librt.so.1", "libpthread.so.0", "libdl.so.2", "libutil.so.1",
)  # fmt: skip
# adduser -D -u UID NAME
_ADDUSER = """#!/bin/sh
echo "$4:x:$3:$3::/tmp:/bin/sh" >>/etc/passwd
echo "$4:x:$3:" >>/etc/group
"""


def fingerprint(directory: Path) -> str:
    """A tag for an image that holds the files of a directory."""
    names = sorted(path.name for path in directory.rglob("*") if path.is_file())
    return hashlib.sha256("\n".join([sys.version, *names]).encode()).hexdigest()[:12]


def wheels(place: Path) -> Path:
    """The packages that the Python apps want."""
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--dest", str(place)]
    _fetched([*argv, *PYTHON_PACKAGES], place, "pip gets no packages here")
    return place


def npm_cache(place: Path, package: Path) -> Path:
    """npm's cache with all that a package.json wants."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    work = place / "work"
    work.mkdir(parents=True)
    shutil.copy(package, work / "package.json")
    argv = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--cache", str(place / "cache")]
    _fetched(argv, work, "npm gets no packages here")
    shutil.rmtree(work)
    return place / "cache"


def _fetched(argv: list[str], cwd: Path, missing: str) -> None:
    ran = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    if ran.returncode:
        pytest.skip(f"{missing}: {ran.stderr.strip().splitlines()[-1:]}")


def python_files(packages: Path) -> Files:
    """This Python with pip, and /wheels."""
    program, library = Path(sys.executable).resolve(), Path(sysconfig.get_path("stdlib"))
    home = str(program.parent).lstrip("/")
    yield from _debian()
    yield from ((f"{home}/{name}", program.name) for name in ("python", "python3"))
    files = [program, *_walk(library), *_walk(Path("/usr/share/python-wheels"))]
    compiled = [str(path) for path in files if path == program or path.suffix == ".so"]
    libraries = needed_by(compiled)
    # What compiled packages want beside it, and slim images have.
    beside = {path.parent / name for path in libraries for name in _BESIDE}
    libraries += sorted(path for path in beside if path.is_file())
    yield from ((str(path).lstrip("/"), path) for path in (*files, *libraries))
    yield from ((f"wheels/{path.name}", path) for path in packages.iterdir())


def python_settings() -> tuple[str, ...]:
    """How its image is configured."""
    path = f"{Path(sys.executable).resolve().parent}:{_USUAL}"
    return (f"ENV PATH={path}", "ENV PIP_NO_INDEX=1", "ENV PIP_FIND_LINKS=/wheels")


def node_files(cache: Path) -> Files:
    """This computer's Node.js with npm, and /npm-cache."""
    node, npm = shutil.which("node"), shutil.which("npm")
    assert node and npm, "asked before"
    tree = Path(npm).resolve().parents[1]
    if not (tree / "package.json").is_file():
        pytest.skip(f"npm lies in many places here ({tree}), so that an image cannot be made of it")
    yield from _debian()
    yield "usr/local/bin/node", Path(node).resolve()
    yield from ((str(path).lstrip("/"), path) for path in needed_by([node]))
    yield from ((f"usr/local/lib/npm/{path.relative_to(tree)}", path) for path in _walk(tree, left_out=()))
    yield from ((f"usr/local/bin/{name}", f"../lib/npm/bin/{name}-cli.js") for name in ("npm", "npx"))
    yield from ((f"npm-cache/{path.relative_to(cache)}", path) for path in _walk(cache, left_out=()))


def node_settings() -> tuple[str, ...]:
    """How its image is configured; npm looks packages up under the registry that they came from."""
    argv = ["npm", "config", "get", "registry"]
    registry = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    quiet = "npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false NEXT_TELEMETRY_DISABLED=1"
    return (
        f"ENV PATH={_USUAL}",
        f"ENV npm_config_cache=/npm-cache npm_config_offline=true npm_config_registry={registry} {quiet}",
    )


def go_files() -> Files:
    """This computer's Go."""
    tree = Path(subprocess.run(["go", "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip())
    yield from busybox_files()
    for part in ("bin", "lib", "pkg", "src"):
        files = _walk(tree / part, left_out=("testdata", "cmd") if part == "src" else ())
        yield from ((f"usr/local/go/{path.relative_to(tree)}", path) for path in files)
    yield from ((f"usr/local/go/{name}", tree / name) for name in ("VERSION", "go.env"))


def go_settings() -> tuple[str, ...]:
    """How its image is configured."""
    return (f"ENV PATH=/usr/local/go/bin:{_USUAL}", "ENV GOTOOLCHAIN=local GOPROXY=off HOME=/tmp")


def alpine_files(place: Path) -> Files:
    """What Alpine has at its bottom: busybox, with the adduser that Debian's leaves out.

    Args:
        place: a directory to write that into.
    """
    yield from busybox_files()
    adduser = place / "adduser"
    adduser.write_text(_ADDUSER)
    adduser.chmod(0o755)
    yield "usr/sbin/adduser", adduser


def _debian() -> Files:
    """A shell with its tools, and the useradd that busybox does not have."""
    yield from busybox_files()
    yield "usr/bin/env", "../../bin/busybox"
    program = shutil.which("useradd", path=f"{_USUAL}:{os.environ['PATH']}")
    if program is None:
        pytest.skip("there is no useradd on this computer")
    yield "usr/sbin/useradd", Path(program)
    yield from ((str(path).lstrip("/"), path) for path in needed_by([program]))


def _walk(tree: Path, left_out: tuple[str, ...] = _LEFT_OUT) -> Iterator[Path]:
    for place, directories, names in os.walk(tree):
        directories[:] = [one for one in directories if one not in left_out and not one.startswith("config-")]
        yield from (path for name in names if (path := Path(place, name)).is_file())
