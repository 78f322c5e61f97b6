"""What cannot be built on the local platform: the whole line."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from flyctl_orchestrator.cli.pages.serving import served
from flyctl_orchestrator.local.daemon import control
from tests.functional.printed.in_process import nobody, said
from tests.functional.printed.simulated import simulated
from tests.refusals import refused
from tests.unit.cli.test_serving import NOBODYS, context_in
from tests.unit.rollout.recovery.killed_world import FLY_TOML, KilledWorld


@pytest.mark.parametrize(
    ("section", "line"),
    [
        (
            "",
            "flyo: fly.toml: there is no {project}/Dockerfile. 'flyo init --local' writes one, or name it as "
            "dockerfile under [build], or with --dockerfile [build.no_dockerfile]",
        ),
        (
            '[build]\nbuilder = "heroku/builder:24"\n',
            "flyo: fly.toml: [build] builder is not offered by the local platform. Give it a Dockerfile with "
            "--dockerfile, or a finished image with --image [build.not_offered]",
        ),
    ],
)
def test_what_is_seen_before_anything_is_built(tmp_path: Path, section: str, line: str) -> None:
    killed = KilledWorld(tmp_path / "here")
    (killed.directory / "fly.toml").write_text(FLY_TOML + section)
    with simulated(killed) as there:
        ran = there.flyo("deploy")
    assert (ran.status, ran.line) == (2, line.format(project=killed.directory))


def test_a_link_that_leads_out_of_the_build_context(tmp_path: Path, platform_daemon: control.Running) -> None:
    (tmp_path / "fly.toml").write_text(FLY_TOML)
    (tmp_path / "Dockerfile").write_text('FROM scratch\nCOPY . .\nCMD ["./run"]\n')
    (tmp_path / "away").symlink_to("/etc/hostname")
    own = {"FLYO_LOCAL_DIR": str(platform_daemon.state), "FLYO_FLYCTL": "stand-in"}
    ran = said("deploy --local", tmp_path, nobody(tmp_path) | own)
    assert (ran.status, ran.line) == (
        1,
        "flyo: app shop: the image could not be built: away is a symbolic link that leaves the build context (to "
        "/etc/hostname). Replace it by a copy or a relative link, or add away to .dockerignore [build.context]",
    )


def test_containers_where_there_is_no_engine(tmp_path: Path) -> None:
    (tmp_path / "fly.toml").write_text(FLY_TOML)
    (tmp_path / "flyo.toml").write_text('[local]\nruntime = "container"\n')
    (tmp_path / "Dockerfile").write_text('FROM scratch\nCMD ["./run"]\n')
    own = nobody(tmp_path) | {"FLYO_FLYCTL": "stand-in", "DOCKER_HOST": "unix:///nowhere/docker.sock"}
    try:
        ran = said("deploy --local", tmp_path, own)
    finally:
        said("local down", tmp_path, own)
    assert (ran.status, ran.line) == (
        1,
        "flyo: app shop: the image could not be built: [local] runtime in flyo.toml asks for containers, but no "
        "container engine answers at /nowhere/docker.sock. Start the engine, name it with DOCKER_HOST before `flyo "
        "local up`, or let the runtime be auto [build.engine]",
    )


def test_an_address_on_which_no_page_can_be_served(tmp_path: Path) -> None:
    why = os.strerror(errno.EADDRNOTAVAIL)
    with (
        refused(8, f"flyo: flyo deploy --web: nothing can be served on 192.0.2.1: {why}. Leave --web out [web.port]"),
        served(context_in(tmp_path), "shop", NOBODYS),
    ):
        raise AssertionError("nothing is done without the page that was asked for")
