"""Next.js apps: what is found out about them, and the Dockerfile that comes of it."""

from __future__ import annotations

import json

import pytest

from flyctl_orchestrator.project.detect import detect_in
from flyctl_orchestrator.project.detect.detected import Detected, Sources
from flyctl_orchestrator.project.detect.nextjs import CONFIGS
from flyctl_orchestrator.project.dockerfile import dockerfile

PLAIN = "node_modules/.bin/next start --hostname 0.0.0.0 --port $PORT"
SCRIPTS = {"dev": "next dev", "build": "next build", "start": "next start"}


def found(config: str = "", name: str = "next.config.js", scripts: object = None, **more: str) -> Detected:
    package = {"scripts": SCRIPTS if scripts is None else scripts, "dependencies": {"next": "15", "react": "19"}}
    texts = {"package.json": json.dumps(package), **({name: config} if config else {}), **more}
    return detect_in(Sources(texts, frozenset(texts)))


def written(guess: Detected) -> list[str]:
    assert guess.start is not None
    return dockerfile(guess, start=guess.start, port=8080).splitlines()


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize(
    "config",
    [
        "module.exports = {output: 'standalone'}",
        'const nextConfig: NextConfig = {\n  output: "standalone",\n};\nexport default nextConfig;\n',
        "export default {'output': `standalone`} // output: 'export'",
    ],
)
def test_standalone_is_seen_in_every_config(name: str, config: str) -> None:
    guess = found(config, name)
    assert (guess.label, guess.kind, guess.start, guess.notes) == (
        "a Next.js app", "next-standalone", "node server.js", ()
    )  # fmt: skip


@pytest.mark.parametrize(
    "config",
    [
        "",
        "module.exports = {}",
        "// output: 'standalone'\nmodule.exports = {}",
        "/* output: 'standalone' */",
        "output: x",
    ],
)
def test_everything_else_is_plain(config: str) -> None:
    guess = found(config)
    assert (guess.kind, guess.start) == ("next", PLAIN)


@pytest.mark.parametrize("script", ["next start", "next start -p 3000", "npx next start --port=3000 -H localhost"])
def test_a_start_script_that_only_starts_next_is_started_without_npm(script: str) -> None:
    assert found(scripts={**SCRIPTS, "start": script}).start == PLAIN


def test_a_server_of_ones_own_stays() -> None:
    assert found(scripts={**SCRIPTS, "start": "node server.js"}).start == "node server.js"
    standalone = found("module.exports = {output: 'standalone'}", scripts={**SCRIPTS, "start": "node serve.mjs"})
    assert (standalone.kind, standalone.start) == ("next", "node serve.mjs")
    assert found(scripts={**SCRIPTS, "start": "next start && echo over"}).start == "npm start"


def test_without_scripts_it_is_built_and_started_all_the_same() -> None:
    guess = found(scripts={})
    assert (guess.start, guess.notes, guess.install) == (PLAIN, (), ("npm install", "npx next build"))


def test_files_alone_need_another_server() -> None:
    guess = found("module.exports = {output: 'export'}")
    assert guess.start is None and "output: 'export'" in guess.notes[0]


def test_the_packages_that_only_a_build_needs_are_there_for_it() -> None:
    texts = {"package-lock.json": "{}"}
    assert found(**texts).install == ("npm ci", "npm run build")
    assert found(scripts={}, **texts).install == ("npm ci", "npx next build")


def test_the_dockerfile_of_a_standalone_app() -> None:
    lines = written(found("module.exports = {output: 'standalone'}", **{"package-lock.json": "{}"}))
    assert lines[1:] == [
        "FROM node:22-slim AS build",
        "WORKDIR /app",
        "COPY package*.json yarn.lock* pnpm-lock.yaml* ./",
        "RUN npm ci",
        "COPY . .",
        "RUN npm run build",
        "RUN mkdir -p public",
        "",
        "FROM node:22-slim",
        "WORKDIR /app",
        "ENV NODE_ENV=production",
        "COPY --from=build --chown=node:node /app/.next/standalone ./",
        "COPY --from=build --chown=node:node /app/.next/static ./.next/static",
        "COPY --from=build --chown=node:node /app/public ./public",
        "ENV HOSTNAME=0.0.0.0",
        "USER node",
        "ENV PORT=8080",
        "EXPOSE 8080",
        'CMD ["node", "server.js"]',
    ]


def test_the_dockerfile_of_a_plain_app() -> None:
    lines = written(found())
    assert "RUN npm run build" in lines
    assert "COPY --from=build --chown=node:node /app /app" in lines
    assert lines[-1] == f'CMD ["sh", "-c", "exec {PLAIN}"]'
