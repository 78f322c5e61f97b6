"""What is copied of a fleet, and what is not."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.fleet.machine import Machine
from flyctl_orchestrator.fleet.volumes import Volume
from flyctl_orchestrator.rollout.context.same_code import marked_dockerfile, write_marked
from flyctl_orchestrator.rollout.rehearsal.copied import PLACEHOLDER, copied
from flyctl_orchestrator.rollout.state.observe import Fleet

META = {"fly_platform_version": "v2", "fly_process_group": "web", "flyo_verified": "1.a.b.c"}
WEB = Machine.of_api(
    "shop",
    {
        "id": "d8912340000001",
        "name": "calm-sea-1",
        "created_at": "2026-11-23T10:00:00Z",
        "region": "fra",
        "state": "started",
        "instance_id": "01H",
        "image_ref": {"digest": "sha256:" + "a" * 64},
        "config": {
            "image": "registry.fly.io/shop:v7@sha256:" + "a" * 64,
            "metadata": {**META, "fly_release_version": "7"},
            "env": {"PRIMARY_REGION": "iad"},
        },
    },
)


def of(*machines: Machine, secrets: tuple[str, ...] = (), given: dict[str, str] | None = None) -> Any:
    """A copy of a fleet of these machines."""
    return copied(Fleet("shop", exists=True, machines=machines), secrets, given or {})


def test_ids_regions_groups_and_config_come_along() -> None:
    body = of(WEB).as_body({}, "registry.fly.io/shop:before")
    (machine,) = body["machines"]
    assert (body["app"], body["release"]) == ("shop", 7)
    assert (machine["id"], machine["name"], machine["region"]) == (WEB.id, "calm-sea-1", "fra")
    assert machine["config"] == {**WEB.config, "image": "registry.fly.io/shop:before"}
    assert WEB.image.startswith("registry.fly.io/shop:v7"), "the original is as it was"


def test_the_own_image_is_used_where_it_is_there() -> None:
    digest = WEB.digest or ""
    assert of(WEB).images == (("registry.fly.io/shop:v7", digest),)
    other = replace(WEB, id="d8912340000002", digest="sha256:" + "b" * 64)
    unknown = replace(WEB, id="d8912340000003", digest=None)
    body = of(WEB, other, unknown).as_body({digest: "mine"}, "instead")
    assert [one["config"]["image"] for one in body["machines"]] == ["mine", "instead", "instead"]


@pytest.mark.parametrize(
    ("state", "asleep"),
    [
        ("started", False),
        ("starting", False),
        ("replacing", False),
        ("failed", False),
        ("suspended", False),
        ("suspending", False),
        ("stopped", True),
        ("stopping", True),
    ],
)
def test_what_sleeps_is_not_started_unless_it_is_to_be_suspended(state: str, asleep: bool) -> None:
    (machine,) = of(replace(WEB, state=state)).as_body({}, "x")["machines"]
    assert machine["asleep"] is asleep


def test_nor_is_a_standby_that_was_never_started() -> None:
    config = {**WEB.config, "standbys": ["d8912340000009"]}
    for one, asleep in ((replace(WEB, state="created"), False), (replace(WEB, state="created", config=config), True)):
        (machine,) = of(one).as_body({}, "x")["machines"]
        assert machine["asleep"] is asleep


def test_strangers_stay_behind() -> None:
    stranger = replace(WEB, id="d8912340000009", metadata={})
    console = replace(WEB, id="d8912340000008", group="fly_app_console")
    assert [one["id"] for one in of(WEB, stranger, console).as_body({}, "x")["machines"]] == [WEB.id]


def test_volumes_that_a_new_machine_could_get_come_along() -> None:
    volumes = (
        Volume("vol_1", "data", "fra", 3),
        Volume("vol_2", "data", "fra", 3, machine=WEB.id),
        Volume("vol_3", "data", "fra", 3, host_status="unreachable"),
    )
    body = copied(Fleet("shop", exists=True, machines=(WEB,), volumes=volumes), (), {}).as_body({}, "x")
    assert body["volumes"] == [{"name": "data", "region": "fra", "size_gb": 3}]


def test_secrets_are_placeholders_unless_given_and_never_shown() -> None:
    copy = of(WEB, secrets=("DATABASE_URL", "TOKEN"), given={"TOKEN": "planted-secret", "MORE": "planted-secret"})
    assert copy.as_body({}, "x")["secrets"] == {
        "DATABASE_URL": PLACEHOLDER,
        "TOKEN": "planted-secret",
        "MORE": "planted-secret",
    }
    assert copy.given == {"TOKEN", "MORE"}
    assert "planted-secret" not in repr(copy)


def test_a_placeholder_can_be_the_content_of_a_file() -> None:
    assert base64.b64decode(PLACEHOLDER, validate=True)
    assert json.dumps(PLACEHOLDER)


def test_a_marked_dockerfile_differs_in_every_stage_and_nowhere_else() -> None:
    text = 'FROM python:3.12 AS build\nRUN echo \\\n  FROM here\nFROM scratch\nCMD ["x"]\n'
    assert marked_dockerfile(text, "before") == (
        "FROM python:3.12 AS build\nRUN echo \\\n  FROM here\nENV FLYO_SAME_CODE=before\n"
        'FROM scratch\nCMD ["x"]\nENV FLYO_SAME_CODE=before\n'
    )


def test_what_stands_in_a_document_of_a_dockerfile_is_left_alone() -> None:
    text = "FROM postgres\nRUN <<-'SQL' psql\nSELECT 1\nFROM people\nSQL\nFROM scratch\n"
    assert marked_dockerfile(text, "x") == (
        "FROM postgres\nRUN <<-'SQL' psql\nSELECT 1\nFROM people\nSQL\nENV FLYO_SAME_CODE=x\n"
        "FROM scratch\nENV FLYO_SAME_CODE=x\n"
    )


def test_what_a_build_leaves_out_stays_left_out(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(b"# caf\xe9\nFROM scratch\n")
    (tmp_path / "Dockerfile.dockerignore").write_text("secret\n")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    marked = write_marked(tmp_path / "Dockerfile", scratch, "again")
    assert marked.read_bytes() == b"# caf\xe9\nFROM scratch\nENV FLYO_SAME_CODE=again\n"
    assert marked.with_name(marked.name + ".dockerignore").read_text() == "secret\n"
