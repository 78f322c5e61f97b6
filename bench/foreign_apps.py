"""Deploys a folder of apps to the local platform as they are, and prints a table: which ones run, and what was said.

    python -m bench.foreign_apps ~/apps                       # with the container engine that answers, and without
    python -m bench.foreign_apps ~/apps --way process --only hello

Every directory of the folder that has a fly.toml and a Dockerfile is an app. It is copied, so that nothing of it
changes, and `flyo deploy --local` runs in the copy, on a platform of this measurement's own. An app counts as running
when the deploy ends with 0 and the app itself then answers `GET /`, whatever the status. Secrets that it would have on
Fly.io are read from NAME.env beside its directory.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FLYO = str(Path(sysconfig.get_path("scripts")) / "flyo")
WAYS = {"container": "with an engine", "process": "without"}
_FROM = re.compile(r"(?im)^\s*FROM\s+(?:--\S+\s+)*(\S+)")
_SHOWN = 300
# Compilers, and where npm finds what they need, are this user's, although the commands have a home of their own.
_TOOLS = {
    "RUSTUP_HOME": ".rustup",
    "CARGO_HOME": ".cargo",
    "GOPATH": "go",
    "GOCACHE": ".cache/go-build",
    "NPM_CONFIG_USERCONFIG": ".npmrc",
}


@dataclass(frozen=True)
class Result:
    """One app, deployed one way.

    Attributes:
        runs: whether it was deployed and answers.
        seconds: what the deploy took.
        said: how it failed, "" when it runs.
    """

    runs: bool
    seconds: float
    said: str = ""


@dataclass(frozen=True)
class Platform:
    """A local platform of this measurement's own, below one directory."""

    root: Path
    way: str

    @property
    def env(self) -> dict[str, str]:
        """What every command finds."""
        own = {"HOME": str(self.root / "home"), "FLYO_LOCAL_DIR": str(self.root / "state"), "FLYO_LOCAL_PORT": "0"}
        homes = {name: Path.home() / place for name, place in _TOOLS.items()}
        tools = {name: str(place) for name, place in homes.items() if place.exists()}
        return {**tools, **os.environ, **own, "FLYO_LOCAL_RUNTIME": self.way}

    def flyo(self, *words: str, cwd: Path, seconds: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run one command."""
        return subprocess.run(
            (FLYO, *words), cwd=cwd, env=self.env, text=True, capture_output=True, timeout=seconds, check=False
        )

    def answer(self, app: str) -> str:
        """How the app fails to answer `GET /`, "" when it does answer."""
        running = json.loads((self.root / "state/daemon.json").read_text())
        connection = http.client.HTTPConnection("127.0.0.1", running["port"], timeout=30)
        try:
            connection.request("GET", "/", headers={"Host": f"{app}.localhost"})
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as problem:
            return f"deployed, but GET / ended with: {problem}"
        finally:
            connection.close()
        refused = answer.headers.get("Fly-Proxy-Error")
        return f"deployed, but the proxy answers {refused}: {text}" if refused else ""


def apps_in(folder: Path, only: Sequence[str]) -> list[Path]:
    """The directories of a folder that are apps, by name; those whose name has one of the texts in it."""
    found = sorted(path.parent for path in folder.glob("*/fly.toml") if (path.parent / "Dockerfile").is_file())
    return [app for app in found if not only or any(text in app.name for text in only)]


def kind_of(app: Path) -> str:
    """The images that its Dockerfile names, without registry and version: "golang, alpine"."""
    images = _FROM.findall((app / "Dockerfile").read_text("utf-8", "replace"))
    names = [image.rsplit("/", 1)[-1].partition(":")[0].partition("@")[0] for image in images]
    return ", ".join(dict.fromkeys(names))


def deployed(platform: Platform, app: Path, seconds: float, words: Sequence[str]) -> Result:
    """Deploy a copy of an app, look whether it answers, and destroy it."""
    copy = platform.root / "apps" / app.name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(app, copy, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    name = str(tomllib.loads((copy / "fly.toml").read_text("utf-8")).get("app", app.name))
    secrets = app.with_name(f"{app.name}.env")
    began = time.monotonic()
    try:
        if secrets.is_file():
            platform.flyo("secrets", "import", "--local", str(secrets), cwd=copy)
        ran = platform.flyo("deploy", "--local", "--yes", *words, cwd=copy, seconds=seconds)
        lasted = time.monotonic() - began
        why = last_words(ran.stderr) if ran.returncode else platform.answer(name)
        (platform.root / f"{platform.way}-{app.name}.log").write_text(f"{ran.stdout}{ran.stderr}")
    except subprocess.TimeoutExpired:
        lasted, why = time.monotonic() - began, f"it was still deploying after {seconds:g} s"
    platform.flyo("local", "destroy", name, "--yes", cwd=copy)
    return Result(not why, lasted, why)


def last_words(said: str) -> str:
    """The error at the end of what a command said, and what it told to do; else its last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line.removeprefix("flyo: ") for line in lines if line.startswith("flyo: ")]
    return " ".join(errors[-1:] or lines[-1:])


def measured(apps: Sequence[Path], way: str, root: Path, seconds: float, words: Sequence[str]) -> Iterator[Result]:
    """Deploy every app one way, one after the other."""
    platform = Platform(root / way, way)
    for name in ("home", "apps"):
        (platform.root / name).mkdir(parents=True, exist_ok=True)
    try:
        for app in apps:
            result = deployed(platform, app, seconds, words)
            print(f"{way} {app.name}: {'runs' if result.runs else result.said}", file=sys.stderr, flush=True)
            yield result
    finally:
        platform.flyo("local", "reset", "--yes", cwd=platform.root)
        platform.flyo("local", "down", cwd=platform.root)


def table(apps: Sequence[Path], results: Mapping[str, Sequence[Result]]) -> list[str]:
    """A line for each app, the counts, and then what was said where it failed."""
    names = [app.name for app in apps]
    kinds = [kind_of(app) for app in apps]
    wide, wider = max(map(len, names)), max(map(len, kinds))
    lines = [f"{'app':<{wide}}  {'images':<{wider}}  " + "  ".join(f"{WAYS[way]:>16}" for way in results)]
    for at, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        cells = (f"{'runs' if each[at].runs else 'fails':>6} {each[at].seconds:7.1f} s" for each in results.values())
        lines.append(f"{name:<{wide}}  {kind:<{wider}}  " + "  ".join(f"{cell:>16}" for cell in cells))
    counts = (f"{sum(result.runs for result in each)} of {len(apps)}" for each in results.values())
    lines.append(f"{'':<{wide}}  {'':<{wider}}  " + "  ".join(f"{count:>16}" for count in counts))
    for way, each in results.items():
        failed = [
            f"{way} {name}: {result.said[:_SHOWN]}" for name, result in zip(names, each, strict=True) if result.said
        ]
        lines += ["", *failed] if failed else []
    return lines


def main() -> int:
    """Measure and print; 1 when there is nothing to measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a directory with one app in each of its directories")
    parser.add_argument("--way", choices=WAYS, action="append", help="how machines run (both)")
    parser.add_argument("--only", action="append", default=[], metavar="TEXT", help="apps with this in their name")
    parser.add_argument("--seconds", type=float, default=600.0, help="what one deploy may take (600)")
    parser.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE", help="given to every build")
    parser.add_argument("--logs", type=Path, help="keep what every deploy said in this directory")
    given = parser.parse_args()
    apps = apps_in(given.folder.resolve(), given.only)
    if not apps:
        print(f"no directory of {given.folder} has a fly.toml and a Dockerfile", file=sys.stderr)
        return 1
    words = [word for each in given.build_arg for word in ("--build-arg", each)]
    with tempfile.TemporaryDirectory(prefix="flyo-foreign-") as root:
        results = {way: list(measured(apps, way, Path(root), given.seconds, words)) for way in given.way or WAYS}
        if given.logs:
            given.logs.mkdir(parents=True, exist_ok=True)
            for log in Path(root).glob("*/*.log"):
                shutil.copy(log, given.logs)
    print("\n".join(table(apps, results)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
