from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from flyctl_orchestrator.project.detect import detect
from flyctl_orchestrator.project.detect.detected import Detected

FLASK = "from flask import Flask\napp = Flask(__name__)\n"


def found(tmp_path: Path, files: dict[str, str]) -> Detected:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return detect(tmp_path)


@pytest.mark.parametrize(
    ("files", "label", "start"),
    [
        (
            {"requirements.txt": "Flask==3\ngunicorn\n", "app.py": FLASK},
            "a Flask app",
            "gunicorn --bind 0.0.0.0:$PORT --threads 8 app:app",
        ),
        (
            {"requirements.txt": "flask\n", "site/web.py": FLASK},
            "a Flask app",
            "python -m flask --app site.web:app run --host 0.0.0.0 --port $PORT",
        ),
        (
            {
                "pyproject.toml": '[project]\ndependencies = ["flask>=3", "gunicorn"]\n',
                "shop/__init__.py": "def create_app(config=None):\n    ...\n",
            },
            "a Flask app",
            "gunicorn --bind 0.0.0.0:$PORT --threads 8 'shop:create_app()'",
        ),
        (
            {"requirements.txt": "fastapi[standard]\n", "main.py": "from fastapi import FastAPI\napi = FastAPI()\n"},
            "a FastAPI app",
            "uvicorn --host 0.0.0.0 --port $PORT main:api",
        ),
        (
            {
                "requirements.txt": "Django>=5\ngunicorn\n",
                "manage.py": 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")',
            },
            "a Django app",
            "gunicorn --bind 0.0.0.0:$PORT shop.wsgi:application",
        ),
        ({"main.py": "print()"}, "a Python app", "python main.py"),
        ({"package.json": json.dumps({"scripts": {"start": "node server.js"}})}, "a Node app", "node server.js"),
        (
            {"package.json": json.dumps({"scripts": {"start": "next start"}, "dependencies": {"next": "15"}})},
            "a Next.js app",
            "node_modules/.bin/next start --hostname 0.0.0.0 --port $PORT",
        ),
        (
            {"package.json": json.dumps({"dependencies": {"express": "5"}}), "index.js": ""},
            "an Express app",
            "node index.js",
        ),
        ({"go.mod": "module x\n\ngo 1.23\n", "main.go": "package main\n"}, "a Go app", "/app/server"),
        ({"index.html": "<p>"}, "a static site", "python -m http.server $PORT"),
        ({"notes.txt": "x"}, "an app of unknown kind", None),
        ({}, "an app of unknown kind", None),
    ],
)
def test_recognizes(tmp_path: Path, files: dict[str, str], label: str, start: str | None) -> None:
    guess = found(tmp_path, files)
    assert (guess.label, guess.start) == (label, start)


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ('@app.get("/api/health")\n@app.get("/up")', "/api/health"),
        ("@app.route('/healthz/')", "/healthz"),
        ('mux.HandleFunc("GET /livez", f)', "/livez"),
        ('open("/home/health.txt")', "/"),
        ("", "/"),
    ],
)
def test_finds_the_health_path_in_the_code(tmp_path: Path, code: str, path: str) -> None:
    assert found(tmp_path, {"src/app.py": code}).health == path


def test_ports(tmp_path: Path) -> None:
    package = json.dumps({"main": "server.js"})
    assert found(tmp_path, {"package.json": package, "server.js": "app.listen(3000)"}).port == 3000
    assert found(tmp_path, {"server.js": "app.listen(process.env.PORT || 3000); x.listen(3000)"}).port == 8080
    assert found(tmp_path, {"Dockerfile": "FROM x\nexpose 5000/tcp 6000\n"}).port == 5000


@pytest.mark.parametrize(
    "files",
    [
        {"package.json": "{", "requirements.txt": "\0"},
        {"package.json": "[]"},
        {"package.json": json.dumps({"scripts": [], "dependencies": "x", "main": 3, "engines": {"node": 1}})},
        {"pyproject.toml": "= broken"},
        {"pyproject.toml": "[project]\ndependencies = 3"},
        {"go.mod": ""},
        {"Dockerfile": "EXPOSE 99999"},
    ],
)
def test_broken_files_break_nothing(tmp_path: Path, files: dict[str, str]) -> None:
    assert found(tmp_path, files).port == 8080


def test_strange_directories_break_nothing(tmp_path: Path) -> None:
    (tmp_path / "app.py").symlink_to("app.py")
    os.mkfifo(tmp_path / "main.py")
    (tmp_path / "server.py").mkdir()
    (tmp_path / "binary.js").write_bytes(bytes(range(256)))
    (tmp_path / "node_modules" / "x").mkdir(parents=True)
    (tmp_path / "node_modules" / "x" / "index.js").write_text('"/healthz"')
    assert detect(tmp_path).health == "/"
