"""Recognizes Flask, FastAPI, Django and plain Python apps, and how each is started."""

from __future__ import annotations

import re
import tomllib

from flyctl_orchestrator.project.detect.detected import Detected, Sources

RUNTIME = "3.13"

_REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)", re.MULTILINE)
_VERSION = re.compile(r"3\.(?:9|1\d)")
_INSTANCE = r"^(\w+)(?:\s*:\s*\w+)?\s*=\s*{cls}\("
_FACTORY = re.compile(r"^def (create_app|make_app)\(\s*\)|^def (create_app|make_app)\((?:[^)]*=[^)]*)\)", re.MULTILINE)


def detect_python(sources: Sources) -> Detected | None:
    """A guess, or None when this is no Python app."""
    install = _install(sources)
    code = {name: text for name, text in sources.texts.items() if name.endswith(".py")}
    if not install and not code:
        return None
    packages = _packages(sources)
    for recognize in (_django, _fastapi, _flask, _script):
        found = recognize(code, packages)
        if found:
            label, start, notes = found
            return Detected("python", label, start, notes=notes, install=install, runtime=_runtime(sources))
    note = "Nothing here says how it starts: give --start 'COMMAND'"
    return Detected("python", "a Python app", notes=(note,), install=install, runtime=_runtime(sources))


Found = tuple[str, str, tuple[str, ...]]


def _install(sources: Sources) -> tuple[str, ...]:
    if "requirements.txt" in sources.names:
        return ("pip install --no-cache-dir -r requirements.txt",)
    if "pyproject.toml" in sources.names:
        return ("pip install --no-cache-dir .",)
    return ()


def _packages(sources: Sources) -> set[str]:
    """Names of the packages it depends on, normalized."""
    names = _REQUIREMENT.findall(sources.texts.get("requirements.txt", ""))
    project = _pyproject(sources).get("project")
    if isinstance(project, dict) and isinstance(project.get("dependencies"), list):
        for each in project["dependencies"]:
            names += _REQUIREMENT.findall(str(each))[:1]
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}


def _pyproject(sources: Sources) -> dict[str, object]:
    try:
        return tomllib.loads(sources.texts.get("pyproject.toml", ""))
    except (ValueError, RecursionError):
        return {}


def _runtime(sources: Sources) -> str:
    found = _VERSION.search(sources.texts.get(".python-version", ""))
    return found[0] if found else RUNTIME


def _django(code: dict[str, str], packages: set[str]) -> Found | None:
    if "django" not in packages or "manage.py" not in code:
        return None
    settings = re.search(r"""DJANGO_SETTINGS_MODULE["']\s*,\s*["']([\w.]+)\.settings""", code["manage.py"])
    if "gunicorn" in packages and settings:
        return "a Django app", f"gunicorn --bind 0.0.0.0:$PORT {settings[1]}.wsgi:application", ()
    return "a Django app", "python manage.py runserver --noreload 0.0.0.0:$PORT", (_development("Django"),)


def _fastapi(code: dict[str, str], packages: set[str]) -> Found | None:
    place = _instance(code, "FastAPI") if "fastapi" in packages else None
    if not place:
        return None
    return "a FastAPI app", f"uvicorn --host 0.0.0.0 --port $PORT {place}", ()


def _flask(code: dict[str, str], packages: set[str]) -> Found | None:
    place = (_instance(code, "Flask") or _factory(code)) if "flask" in packages else None
    if not place:
        return None
    if "gunicorn" in packages:
        target = f"'{place}'" if "(" in place else place
        return "a Flask app", f"gunicorn --bind 0.0.0.0:$PORT --threads 8 {target}", ()
    return (
        "a Flask app",
        f"python -m flask --app {place.removesuffix('()')} run --host 0.0.0.0 --port $PORT",
        (_development("Flask"),),
    )


def _script(code: dict[str, str], packages: set[str]) -> Found | None:
    for name in ("main.py", "app.py", "server.py"):
        if name in code:
            return "a Python app", f"python {name}", ()
    return None


def _instance(code: dict[str, str], cls: str) -> str | None:
    """ "module:name" of the first module-level instance of `cls`."""
    pattern = re.compile(_INSTANCE.format(cls=cls), re.MULTILINE)
    for name, text in sorted(code.items(), key=lambda item: (item[0].count("/"), item[0])):
        if found := pattern.search(text):
            return f"{_module(name)}:{found[1]}"
    return None


def _factory(code: dict[str, str]) -> str | None:
    for name, text in sorted(code.items(), key=lambda item: (item[0].count("/"), item[0])):
        if found := _FACTORY.search(text):
            return f"{_module(name)}:{found[1] or found[2]}()"
    return None


def _module(name: str) -> str:
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _development(framework: str) -> str:
    return f"gunicorn is not among the requirements, so this is {framework}'s development server: add gunicorn"
