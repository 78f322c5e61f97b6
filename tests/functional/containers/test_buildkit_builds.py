"""What only BuildKit builds: caches and secrets that are mounted, and stages for the builder's own processor."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from tests import planted
from tests.engine_bases import SMALL
from tests.functional.containers.builders import WITH_BUILDKIT, Builder

# See test_container_builds.py.
pytestmark = [
    pytest.mark.containers,
    pytest.mark.xdist_group("container-builds"),
    pytest.mark.parametrize("building_daemon", WITH_BUILDKIT, indirect=True),
]


def test_a_cache_is_kept_from_one_build_to_the_next_and_out_of_the_image(builder: Builder) -> None:
    mine = uuid4()
    mount = f"RUN --mount=type=cache,id={mine},target=/kept"
    builder.write(
        f"FROM {SMALL}\nARG TURN\n{mount} echo turn $TURN >> /kept/turns && echo all: $(cat /kept/turns)\n"
        "RUN echo left: $(ls /kept)\nCMD env\n"
    )
    assert f"all: turn {mine}-one\n" in builder.build(args={"TURN": f"{mine}-one"}).log
    second = builder.build(args={"TURN": f"{mine}-two"}, label="two")
    assert f"all: turn {mine}-one turn {mine}-two" in second.log
    assert "turns" not in second.log.partition("left:")[2].partition("\n")[0]


def test_a_secret_is_mounted_and_nowhere_shown(builder: Builder) -> None:
    planted.watch(builder.docker)
    mount = "RUN --mount=type=secret,id=TOKEN "
    builder.write(f"FROM {SMALL}\n{mount}cat /run/secrets/TOKEN; test -s /run/secrets/TOKEN\nCMD env\n")
    said = builder.build(secrets={"TOKEN": planted.SECRET}, no_cache=True)
    image = said.built["image"]
    assert "--secret id=TOKEN,env=" in builder.arguments
    (name,) = builder.engine.images_of(builder.names.prefix)
    kept = [builder.engine.call("GET", f"/images/{name}/{what}") for what in ("json", "history")]
    everything = json.dumps([said.events, kept, builder.api.logs("small"), image])
    assert planted.SECRET not in everything and "/run/secrets/TOKEN" in everything


def test_a_secret_that_is_missing_fails_the_step_that_wants_it(builder: Builder) -> None:
    mount = "RUN --mount=type=secret,id=TOKEN,required=true"
    builder.write(f"FROM {SMALL}\n{mount} echo never\nCMD env\n")
    said = builder.build(secrets={"OTHER": planted.SECRET})
    assert "TOKEN" in said.failed["error"] and planted.SECRET not in json.dumps(said.events)


def test_a_stage_for_the_builders_own_processor(builder: Builder) -> None:
    builder.write(
        f"FROM --platform=$BUILDPLATFORM {SMALL} AS made\nARG TARGETARCH\nRUN echo for $TARGETARCH > /made\n"
        f"FROM {SMALL}\nCOPY --from=made /made /made\nRUN cat /made\nCMD env\n"
    )
    assert f"for {builder.engine.call('GET', '/version')['Arch']}" in builder.build(no_cache=True).log
