"""LiteFS: what flyo init writes for it, and what every command refuses beside it."""

from __future__ import annotations

import json
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from flyctl_orchestrator.catalog.error_pages import load_pages
from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.cli.init.command import planned_files
from flyctl_orchestrator.doctor.files import check_files
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.asked import Asked, complete
from flyctl_orchestrator.project.detect.detected import Detected
from flyctl_orchestrator.project.dockerfile import dockerfile
from flyctl_orchestrator.project.example import example_files
from flyctl_orchestrator.project.existing import existing_of_files
from flyctl_orchestrator.project.litefs import litefs_lines, litefs_yml, shell_line, with_litefs
from flyctl_orchestrator.project.project import load_project
from flyctl_orchestrator.project.scaffold import Existing

BOOK = load_regions()
FLY = """
app = "shop"
primary_region = "iad"

[http_service]
internal_port = 8080
auto_stop_machines = "off"
"""
STATIC = "lease:\n  type: static\n"


def planned(copied: dict[str, bytes], existing: Existing, **asked: object) -> dict[str, bytes]:
    wanted = Asked(app="shop", database="litefs", **{"regions": {"iad": 1, "fra": 1}, **asked})  # type: ignore[arg-type]
    return planned_files(complete(wanted, existing, "shop"), existing, copied)


def project(root: Path, fly: str = FLY, flyo: str = "[regions]\niad = 1\nfra = 2\n", litefs: str = STATIC) -> list[str]:
    """Codes of what keeps this project from being planned and deployed."""
    (root / "fly.toml").write_text(fly)
    (root / "flyo.toml").write_text(flyo)
    (root / "litefs.yml").write_text(litefs)
    return [problem.code for problem in load_project(root).problems]


def settings(files: dict[str, bytes]) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(files["litefs.yml"].decode())
    return found


def test_the_example_is_written_so_that_nothing_is_wrong_with_it(tmp_path: Path) -> None:
    copied = example_files("habit")
    files = planned(copied, existing_of_files(copied, BOOK))
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    found = load_project(tmp_path)
    assert [problem.code for problem in found.problems] == []
    assert [finding.code for finding in check_files(found, BOOK) if finding.severity == "error"] == []
    assert [service.auto_stop for service in found.flytoml.services] == ["off"]
    assert found.flytoml.env["LITEFS_DIR"] == settings(files)["fuse"]["dir"]
    assert [mount.path for mount in found.flytoml.volumes.values()] == [settings(files)["data"]["dir"]]
    # What .dockerignore keeps out cannot be copied into the image.
    assert "!/litefs.yml" in files[".dockerignore"].decode().split()


def test_litefs_starts_what_the_image_started_and_as_whom() -> None:
    before = example_files("habit")["Dockerfile"].decode()
    after, start = with_litefs(before)
    words = shlex.split(start)
    assert words[:4] == ["setpriv", "--reuid=10001", "--regid=10001", "--clear-groups"]
    assert words[4:] == json.loads(before.split("\nCMD ")[1])
    assert "\nUSER" not in after
    assert after.rstrip("\n").endswith("\n".join(litefs_lines()))
    # The stage that installs is as it was.
    assert after.split("\nFROM ")[1] == before.split("\nFROM ")[1]


@pytest.mark.parametrize(
    ("detected", "uid", "installer"),
    [
        (Detected(kind="python", runtime="3.13", start="gunicorn app:app"), "10001", "apt-get"),
        (Detected(kind="node", runtime="22", install=("npm ci",), start="node server.js"), "1000", "apt-get"),
        (Detected(kind="go", runtime="1.24", install=("go build -o /out/server",), start="./server"), "10001", "apk"),
        (Detected(), "10001", "apt-get"),
    ],
    ids=["python", "node", "go", "unknown"],
)
def test_every_dockerfile_of_flyos_own_can_have_it(detected: Detected, uid: str, installer: str) -> None:
    after, start = with_litefs(dockerfile(detected, start="serve --port $PORT", port=8080))
    assert start == f'setpriv --reuid={uid} --regid={uid} --clear-groups sh -c "exec serve --port $PORT"'
    assert after.count("CMD ") == 1
    assert f"RUN {installer} " in after.split("\nFROM ")[-1]


@given(words=st.lists(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1), min_size=1))
def test_a_command_is_the_same_words_for_litefs(words: list[str]) -> None:
    line = shell_line(json.dumps(words))
    assert shlex.split(line) == words
    assert YAML(typ="safe").load(litefs_yml(line))["exec"] == [{"cmd": line}]


def test_a_dockerfile_of_the_users_own_is_left_alone_and_the_command_is_asked() -> None:
    existing = existing_of_files({"Dockerfile": b"FROM x\n", "fly.toml": FLY.encode()}, BOOK)
    with pytest.raises(UsageError, match="Dockerfile here is not read for how") as refused:
        planned({}, existing)
    assert refused.value.code == "usage.litefs"
    files = planned({}, existing, start="bin/serve")
    assert "Dockerfile" not in files
    assert settings(files)["exec"] == [{"cmd": "bin/serve"}]


def test_a_volume_that_is_there_is_used() -> None:
    fly = FLY + '[mounts]\nsource = "data"\ndestination = "/data"\n'
    files = planned({}, existing_of_files({"Dockerfile": b"", "fly.toml": fly.encode()}, BOOK), start="serve")
    assert settings(files)["data"] == {"dir": "/data/litefs"}
    assert tomllib.loads(files["fly.toml"].decode())["mounts"] == {"source": "data", "destination": "/data"}


def test_asked_again_it_changes_nothing() -> None:
    first = planned({}, existing_of_files({"Dockerfile": b"", "fly.toml": FLY.encode()}, BOOK), start="serve")
    assert set(first) == {"fly.toml", "flyo.toml", "litefs.yml"}
    assert planned({}, existing_of_files({"Dockerfile": b"", **first}, BOOK)) == {}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"auto_stop": "suspend"}, "--auto-stop suspend loses data"),
        ({"auto_stop": "stop"}, "--auto-stop stop loses data"),
        ({"regions": {"iad": 2, "fra": 1}}, "iad is to have 2 machines"),
    ],
)
def test_what_would_lose_data_is_not_written(asked: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        planned({}, Existing(detected=Detected(kind="python", runtime="3.13", start="serve")), **asked)


def test_machines_that_sleep_are_refused_before_anything_is_planned(tmp_path: Path) -> None:
    assert project(tmp_path) == []
    for sleeping in ('"suspend"', '"stop"', "true"):
        fly = FLY.replace('"off"', sleeping)
        assert project(tmp_path, fly) == ["config.litefs_autostop"]
        with pytest.raises(UsageError, match="loses data"):
            load_project(tmp_path).require_understood()
        (error, *_) = [each for each in check_files(load_project(tmp_path), BOOK) if "litefs" in each.code]
        assert error.severity == "error"
    assert project(tmp_path, FLY.replace('"off"', "false")) == []
    (tmp_path / "litefs.yml").unlink()
    (tmp_path / "fly.toml").write_text(FLY.replace('"off"', '"suspend"'))
    assert load_project(tmp_path).problems == ()


@pytest.mark.parametrize("lease", [STATIC, 'lease:\n  type: "static"\n'])
def test_two_writers_are_refused(tmp_path: Path, lease: str) -> None:
    two = "[regions]\niad = 2\nfra = 1\n"
    assert project(tmp_path, flyo=two, litefs=lease) == ["config.litefs_primaries"]
    assert project(tmp_path, flyo=two, litefs="lease:\n  type: consul\n") == []


def test_what_is_refused_has_pages() -> None:
    pages = load_pages()
    assert {"config.litefs_autostop", "config.litefs_primaries", "usage.litefs"} <= set(pages)
