"""Databases that are found in compose files and in code, and what is said of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.project.detect import detect_in
from flyctl_orchestrator.project.detect.database import COMPOSE, database_lines
from flyctl_orchestrator.project.detect.detected import Detected, Sources

COMPLETE = """\
services:
  web:
    build: .
    environment:
      DATABASE_URL: postgres://shop:hunter2@db/shop
      REDIS_URL: redis://cache:6379
      PORT: 8080
  db:
    image: postgres:16-alpine
    environment: [POSTGRES_PASSWORD=hunter2]
  cache:
    image: redis
"""


def found(**files: str) -> Detected:
    """What is found in files; "__" stands for a dot in a name."""
    texts = {name.replace("__", "."): text for name, text in files.items()}
    return detect_in(Sources(texts, frozenset(texts)))


def said(**files: str) -> tuple[str, ...]:
    return database_lines(found(**files))


def names(detected: Detected) -> list[str]:
    return [secret.name for secret in detected.secrets]


@pytest.mark.parametrize("name", COMPOSE)
def test_a_compose_file_names_databases_and_their_addresses(name: str) -> None:
    seen = detect_in(Sources({name: COMPLETE}, frozenset({name})))
    assert database_lines(seen) == (f"It uses Postgres (service db in {name}) and Redis (service cache in {name})",)
    assert names(seen) == ["DATABASE_URL", "REDIS_URL"]
    assert "hunter2" not in repr(seen)


def test_the_file_that_compose_prefers_counts() -> None:
    other = COMPLETE.replace("postgres:16-alpine", "mysql:8")
    assert said(compose__yaml=other, **{"docker-compose.yml": COMPLETE})[0].startswith("It uses MySQL (service db in")


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        ("postgres", "Postgres"),
        ("docker.io/library/postgres:16@sha256:abc", "Postgres"),
        ("registry.example.com:5000/bitnami/postgresql", "Postgres"),
        ("postgis/postgis:16-3.4", "Postgres"),
        ("pgvector/pgvector:pg17", "Postgres"),
        ("${DB_IMAGE:-postgres:15}", "Postgres"),
        ("postgres:${VERSION-16}", "Postgres"),
        ("mysql:8", "MySQL"),
        ("mariadb:11", "MariaDB"),
        ("valkey/valkey:8", "Valkey"),
        ("mongo", "MongoDB"),
    ],
)
def test_images_of_databases(image: str, kind: str) -> None:
    assert said(compose__yaml=f"services: {{db: {{image: '{image}'}}}}") == (
        f"It uses {kind} (service db in compose.yaml)",
    )


@pytest.mark.parametrize(
    "image", ["prometheuscommunity/postgres-exporter", "redis-commander", "nginx", "dpage/pgadmin4", "''", "null"]
)
def test_images_that_only_sound_like_one(image: str) -> None:
    assert said(compose__yaml=f"services: {{db: {{image: {image}}}}}") == ()


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("postgresql+psycopg://u:p@there/db", "It uses Postgres (DATABASE_URL of service web in compose.yaml)"),
        ("mysql2://there/db", "It uses MySQL (DATABASE_URL of service web in compose.yaml)"),
        ("mongodb+srv://there/db", "It uses MongoDB (DATABASE_URL of service web in compose.yaml)"),
        ("${DATABASE_URL:-postgres://there/db}", "It uses Postgres (DATABASE_URL of service web in compose.yaml)"),
        ("${DATABASE_URL}", "It asks for a database (DATABASE_URL of service web in compose.yaml)"),
        ("jdbc:postgresql://there", "It asks for a database (DATABASE_URL of service web in compose.yaml)"),
    ],
)
@pytest.mark.parametrize("as_list", [True, False])
def test_an_address_says_its_kind(address: str, line: str, as_list: bool) -> None:
    written = f'["DATABASE_URL={address}"]' if as_list else f'{{DATABASE_URL: "{address}"}}'
    seen = found(compose__yaml=f"services:\n  web:\n    build: .\n    environment: {written}\n")
    assert (database_lines(seen), names(seen)) == ((line,), ["DATABASE_URL"])


def test_a_sqlite_file_is_no_secret_and_wants_a_volume() -> None:
    seen = found(compose__yaml="services: {web: {environment: {DATABASE_URL: 'sqlite:///shop.db'}}}")
    (line,) = database_lines(seen)
    assert line.startswith("It uses SQLite (DATABASE_URL of service web in compose.yaml), a file that a machine loses")
    assert names(seen) == []


def test_code_and_samples_that_ask_for_an_address() -> None:
    assert said(app__py='import os\nurl = os.environ["DATABASE_URL"]\n') == (
        "It asks for a database (DATABASE_URL in app.py)",
    )
    assert said(server__js="const url = process.env.REDIS_URL;\n") == ("It uses Redis (REDIS_URL in server.js)",)
    assert said(**{".env.example": "DATABASE_URL=\n"}) == ("It asks for a database (DATABASE_URL in .env.example)",)
    # What the compose file knows is better than an address of an unknown kind.
    both = said(app__py='import os\nurl = os.environ["DATABASE_URL"]\n', compose__yaml=COMPLETE)
    assert both == ("It uses Postgres (service db in compose.yaml) and Redis (service cache in compose.yaml)",)


@pytest.mark.parametrize(
    ("manifest", "text", "line"),
    [
        ("requirements__txt", "flask\npsycopg[binary]>=3\n", "It uses Postgres (DATABASE_URL in app.py)"),
        ("requirements__txt", "psycopg2-binary\n", "It uses Postgres (DATABASE_URL in app.py)"),
        ("requirements__txt", "PyMySQL==1\n", "It uses MySQL (DATABASE_URL in app.py)"),
        ("package__json", '{"dependencies": {"pg": "^8"}}', "It uses Postgres (DATABASE_URL in app.py)"),
        ("go__mod", "require github.com/jackc/pgx/v5 v5.7.0\n", "It uses Postgres (DATABASE_URL in app.py)"),
        ("requirements__txt", "psycopg\nmysqlclient\n", "It asks for a database (DATABASE_URL in app.py)"),
        (
            "package__json",
            '{"dependencies": {"pg-promise-like": "1"}}',
            "It asks for a database (DATABASE_URL in app.py)",
        ),
    ],
)
def test_the_driver_says_what_an_address_is_of(manifest: str, text: str, line: str) -> None:
    assert said(app__py='import os\nurl = os.environ["DATABASE_URL"]\n', **{manifest: text}) == (line,)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("services: [", "line 1 is not valid YAML: "),
        ("a: b\n c: d\n", "line 2 is not valid YAML: mapping values are not allowed here)"),
        ("- a\n", "it is no mapping)"),
        ("services: 3\n", "services is no mapping)"),
        (
            "services: {web: {environment: !reset null}}\n",
            "line 1 is not valid YAML: could not determine a constructor",
        ),
        ("a: *b\n", "line 1 is not valid YAML: found undefined alias 'b')"),
    ],
)
def test_a_compose_file_that_is_not_understood_is_told_with_the_reason(text: str, reason: str) -> None:
    (line,) = said(compose__yaml=text)
    assert line.startswith(f"compose.yaml is not understood ({reason}"), line
    assert line.endswith("), so whether it names a database is not known")


def test_a_compose_file_that_is_too_large_to_read_is_told() -> None:
    seen = detect_in(Sources({}, frozenset({"compose.yml"})))
    assert database_lines(seen) == (
        "compose.yml is not understood (it is too large, or no text), so whether it names a database is not known",
    )


@pytest.mark.parametrize(
    ("service", "trouble"),
    [
        ("null", "service web is no mapping"),
        ("postgres", "service web is no mapping"),
        ("{image: 7}", "service web: image is no text"),
        ("{image: [postgres]}", "service web: image is no text"),
        ("{environment: DATABASE_URL=x}", "service web: environment is neither a mapping nor a list"),
        ("{environment: [{DATABASE_URL: x}]}", "service web: environment has entries that are no text"),
        (
            "{extends: {file: base.yml, service: web}}",
            "service web: it extends one of another file, which is not looked at",
        ),
    ],
)
def test_parts_of_a_compose_file_that_are_not_understood_are_told(service: str, trouble: str) -> None:
    lines = said(compose__yaml=f"services: {{web: {service}, db: {{image: 'mysql:8'}}}}")
    assert lines == (
        "It uses MySQL (service db in compose.yaml)",
        f"Part of compose.yaml is not understood ({trouble}), so it may name a database that is not known",
    )


def test_of_many_parts_that_are_not_understood_some_are_named() -> None:
    (line,) = said(compose__yaml="include: other.yml\nservices: {a: 1, b: 2, c: {image: 3}}")
    assert "(service a is no mapping; service b is no mapping; 2 more)" in line
    (line,) = said(compose__yaml="include: other.yml\n")
    assert "(it includes other files, which are not looked at)" in line


def test_names_of_services_are_written_out_where_they_are_no_plain_text() -> None:
    text = 'services: {"\\e[2J": {image: postgres}, "a\\u202eb": {environment: {REDIS_URL: ""}}, "\\e]0;": 1}'
    lines = said(compose__yaml=text)
    assert lines[0] == (
        "It uses Postgres (service '\\x1b[2J' in compose.yaml) and "
        "Redis (REDIS_URL of service 'a\\u202eb' in compose.yaml)"
    )
    assert "(service '\\x1b]0;' is no mapping)" in lines[1]


def test_secrets_of_a_service_that_is_built_here_are_asked_for() -> None:
    web = "{build: ., environment: [API_TOKEN, DB_PASSWORD=x, DEBUG=1]}"
    text = f"services: {{web: {web}, other: {{image: a, environment: [X_KEY]}}}}"
    assert names(found(compose__yaml=text)) == ["API_TOKEN", "DB_PASSWORD"]


@pytest.mark.parametrize("text", ["", "services:\n", "name: shop\n", "services: {}\n"])
def test_a_compose_file_without_services_says_nothing(text: str) -> None:
    assert said(compose__yaml=text) == ()


def test_a_file_that_would_be_endless_when_written_out_is_looked_at_as_it_is() -> None:
    lists = "".join(f"  - &l{n} [{', '.join(f'*l{n - 1}' for _ in range(9))}]\n" for n in range(1, 60))
    text = f"x:\n  - &l0 [a]\n{lists}services:\n  web:\n    environment: *l59\n  db: {{image: 'mysql:8'}}\n"
    assert said(compose__yaml=text)[0] == "It uses MySQL (service db in compose.yaml)"


@given(text=st.text() | st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists).map(repr))
def test_no_file_breaks_it(text: str) -> None:
    for line in said(compose__yaml=text):
        assert line.isprintable() and len(line) < 300
