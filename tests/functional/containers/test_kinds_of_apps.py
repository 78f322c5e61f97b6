"""Apps as other people write them, built and run unedited: the Dockerfiles of Ruby, Elixir, Deno and static sites.

Their languages are not installed for a test: a busybox stands in for each interpreter, in a Dockerfile of the same
shape, with what decides here: where the entrypoint comes from, which stage copies what, who runs it, and on which port.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.engine_bases import TestEngine, busybox_files
from tests.functional.local.machine_processes import SERVICE
from tests.platform_client import Api
from tests.waiting import eventually

# A base with all that a shell script wants.
SMALL = "flyo-test/whole-busybox:1"

# Reads its configuration and its port where `puma` and `rackup` do, and serves what the app has.
_RUBY = f"""ARG RUBY_VERSION=3.3
FROM {SMALL} AS base
WORKDIR /rack
ENV BUNDLE_PATH="/usr/local/bundle" RACK_ENV="production"
FROM base AS build
COPY Gemfile Gemfile.lock ./
RUN mkdir -p "$BUNDLE_PATH" && printf '#!/bin/sh\\nexec httpd -f -p "$4:$6" -h public\\n' >"$BUNDLE_PATH/rackup" \\
 && chmod 755 "$BUNDLE_PATH/rackup"
COPY . .
FROM base
COPY --from=build "/usr/local/bundle" "/usr/local/bundle"
COPY --from=build --chown=nobody:nogroup /rack /rack
ENV PATH="/usr/local/bundle:/bin"
USER nobody
EXPOSE 9292
CMD ["rackup", "--env", "production", "-o", "0.0.0.0", "-p", "9292"]
"""
_GEMS = {"Gemfile": "gem 'rackup'\n", "Gemfile.lock": "GEM\n", "config.ru": "run App\n"}

# A release is a directory that the build stage makes and the last one has alone, with a script of its own in it.
_ELIXIR = f"""ARG BUILDER_IMAGE="{SMALL}"
ARG RUNNER_IMAGE="{SMALL}"
FROM ${{BUILDER_IMAGE}} AS builder
WORKDIR /app
ENV MIX_ENV="prod"
COPY mix.exs mix.lock ./
RUN mkdir config
COPY public public
COPY rel rel
RUN mkdir -p _build/$MIX_ENV/rel/shop && cp -r public rel/overlays/bin _build/$MIX_ENV/rel/shop/
FROM ${{RUNNER_IMAGE}}
WORKDIR "/app"
RUN chown nobody /app
ENV MIX_ENV="prod"
COPY --from=builder --chown=nobody:root /app/_build/${{MIX_ENV}}/rel/shop ./
USER nobody
CMD ["/app/bin/server"]
"""
_RELEASE = {
    "mix.exs": "defmodule Shop.MixProject do\nend\n",
    "mix.lock": "%{}\n",
    "rel/overlays/bin/server": '#!/bin/sh\nset -eu\ncd "$(dirname "$0")"/..\nexec httpd -f -p "$PORT" -h public\n',
}

# The base's entrypoint is the interpreter, and CMD its arguments.
_DENO = f"""FROM {SMALL} AS deno
RUN printf '#!/bin/sh\\ntest "$1" = run && shift && exec sh "$@"\\n' >/bin/deno && chmod 755 /bin/deno
ENTRYPOINT ["/bin/deno"]
FROM deno
WORKDIR /app
USER nobody
COPY . .
CMD ["run", "./main.sh", "--allow-net"]
"""

# Everything that starts it is the base's: CMD, directory and port.
_SERVER = f"""FROM {SMALL} AS server
RUN mkdir -p /usr/share/html
EXPOSE 80
CMD ["httpd", "-f", "-h", "/usr/share/html"]
FROM server
COPY public /usr/share/html
"""

# One program in an image without a shell; CMD has nothing but its flags.
_SCRATCH = f"""FROM {SMALL} AS small
FROM scratch AS program
COPY --from=small /bin/busybox /bin/httpd
ENTRYPOINT ["/bin/httpd"]
FROM program
COPY public /srv/http
CMD ["-f", "-p", "8043", "-h", "/srv/http"]
"""

# A script of the base takes the command, as node's and postgres' do.
_SCRIPT = f"""FROM {SMALL} AS node
RUN printf '#!/bin/sh\\nset -e\\nexec "$@"\\n' >/bin/docker-entrypoint.sh && chmod 755 /bin/docker-entrypoint.sh
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["sh"]
FROM node
WORKDIR /app
COPY . .
CMD httpd -f -p ${{PORT:-3000}} -h public
"""

Kind = tuple[str, dict[str, str], int, dict[str, str]]
KINDS: dict[str, Kind] = {
    "ruby": (_RUBY, _GEMS, 9292, {}),
    "elixir": (_ELIXIR, _RELEASE, 8080, {"PORT": "8080", "PHX_HOST": "shop.fly.dev"}),
    "deno": (_DENO, {"main.sh": "exec httpd -f -p 8000 -h public\n"}, 8000, {}),
    "static": (_SERVER, {}, 80, {}),
    "scratch": (_SCRATCH, {}, 8043, {}),
    "script": (_SCRIPT, {}, 3000, {}),
}


@pytest.mark.containers
@pytest.mark.parametrize("kind", KINDS)
def test_a_public_app_runs_as_it_is(kind: str, box: Api, engine: TestEngine, tmp_path: Path) -> None:
    engine.ensure_made(SMALL, busybox_files, "ENV PATH=/bin")
    dockerfile, files, port, env = KINDS[kind]
    _write(tmp_path, {"Dockerfile": dockerfile, "public/index.html": f"hello from {kind}\n", **files})
    image = box.build(box.app(kind), tmp_path)
    config: dict[str, Any] = {"services": [{**SERVICE, "internal_port": port, "checks": []}], "env": env}
    box.started(kind, image, config)
    eventually(lambda: box.visit(kind).raw, lambda said: said == f"hello from {kind}\n".encode(), 20)


def _write(place: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if "/bin/" in name else 0o644)
