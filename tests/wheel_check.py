"""Builds the package from a fresh clone, installs it in fresh environments, and uses it: `make wheel-check`.

Only the standard library is used, and the Python that runs this is the one that is tried. What is committed is what is
built. Ends with status 1 and one line when something does not work.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "flyctl_orchestrator"
EXAMPLE = ("habit_app", "Dockerfile", ".dockerignore", "fly.toml", "flyo.toml")
# Rooms that need the extra `local`; the rest has to work without it.
LOCAL = ("local", "report/web")
FIND = """
import importlib.util, json, sys
print(json.dumps([name for name in json.load(sys.stdin) if importlib.util.find_spec(name) is None]))
"""
WHERE = f"import pathlib, {PACKAGE}; print(pathlib.Path({PACKAGE}.__file__).parent)"


class Broken(Exception):
    """Something that has to work does not; the message says what."""


class Installed:
    """A fresh virtual environment with the wheel in it.

    Args:
        place: where to make it; a home of its own lies beside it.
    """

    def __init__(self, place: Path) -> None:
        self._bin = place / "venv" / "bin"
        self._home = place / "home"
        self._home.mkdir(parents=True)
        venv.create(place / "venv", with_pip=True)

    def install(self, what: str) -> None:
        """Have pip install something, with the settings pip has for this user."""
        pip = [str(self._bin / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", what]
        run(pip, ROOT.parent, os.environ)

    def run(self, program: str, *arguments: str, cwd: Path = ROOT.parent, stdin: str = "") -> str:
        """What a program of this environment prints. Raises Broken when it fails."""
        own = {"HOME": str(self._home), "FLYO_LOCAL_DIR": str(self._home / "platform"), "FLYO_LOCAL_PORT": "0"}
        return run([str(self._bin / program), *arguments], cwd, environment() | own, stdin)

    def package(self) -> Path:
        """Where the installed package lies."""
        return Path(self.run("python", "-c", WHERE).strip())

    def missing(self, files: Sequence[Path]) -> list[str]:
        """Modules that the files import, at the top or inside a function, and that are not there."""
        names = sorted({name for path in files for name in imported(path)})
        return list(json.loads(self.run("python", "-c", FIND, stdin=json.dumps(names))))


def environment() -> dict[str, str]:
    """Of this process's variables those that tell where programs, package indexes and proxies are, and no token."""
    kept = ("PATH", "LANG", "TMPDIR", "SSL_CERT_FILE", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
    return {name: value for name, value in os.environ.items() if name in kept or name.startswith("PIP_")}


def run(argv: Sequence[str], cwd: Path, variables: Mapping[str, str], stdin: str = "") -> str:
    """What a program prints on stdout. Raises Broken when it fails or takes ten minutes."""
    done = subprocess.run(
        argv, cwd=cwd, env=variables, input=stdin, capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode:
        raise Broken(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def imported(path: Path) -> Iterator[str]:
    """The top-level names of what a file imports from outside of its own package."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def build(place: Path) -> Path:
    """Clone the project and build it there: a source archive, and the wheel out of that one. Returns: the wheel."""
    run(["git", "clone", "--quiet", "--depth=1", ROOT.as_uri(), str(place / "clone")], ROOT, environment())
    builder = Installed(place / "builder")
    builder.install("build")
    builder.run("python", "-m", "build", "--outdir", str(place / "dist"), str(place / "clone"))
    [wheel] = (place / "dist").glob("*.whl")
    return wheel


def try_alone(installed: Installed, wheel: Path, project: Path) -> None:
    """Without extras: the command runs, the example is written as it is in the repository, nothing is missing."""
    installed.install(str(wheel))
    installed.run("flyo", "--version")
    installed.run("flyo", "init", "--example", "habit", cwd=project)
    written = {path.relative_to(project) for path in project.rglob("*") if path.is_file()}
    wanted = {Path(name) for name in run(["git", "ls-files", *EXAMPLE], ROOT, environment()).splitlines()}
    if written != wanted:
        raise Broken(f"the example differs from the repository: {sorted(map(str, written ^ wanted))}")
    package = installed.package()
    if not (package / "py.typed").exists():
        raise Broken("py.typed is not in the wheel")
    others = [*(package / room for room in LOCAL), package / "_examples"]
    files = [path for path in package.rglob("*.py") if not any(path.is_relative_to(other) for other in others)]
    report(installed.missing(files), "no extra")


def try_extras(installed: Installed, wheel: Path, project: Path) -> None:
    """With the extra `local` the example is deployed to three regions of this computer; `app` has what it imports."""
    installed.install(f"{wheel}[local]")
    package = installed.package()
    report(installed.missing([path for room in LOCAL for path in (package / room).rglob("*.py")]), "extra 'local'")
    try:
        installed.run("flyo", "secrets", "generate", "SECRET_KEY", "--local", cwd=project)
        installed.run("flyo", "deploy", "--local", "--yes", "--watch", "0s", cwd=project)
        seen = json.loads(installed.run("flyo", "status", "--local", "--json", cwd=project))
        if not seen["healthy"] or len(seen["regions"]) != 3:
            raise Broken(f"the deployed example is not healthy: {seen}")
    finally:
        installed.run("flyo", "local", "down")
    installed.install(f"{wheel}[app]")
    report(installed.missing(list((project / "habit_app").rglob("*.py"))), "extra 'app'")


def report(missing: Sequence[str], extra: str) -> None:
    """Raises Broken when something that is imported was not installed."""
    lacking = [name for name in missing if name not in (PACKAGE, "habit_app")]
    if lacking:
        raise Broken(f"with {extra} these modules are imported and not installed: {', '.join(lacking)}")


def main(argv: Sequence[str]) -> int:
    """Build, or take a wheel that is built already, and try it."""
    parser = argparse.ArgumentParser(prog="wheel_check", description=__doc__.split("\n")[0])
    parser.add_argument("wheel", nargs="?", type=Path, help="a wheel to try instead of building one")
    given = parser.parse_args(argv).wheel
    with tempfile.TemporaryDirectory(prefix="flyo-wheel-") as directory:
        place = Path(directory).resolve()
        project = place / "project"
        project.mkdir()
        try:
            wheel = given.resolve() if given else build(place)
            installed = Installed(place / "alone")
            try_alone(installed, wheel, project)
            try_extras(installed, wheel, project)
        except Broken as broken:
            sys.stderr.write(f"wheel_check: {broken}\n")
            return 1
    sys.stderr.write(f"{wheel.name} works with Python {sys.version.split()[0]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
