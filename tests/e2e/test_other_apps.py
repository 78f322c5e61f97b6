"""Apps that are not ours deploy the same way, side by side on one platform."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.laptop import Laptop, example

NEEDS = {"node_server": "node", "python_deps": "python3", "static_binary": "cc"}


def place(name: str, tmp_path: Path) -> Path:
    """The app's own directory, or a skip that names what is missing."""
    tool = NEEDS[name]
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    return example(tmp_path / name, name)


@pytest.mark.parametrize("name", NEEDS)
def test_it_deploys_and_serves_in_two_regions(name: str, laptop: Laptop, tmp_path: Path) -> None:
    project = place(name, tmp_path)
    app = name.replace("_", "-")
    laptop.plant(app)
    laptop.ok("deploy", "--local", cwd=project)
    for region in ("iad", "fra"):
        assert region in laptop.browse(app, "/", region).body
        assert laptop.browse(app, "/health", region).json["region"] == region


def test_two_apps_side_by_side(laptop: Laptop, tmp_path: Path) -> None:
    for name in ("python_deps", "node_server"):
        laptop.ok("deploy", "--local", cwd=place(name, tmp_path))
    assert "node" in laptop.browse("node-server", "/", "fra").body
    assert "node" not in laptop.browse("python-deps", "/", "fra").body
    listed = {app["name"]: app["machines"] for app in laptop.ok("local", "status", "--json").json["apps"]}
    # Without the one of each that keeps flyo's lock.
    assert listed == {"node-server": 2, "python-deps": 2}
