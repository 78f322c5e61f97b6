"""Whatever the answers, the files that come out can be read back and say what was answered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyctl_orchestrator.catalog.regions import load_regions
from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project import flyotoml, flytoml
from flyctl_orchestrator.project.detect.detected import Detected
from flyctl_orchestrator.project.dockerfile import command, dockerfile
from flyctl_orchestrator.project.existing import existing_of_files, read_existing
from flyctl_orchestrator.project.model import Flyo, FlyToml
from flyctl_orchestrator.project.scaffold import Answers, Existing, build_files, health_path
from flyctl_orchestrator.project.tomlfile import Document, parse_toml

BOOK = load_regions()
CODES = [region.code for region in BOOK]


def read(files: dict[str, bytes]) -> tuple[FlyToml, Flyo]:
    documents = [
        Document(Path(name), name, files[name].decode(), parse_toml(files[name].decode(), name))
        for name in ("fly.toml", "flyo.toml")
    ]
    return flytoml.parse(documents[0]), flyotoml.parse(documents[1], regions=BOOK)


ANSWERS = st.builds(
    lambda app, counts, port, health, auto_stop, memory, size: Answers(
        app, next(iter(counts)), counts, port, health, auto_stop, size, memory
    ),
    st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True),
    st.dictionaries(st.sampled_from(CODES), st.integers(1, 1000), min_size=1),
    st.one_of(st.none(), st.integers(1, 65535)),
    st.one_of(st.none(), st.from_regex(r"/([!-.0-~][!-~]{0,19})?", fullmatch=True)),
    st.sampled_from([None, "off", "stop", "suspend"]),
    st.sampled_from([None, "256mb", "1gb"]),
    st.sampled_from([None, "shared-cpu-4x"]),
)
TEXTS = st.sampled_from(
    [
        "",
        'app = "old"\n',
        'app = "old" # mine\nprimary_region = "fra"\n[env]\nPORT = "80"\n[http_service]\n  internal_port = 80\n[[vm]]\n'
        '  memory = "2gb"\n',
        '[[services]]\ninternal_port = 80\n[[services.ports]]\nport = 80\n[[services.http_checks]]\npath = "/a"\n',
        'vm = { size = "shared-cpu-2x" }\nhttp_service = { internal_port = 80, checks = [{ path = "/b" }] }\n',
        '[http_service]\n[checks.alive]\ntype = "http"\npath = "/c"\nport = 80\n[compute]\nmemory_mb = 256\n',
    ]
)
FLYO_TEXTS = st.sampled_from(
    [
        "",
        "[rollout]\nwidth = 2 # two\n",
        '[regions]\nsyd = 3 # far\niad = 1\n[rollout]\ncanary = "syd"\n',
        "regions = { fra = 2 }\n",
    ]
)


@given(ANSWERS, TEXTS, FLYO_TEXTS)
@settings(max_examples=400, deadline=None)
def test_the_files_say_what_was_answered(answers: Answers, fly_text: str, flyo_text: str) -> None:
    there = {"fly.toml": fly_text.encode(), "flyo.toml": flyo_text.encode()}
    existing = existing_of_files(there, BOOK)
    written = {**there, **build_files(answers, existing)}
    fly, flyo = read(written)
    assert (fly.app, fly.primary_region) == (answers.app, answers.primary)
    assert list(flyo.regions.items()) == list(answers.regions.items())
    assert flyo.rollout.canary in (None, *answers.regions)
    if answers.port:
        assert fly.services[0].internal_port == answers.port
        assert fly.env.get("PORT") in (None, str(answers.port))
    if answers.health:
        assert (health_path(fly), flyo.probe.path) == (answers.health, answers.health)
    if answers.auto_stop:
        assert fly.services[0].auto_stop == answers.auto_stop
    if answers.memory:
        assert fly.size_of("app").memory_mb == {"256mb": 256, "1gb": 1024}[answers.memory]
    if answers.size:
        assert fly.size_of("app").size == answers.size
    again = build_files(answers, existing_of_files(written, BOOK))
    assert again == {}


def test_an_empty_fly_toml_counts_as_none() -> None:
    answers = Answers("x", "iad", {"iad": 1})
    assert build_files(answers, existing_of_files({"fly.toml": b" \n"}, BOOK)) == build_files(answers, Existing())


@pytest.mark.parametrize(
    ("start", "array"),
    [
        ("node server.js", ["node", "server.js"]),
        ("./run.sh --port 80", ["./run.sh", "--port", "80"]),
        ("serve --port $PORT", ["sh", "-c", "exec serve --port $PORT"]),
        ("migrate && serve", ["sh", "-c", "migrate && serve"]),
        ("gunicorn 'shop:create_app()'", ["sh", "-c", "exec gunicorn 'shop:create_app()'"]),
        ("exec serve $PORT", ["sh", "-c", "exec serve $PORT"]),
        ('say "héllo"', ["sh", "-c", 'exec say "héllo"']),
    ],
)
def test_a_start_command_gets_the_stop_signal_itself(start: str, array: list[str]) -> None:
    assert json.loads(command(start)) == array


@pytest.mark.parametrize("kind", ["python", "node", "go", "static", ""])
def test_every_dockerfile_ends_as_an_ordinary_user_with_a_port_and_a_command(kind: str) -> None:
    text = dockerfile(Detected(kind, install=("install it",), runtime="1"), start="run", port=3000)
    last_stage = text[text.rindex("FROM ") :]
    assert "\nUSER " in last_stage
    assert last_stage.endswith('ENV PORT=3000\nEXPOSE 3000\nCMD ["run"]\n')


def test_a_fly_json_is_left_alone_and_gets_no_fly_toml_beside_it(tmp_path: Path) -> None:
    (tmp_path / "fly.json").write_text('{"app": "x", "primary_region": "iad"}')
    (tmp_path / "Dockerfile").write_text("FROM x")
    existing = read_existing(tmp_path, BOOK)
    assert list(build_files(Answers("x", "iad", {"iad": 1}), existing)) == ["flyo.toml"]
    with pytest.raises(UsageError) as caught:
        build_files(Answers("x", "fra", {"fra": 1}), existing)
    assert str(caught.value) == (
        "fly.json: is not edited by flyo init, which changes fly.toml only. Set this by hand and run it again: "
        "primary_region = 'fra'"
    )
