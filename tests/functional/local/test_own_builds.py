"""Apps that a stage of their Dockerfile builds, run as processes: what it made is where the last stage expects it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.functional.local.builds_bench import bench, run_machine, write_files

_NODE = {
    "package.json": json.dumps({"scripts": {"build": "mkdir -p dist && node make.js $WHO"}}),
    "make.js": "require('fs').writeFileSync('dist/main.js', `console.log('made for ${process.argv[2]}')`)\n",
}
_GO = {"go.mod": "module small\n\ngo 1.18\n"}
_ECHO = 'package main\n\nimport "os"\n\nfunc main() { os.Stdout.WriteString("go in " + os.Getenv("WHERE") + "\\n") }\n'


async def _built(context: Path, store: Path, **more: Any) -> dict[str, Any]:
    async with bench(store, os.environ) as server:
        event: dict[str, Any] = (await server.build(context, **more))[-1]
        if event["event"] == "built":
            event["said"] = run_machine(server.store.resolve("shop:v1"), store.parent / "m", env={"WHERE": "iad"})
        return event


def _run(tmp_path: Path, dockerfile: str, files: dict[str, str], **more: Any) -> dict[str, Any]:
    context = write_files(tmp_path / "context", {"Dockerfile": dockerfile, **files})
    return asyncio.run(_built(context, tmp_path / "store", **more))


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")
def test_a_script_of_package_json(tmp_path: Path) -> None:
    dockerfile = (
        "FROM node:20 AS build\nARG WHO\nWORKDIR /src\nCOPY package.json .\nRUN npm ci\nCOPY . .\nRUN npm run build\n"
        'FROM node:20\nWORKDIR /app\nCOPY --from=build /src/dist ./public\nCMD ["node", "public/main.js"]\n'
    )
    event = _run(tmp_path, dockerfile, _NODE, args={"WHO": "fly"})
    assert event.get("said") == "made for fly\n", event
    assert event["notices"][0].startswith("done on this computer: `npm run build` (line 7)")
    assert not [notice for notice in event["notices"] if "cannot be had" in notice]


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")
def test_a_script_that_fails_ends_the_build(tmp_path: Path) -> None:
    files = {"package.json": json.dumps({"scripts": {"build": "echo the reason; exit 3"}})}
    event = _run(tmp_path, 'FROM node\nCOPY . .\nRUN npm run build\nCMD ["node", "x.js"]\n', files)
    assert (event["code"], "the reason" in event["error"]) == ("build.failed", True)
    assert "`build` under [local] in flyo.toml" in event["hint"]


GO_DOCKERFILES = [
    "FROM golang:1 AS b\nWORKDIR /src\nCOPY . .\nRUN go build -o /run-app .\n"
    'FROM debian\nCOPY --from=b /run-app /usr/local/bin/\nCMD ["run-app"]\n',
    'FROM golang:1\nWORKDIR /app\nCOPY . .\nRUN go mod download && go build -o bin/small .\nCMD ["./bin/small"]\n',
    'FROM golang:1\nWORKDIR /app\nCOPY . .\nRUN go build -o /small\nCMD ["/small"]\n',
]


@pytest.mark.skipif(shutil.which("go") is None, reason="needs go")
@pytest.mark.parametrize("dockerfile", GO_DOCKERFILES)
def test_a_go_program_whose_files_copy_moves(tmp_path: Path, dockerfile: str) -> None:
    files = {**_GO, "src/main.go": _ECHO, "src/other/kept.go": "package other\n"}
    event = _run(tmp_path, dockerfile.replace("COPY . .", "COPY go.mod ./\nCOPY src ./"), files)
    assert event.get("said") == "go in iad\n", event


@pytest.mark.skipif(shutil.which("go") is None, reason="needs go")
@pytest.mark.parametrize("dockerfile", GO_DOCKERFILES)
def test_a_go_program(tmp_path: Path, dockerfile: str) -> None:
    event = _run(tmp_path, dockerfile, {**_GO, "main.go": _ECHO})
    assert event.get("said") == "go in iad\n", event


def test_a_command_that_only_the_base_image_knows_is_refused_with_what_to_do(tmp_path: Path) -> None:
    for text, says in {
        "FROM nginx:1\nCOPY . /usr/share/nginx/html\n": "it has no CMD or ENTRYPOINT",
        'FROM x/server\nCOPY . /srv\nCMD ["-port", "8080"]\n': "what x/server has as ENTRYPOINT is not known here",
    }.items():
        event = _run(tmp_path, text, {}, starts_image_command=True)
        assert event["code"] == "build.command"
        assert says in event["error"]
        assert event["hint"].startswith("Write a command under [processes] in fly.toml or start a container engine")
