"""`POST /_local/builds` over HTTP: what it answers, and what a machine makes of the image."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientPayloadError

from flyctl_orchestrator.local.images.images import ImageStore, Stored
from tests.functional.local.builds_bench import Bench, bench, lines, run_machine, write_files

_APP = {
    "Dockerfile": "FROM alpine\nWORKDIR /srv\nENV GREETING=hello\nCOPY app/ ./\nUSER nobody\nEXPOSE 8080\n"
    'CMD ["./run.sh", "/srv/data.txt"]\n',
    "app/run.sh": '#!/bin/sh\necho "$GREETING $(cat "$1") from $PWD"\n',
    "app/data.txt": "data",
    "notes.md": "",
}


def _app(root: Path) -> Path:
    write_files(root, _APP)
    (root / "app/run.sh").chmod(0o755)
    return root


def test_an_image_is_built_and_a_machine_runs_from_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with bench(tmp_path / "store", os.environ) as server:
            events = await server.build(_app(tmp_path / "context"))
            built = events[-1]
            image = server.store.resolve("registry.fly.io/shop:v1")
            assert built == {
                "event": "built",
                "image": "registry.fly.io/shop:v1",
                "digest": image.digest,
                "size_bytes": len(_APP["app/run.sh"]) + len(_APP["app/data.txt"]),
                "cached": False,
                "notices": ["USER nobody is ignored: processes run as you"],
            }
            assert (image.workdir, image.exposed_port) == ("/srv", 8080)
            machine = tmp_path / "machine"
            assert run_machine(image, machine) == f"hello data from {machine}/srv\n"

    asyncio.run(scenario())


def test_building_again_says_that_nothing_was_done(tmp_path: Path) -> None:
    context = _app(tmp_path / "context")

    async def scenario() -> None:
        async with bench(tmp_path / "store", os.environ) as server:
            first = (await server.build(context))[-1]
            again = (await server.build(context, label="v2"))[-1]
            assert (again["cached"], again["digest"]) == (True, first["digest"])
        async with bench(tmp_path / "store", os.environ) as restarted:
            assert (await restarted.build(context))[-1]["cached"] is True
            (context / "app/data.txt").write_text("other")
            changed = (await restarted.build(context))[-1]
            assert changed["cached"] is False
            assert changed["digest"] != first["digest"]
            assert restarted.store.resolve(f"shop@{first['digest']}").digest == first["digest"]

    asyncio.run(scenario())


def test_another_dockerfile_and_another_stage(tmp_path: Path) -> None:
    context = write_files(
        tmp_path / "context",
        {
            "deploy/Other": 'FROM a AS web\nCMD ["web"]\nFROM a AS worker\nCOPY . /w\nCMD ["worker"]\n',
            "deploy/Other.dockerignore": "*\n!kept",
            "kept": "",
            "left": "",
        },
    )

    async def scenario() -> None:
        async with bench(tmp_path / "store", os.environ) as server:
            await server.build(context, dockerfile="deploy/Other", label="worker")
            await server.build(context, dockerfile="deploy/Other", label="web", target="web")
            worker, web = (server.store.resolve(f"shop:{label}") for label in ("worker", "web"))
            assert (worker.cmd, web.cmd) == (("worker",), ("web",))
            assert [path.name for path in (worker.root / "w").iterdir()] == ["kept"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"app": ""}, "`app` is missing"),
        ({"app": "../x"}, "`../x` is not an app's name"),
        ({"label": "a b"}, "`a b` is not an image label"),
        ({"label": 3}, "`label` is missing"),
        ({"context": "relative"}, "the build context relative is not a directory"),
        ({"context": "/no/such/directory"}, "the build context /no/such/directory is not a directory"),
        ({"dockerfile": "Nothing"}, "there is no {context}/Nothing"),
        ({"inputs": "a"}, "`inputs` is not a list of paths"),
        ({"build": ["a"]}, "`build` is missing, or not text"),
    ],
)
def test_a_request_that_is_not_valid_is_refused_before_anything_happens(
    tmp_path: Path, change: dict[str, Any], error: str
) -> None:
    context = _app(tmp_path / "context")

    async def scenario() -> None:
        async with bench(tmp_path / "store", os.environ) as server:
            answer = await server.ask({"app": "shop", "label": "v1", "context": str(context), **change})
            body = await answer.json()
            assert answer.status == 400
            assert body["error"].startswith(error.replace("{context}", str(context)))
            assert set(body) == {"error", "hint"}
            assert (await server.session.post(server.url, data=b"{")).status == 400
            assert (await server.ask([])).status == 400

    asyncio.run(scenario())


async def _failed(server: Bench, context: Path, store: Path) -> dict[str, Any]:
    event = (await server.build(context))[-1]
    assert event["event"] == "failed"
    assert set(event) == {"event", "code", "error", "hint"}
    assert list((store / "images").iterdir()) == []
    return event


def test_what_is_wrong_with_the_files_is_said_with_code_place_and_advice(tmp_path: Path) -> None:
    context = _app(tmp_path / "context")

    async def scenario() -> None:
        async with bench(tmp_path / "store", os.environ) as server:
            write_files(context, {"Dockerfile": "FROM a\nCOPY missing /x\n"})
            event = await _failed(server, context, tmp_path / "store")
            assert (event["code"], event["error"]) == (
                "build.dockerfile",
                "Dockerfile:2: COPY missing: there is no such file in the build context",
            )
            write_files(context, {"Dockerfile": "FROM a\nCOPY . .\n"})
            (context / "escape").symlink_to("/etc/hostname")
            event = await _failed(server, context, tmp_path / "store")
            assert event["code"] == "build.context"
            assert "escape is a symbolic link that leaves" in event["error"]
            (context / ".dockerignore").write_text("[")
            event = await _failed(server, context, tmp_path / "store")
            assert event["code"] == "build.dockerignore"

    asyncio.run(scenario())


def test_what_a_build_without_docker_cannot_do_is_said(tmp_path: Path) -> None:
    context = write_files(
        tmp_path / "context",
        {
            "Dockerfile": "FROM golang AS build\nRUN go build -o /server\nFROM scratch\nRUN a\n"
            'COPY --from=build /server /server\nHEALTHCHECK CMD x\nENTRYPOINT ["/server"]\n',
            "main.go": "",
        },
    )

    async def scenario() -> None:
        async with bench(tmp_path / "store", os.environ) as server:
            notices = (await server.build(context))[-1]["notices"]
            beginnings = [
                "HEALTHCHECK is ignored",
                "2 RUN instructions are not executed",
                "what may belong into `build` under [local]: `go build -o /server` (line 2); `a` (line 4)",
                "COPY --from=build /server cannot be had",
                "`/server` is neither in the image nor on this computer",
            ]
            assert len(notices) == len(beginnings)
            for notice, beginning in zip(notices, beginnings, strict=True):
                assert notice.startswith(beginning)
            stopped = (await server.build(context, starts_image_command=True))[-1]
            assert (stopped["event"], stopped["code"]) == ("failed", "build.command")
            assert "machines would not start" in stopped["error"]
            assert "`go build -o /server` (line 2)" in stopped["hint"]

    asyncio.run(scenario())


def test_what_the_build_command_makes_is_where_copy_from_wants_it(tmp_path: Path) -> None:
    context = write_files(
        tmp_path / "context",
        {
            "Dockerfile": "FROM golang AS build\nRUN go build -o /server\nFROM node\nWORKDIR /app\nCOPY web ./web\n"
            'COPY --from=build /server /usr/local/bin/server\nCMD ["server"]\n',
            "web/index.js": "",
        },
    )
    make = (
        "printf '#!/bin/sh\\ncat web/dist/out web/index.js\\n' > server; chmod +x server;"
        " mkdir web/dist; echo made > web/dist/out"
    )

    async def scenario() -> None:
        async with bench(tmp_path / "store", os.environ) as server:
            events = await server.build(context, build=make, inputs=["web"])
            assert [n.split()[0] for n in events[-1]["notices"]] == ["1"]  # only the RUN
            assert f"$ {make}" in lines(events)
            image = server.store.resolve("shop:v1")
            assert run_machine(image, tmp_path / "m") == "made\n"

    asyncio.run(scenario())


def test_names_that_are_not_utf8_do_no_harm(tmp_path: Path) -> None:
    context = write_files(tmp_path / "context", {"Dockerfile": "FROM a\nCOPY . .\n"})
    bad = write_files(tmp_path / "bad", {"Dockerfile": "FROM a\nCOPY . .\n"})
    name = os.fsdecode(b"caf\xe9")
    try:
        (context / name).write_text("x")
    except OSError:
        pytest.skip("this file system only takes names in UTF-8")
    (bad / name).symlink_to("/nowhere")

    async def scenario() -> None:
        async with bench(tmp_path / "store", os.environ) as server:
            assert (await server.build(context))[-1]["event"] == "built"
            assert (server.store.resolve("shop:v1").root / name).read_text() == "x"
            assert "caf? is a symbolic link" in (await server.build(bad))[-1]["error"]

    asyncio.run(scenario())


def test_a_store_inside_the_context_is_no_part_of_the_image(tmp_path: Path) -> None:
    context = write_files(tmp_path / "context", {"Dockerfile": "FROM a\nCOPY . .\n"})

    async def scenario() -> None:
        async with bench(context / "state", os.environ) as server:
            first = (await server.build(context))[-1]
            assert first["size_bytes"] == len("FROM a\nCOPY . .\n")
            assert (await server.build(context))[-1]["cached"] is True

    asyncio.run(scenario())


class _Defective(ImageStore):
    """A store with a defect that nobody thought of."""

    def put(self, *args: object, **more: object) -> Stored:
        raise RuntimeError("a defect")


def test_a_defect_breaks_the_answer_off_instead_of_ending_it_well(tmp_path: Path) -> None:
    context = _app(tmp_path / "context")

    async def scenario() -> None:
        async with bench(tmp_path / "store", os.environ, make=_Defective) as server:
            with pytest.raises(ClientPayloadError):
                await server.build(context)

    asyncio.run(scenario())
