"""Which commands of a RUN are done on this computer, where, and what becomes of what they write."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from flyctl_orchestrator.local.images.context import scan
from flyctl_orchestrator.local.images.dockerfile import parse
from flyctl_orchestrator.local.images.ignore import Ignore
from flyctl_orchestrator.local.images.layout import lay_out
from flyctl_orchestrator.local.images.manifests import by_default
from flyctl_orchestrator.local.images.own_builds import OwnBuild
from flyctl_orchestrator.local.images.stages import read_stages
from tests.unit.local.images.conftest import Write

_NODE = json.dumps({"scripts": {"build": "x", "start": "y"}, "dependencies": {"x": "1"}})
_FILES = {"package.json": _NODE, "go.mod": "", "main.go": "", "Cargo.toml": "", "web/package.json": _NODE, "web/a": ""}


def _builds(context: Write, lines: str, files: Mapping[str, str] = _FILES) -> list[OwnBuild]:
    file = parse(f"FROM a\nWORKDIR /app\n{lines}")
    stages = read_stages(file)
    layout = lay_out(file, stages, stages[-1], scan(context(files), Ignore()))
    return [build for each in layout.builds.values() for build in each]


@pytest.mark.parametrize(
    ("run", "command"),
    [
        ("npm ci && npm run build", "npm run build"),
        ("npm run build -- --mode x", "npm run build -- --mode x"),
        ("yarn install --frozen-lockfile; yarn build --mode x", "npm run build -- --mode x"),
        ("pnpm run build", "npm run build"),
        ("npx vite build --base=/x/", "npx --no-install vite build --base=/x/"),
        ("go mod download && go build -v -o server .", "go build -v -o server ."),
        ("CGO_ENABLED=0 GOOS=linux go build ./cmd/x", "go build ./cmd/x"),
        ("--mount=type=cache,target=/c cargo build --release", "cargo build --release"),
        # The platform has its own way to install, and what is left may be anything.
        ("npm ci", None),
        ("yarn", None),
        ("npm run missing", None),
        ("npm run start", None),
        ("npm prune --omit=dev", None),
        ("pnpm --filter=x build", None),
        ("go vet ./...", None),
        ("cargo build --target x86_64-unknown-linux-musl", None),
        ("apt-get install -y npm", None),
        ("echo 'unfinished", None),
        ("cd elsewhere && npm run build", None),
    ],
)
def test_which_commands(context: Write, run: str, command: str | None) -> None:
    assert [build.command for build in _builds(context, f"COPY . .\nRUN {run}")] == ([command] if command else [])


@pytest.mark.parametrize(
    ("then", "at", "made"),
    [
        ("mv ./target/release/hello ./hello", "app/hello", "target/release/hello"),
        ("cp target/release/hello /usr/bin/", "usr/bin/hello", "target/release/hello"),
        ("cp target/release/hello .", "app/hello", "target/release/hello"),
        ("mv target/release/hello a && mv a /bin/b", "bin/b", "target/release/hello"),
        ("cp -r target/release /bin/out", "bin/out", None),
        ("cp $OUT /bin/out", "bin/out", None),
        ("cp /etc/hosts /bin/out", "bin/out", None),
    ],
)
def test_what_a_run_moves_after_it_was_built(context: Write, then: str, at: str, made: str | None) -> None:
    (build,) = _builds(context, f"COPY . .\nRUN cargo build --release && {then}")
    assert build.place_of(at) == made


def test_variables_but_not_those_of_the_image_s_platform(context: Write) -> None:
    lines = "ARG URL=u\nENV MODE=$URL PATH=/x:$PATH\nCOPY . .\nRUN GOOS=linux CGO_ENABLED=0 go build ."
    assert _builds(context, lines)[0].env == {"URL": "u", "MODE": "u", "CGO_ENABLED": "0"}


@pytest.mark.parametrize(
    ("lines", "directory"),
    [
        ("COPY web .\nRUN npm run build", "web"),
        ("COPY . .\nRUN cd web && npm run build", "web"),
        ("COPY . /src\nWORKDIR /src/web\nRUN npm run build", "web"),
        ("COPY package.json .\nRUN npm run build", ""),
        # Here its files are not where they are in the context, or are none of it.
        ("COPY package.json web/a .\nRUN npm run build", None),
        ("COPY package.json .\nCOPY web/a src/a\nRUN npm run build", None),
        ("RUN npm run build", None),
        ("COPY <<package.json .\n{}\npackage.json\nRUN npm run build", None),
    ],
)
def test_where_it_runs(context: Write, lines: str, directory: str | None) -> None:
    assert [build.directory for build in _builds(context, lines)] == ([] if directory is None else [directory])


@pytest.mark.parametrize(
    ("output", "written", "aside"),
    [
        ("/run-app", ".built/run-app", {"run-app": ".built/run-app"}),
        ("/app/bin/x", "bin/x", {}),
        ("bin/x", "bin/x", {}),
        ("../x", ".built/x", {"x": ".built/x"}),
    ],
)
def test_what_is_written_elsewhere_is_put_aside(
    context: Write, output: str, written: str, aside: Mapping[str, str]
) -> None:
    build = _builds(context, f"COPY . .\nRUN go build -o {output} .")[0]
    assert (build.command, build.aside) == (f"go build -o {written} .", aside)
    assert build.place_of(output.removeprefix("../").strip("/") if aside else "app/bin/x") == written


def test_a_command_of_another_stage_counts_when_the_last_one_copies_from_it(context: Write) -> None:
    dockerfile = (
        "FROM a AS web\nWORKDIR /w\nCOPY web .\nRUN npm run build\n"
        "FROM a AS unused\nWORKDIR /u\nCOPY . .\nRUN go build .\n"
        "FROM a\nCOPY --from=web /w/dist /srv\n"
    )
    file = parse(dockerfile)
    stages = read_stages(file)
    scanned = scan(context(_FILES), Ignore())
    layout = lay_out(file, stages, stages[-1], scanned)
    assert list(layout.builds) == [4]
    assert layout.builds[4][0].place_of(layout.unmet[0].source) == "web/dist"
    plan = by_default(scanned, layout.tree, stages[-1], layout.builds[4])
    assert [(step.command, step.directory) for step in plan.steps][-2:] == [
        ("npm install", "web"),
        ("npm run build", "web"),
    ]
    assert plan.keeps_everything and plan.inputs is None


@pytest.mark.parametrize(
    ("lines", "laid_out"),
    [
        (
            "COPY go.mod .\nCOPY web ./\nRUN go build .",
            {"go.mod": "go.mod", "a": "web/a", "package.json": "web/package.json"},
        ),
        ("COPY go.mod web/a ./\nRUN go build .", {"go.mod": "go.mod", "a": "web/a"}),
        (
            "COPY web ./\nCOPY Cargo.toml .\nRUN cargo build",
            {"Cargo.toml": "Cargo.toml", "a": "web/a", "package.json": "web/package.json"},
        ),
        # It is as in the context; no module is there; one of the files is of no context.
        ("COPY . .\nRUN go build .", {}),
        ("COPY web ./\nRUN go build .", None),
        ("COPY go.mod web/a ./\nCOPY <<more.go .\nx\nmore.go\nRUN go build .", None),
    ],
)
def test_where_copy_moves_the_files_of_go_and_rust_they_are_laid_out_as_it_says(
    context: Write, lines: str, laid_out: dict[str, str] | None
) -> None:
    builds = _builds(context, lines)
    assert [dict(build.laid_out) for build in builds] == ([] if laid_out is None else [laid_out])
    assert [build.directory for build in builds] == ([] if laid_out is None else [".built/app" if laid_out else ""])
    assert all(build.place_of("app/x") == (".built/app/x" if laid_out else "x") for build in builds)
