"""Which numbers of a command are the port it listens on, and which are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.local.images.literal_ports import in_command, in_environment, in_gunicorn_config, named_in

PORTS = {8080: 20_001, 9000: 20_002, 8000: 20_003}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("gunicorn -b 0.0.0.0:8080 app:app", "gunicorn -b 0.0.0.0:20001 app:app"),
        ("gunicorn -b0.0.0.0:8080 app:app", "gunicorn -b0.0.0.0:20001 app:app"),
        ("gunicorn --bind=:8080 app:app", "gunicorn --bind=:20001 app:app"),
        ("gunicorn --bind '0.0.0.0:8080' app", "gunicorn --bind '0.0.0.0:20001' app"),
        ("uvicorn app:app --host 0.0.0.0 --port 8080", "uvicorn app:app --host 0.0.0.0 --port 20001"),
        ("uvicorn app:app --port=8080", "uvicorn app:app --port=20001"),
        ("python manage.py runserver 0.0.0.0:8000", "python manage.py runserver 0.0.0.0:20003"),
        ("python -m http.server 8080", "python -m http.server 20001"),
        ("php -S [::]:8080 -t public", "php -S [::]:20001 -t public"),
        ("puma -b tcp://0.0.0.0:8080", "puma -b tcp://0.0.0.0:20001"),
        ("serve -s build -l 8080", "serve -s build -l 20001"),
        ("streamlit run app.py --server.port=8080", "streamlit run app.py --server.port=20001"),
        ("rails server -p 8080 & worker -p 9000;", "rails server -p 20001 & worker -p 20002;"),
        ("next start -p8080", "next start -p20001"),
        ("PORT=8080 node server.js", "PORT=20001 node server.js"),
        ("waitress-serve --listen=*:8080 app:app", "waitress-serve --listen=*:20001 app:app"),
        # What is no port to listen on, or none of the app's.
        ("gunicorn -b 0.0.0.0:5000 app:app", "gunicorn -b 0.0.0.0:5000 app:app"),
        ("gunicorn -w 8080 app:app", "gunicorn -w 8080 app:app"),
        ("node server.js 8080", "node server.js 8080"),
        ("wait-for db.example:8080", "wait-for db.example:8080"),
        ("gunicorn -b 0.0.0.0:${PORT:-8080} app", "gunicorn -b 0.0.0.0:${PORT:-8080} app"),
        ("echo 8080:8080", "echo 8080:8080"),
        ("curl http://api.example:8080/x", "curl http://api.example:8080/x"),
    ],
)
def test_exec_and_shell_form(before: str, after: str) -> None:
    assert " ".join(in_command(before.split(" "), PORTS)) == after
    assert in_command(["/bin/sh", "-c", before], PORTS) == ("/bin/sh", "-c", after)


@given(st.lists(st.text(st.characters(blacklist_categories=["Cs"]), max_size=12), max_size=6))
def test_without_a_port_of_the_app_nothing_changes(argv: list[str]) -> None:
    assert in_command(argv, {}) == tuple(argv)
    assert all(0 < port < 65_536 for port in named_in(argv))


def test_ports_that_a_command_names() -> None:
    assert named_in(["gunicorn", "-b", "0.0.0.0:8080", "--port", "5000", "--timeout", "30"]) == [8080, 5000]
    assert named_in(["/bin/sh", "-c", "serve -l 3000"]) == [3000]
    assert named_in(["npm", "start"]) == []


def test_variables() -> None:
    env = {"PORT": "8080", "HTTP_PORT": "8080", "ADDR": ":9000", "DATABASE_PORT": "5432", "LIMIT": "8080"}
    env |= {"ASPNETCORE_URLS": "http://+:8080", "UPSTREAM_ADDR": "api.example:8080", "UVICORN_PORT": "1"}
    changed = {"HTTP_PORT": "20001", "ADDR": ":20002", "ASPNETCORE_URLS": "http://+:20001"}
    assert in_environment(env, PORTS) == changed
    arguments = {"GUNICORN_CMD_ARGS": "--bind=[::]:8080 --workers=4", "JAVA_OPTS": "-Dserver.port=9000 -Xmx8000m"}
    assert in_environment({**arguments, "ARGS_FILE": "8080"}, {8080: 20_001, 9000: 20_002}) == {
        "GUNICORN_CMD_ARGS": "--bind=[::]:20001 --workers=4",
        "JAVA_OPTS": "-Dserver.port=20002 -Xmx8000m",
    }
    assert in_environment({}, {8000: 20_003}) == {"UVICORN_PORT": "20003"}, "uvicorn's own port, if fly.toml says so"


@pytest.mark.parametrize("named", ["", "-c conf/web.py", "--config=conf/web.py"])
def test_a_literal_bind_in_gunicorns_configuration(tmp_path: Path, named: str) -> None:
    path = tmp_path / ("conf/web.py" if named else "gunicorn.conf.py")
    path.parent.mkdir(exist_ok=True)
    path.write_text("import os\nworkers = 2\nbind = '0.0.0.0:8080'\n")
    argv = ["gunicorn", *named.split(), "app:app"]
    assert in_gunicorn_config(argv, tmp_path, PORTS) == {"GUNICORN_CMD_ARGS": "--bind 0.0.0.0:20001"}
    assert in_gunicorn_config([*argv, "--bind", ":1"], tmp_path, PORTS) == {}
    assert in_gunicorn_config(argv, tmp_path, PORTS, "--bind=:1") == {}
    both = {"GUNICORN_CMD_ARGS": "--workers 4 --bind 0.0.0.0:20001"}
    assert in_gunicorn_config(argv, tmp_path, PORTS, "--workers 4") == both
    assert in_gunicorn_config(argv, tmp_path, {9000: 1}) == {}
    path.write_text("bind = f\"0.0.0.0:{os.environ['PORT']}\"\n")
    assert in_gunicorn_config(argv, tmp_path, PORTS) == {}
    assert in_gunicorn_config(["gunicorn", "-c", "none.py"], tmp_path, PORTS) == {}
