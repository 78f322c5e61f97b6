"""`.env` files that a build copies into the image, by .dockerignore and Dockerfile."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.local.images.failure import BuildFailed
from flyctl_orchestrator.local.images.ignore import Ignore
from flyctl_orchestrator.project import flytoml
from flyctl_orchestrator.project.build_context.env_files import EnvFiles, env_files_in_image
from flyctl_orchestrator.project.build_context.ignore import IgnoreRules
from flyctl_orchestrator.project.model import Flyo, Project
from flyctl_orchestrator.project.tomlfile import Document, parse_toml

ALL = "FROM scratch\nCOPY . .\n"


def in_image(root: Path, files: dict[str, str], toml: str = 'app = "shop"\n') -> list[str]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    fly = flytoml.parse(Document(root / "fly.toml", "fly.toml", toml, parse_toml(toml, "fly.toml")))
    found = env_files_in_image(Project(root, "shop", fly, Flyo(), root))
    assert found.complete
    return list(found.paths)


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"Dockerfile": ALL, ".env": "A=1"}, [".env"]),
        ({"Dockerfile": ALL, ".env": "A=1", ".dockerignore": ".env\n"}, []),
        ({"Dockerfile": ALL, ".env": "A=1", ".dockerignore": "*.pyc\n"}, [".env"]),
        ({"Dockerfile": ALL, ".env": "A=1", ".dockerignore": ".env*\n!.env\n"}, [".env"]),
        ({"Dockerfile": ALL, ".env": "", "Dockerfile.dockerignore": "", ".dockerignore": ".env"}, [".env"]),
        ({"Dockerfile": ALL, "web/.env.local": "", ".env.production": ""}, [".env.production", "web/.env.local"]),
        ({"Dockerfile": ALL, "web/.env": "", ".dockerignore": ".env"}, ["web/.env"]),
        ({"Dockerfile": ALL, "web/.env": "", ".dockerignore": "**/.env"}, []),
        ({"Dockerfile": ALL, "web/.env": "", ".dockerignore": "web"}, []),
        # Nobody reads secrets out of these, and one is no file of that kind.
        ({"Dockerfile": ALL, ".env.example": "", ".env.local.sample": "", "environment": "", ".envrc": ""}, []),
        ({"Dockerfile": "FROM scratch\nCOPY server.py ./\nCOPY --from=build /app .\n", ".env": ""}, []),
        ({"Dockerfile": "FROM scratch\nCOPY server.py \\\n  .env ./\n", ".env": ""}, [".env"]),
        ({"Dockerfile": 'FROM scratch\nadd --chown=1 ["./", "/app"]\n', ".env": ""}, [".env"]),
        ({"Dockerfile": "FROM scratch\nCOPY w* /app/\n", ".env": "", "web/.env": ""}, ["web/.env"]),
        ({"Dockerfile": "FROM scratch\nCOPY $WHAT /app/\n", ".env": ""}, [".env"]),
    ],
)
def test_what_gets_into_the_image(files: dict[str, str], found: list[str], tmp_path: Path) -> None:
    assert in_image(tmp_path, files) == found


def test_a_finished_image_takes_nothing_and_buildpacks_take_everything(tmp_path: Path) -> None:
    files = {".env": "A=1"}
    assert in_image(tmp_path, files, 'app = "shop"\n[build]\nimage = "nginx"\n') == []
    assert in_image(tmp_path, files, 'app = "shop"\n[build]\nbuilder = "paketo"\n') == [".env"]
    assert in_image(tmp_path, files) == []


_parts = st.text(st.sampled_from(list("ab.*?e[]!^-\\/ ")), max_size=7)
_lines = st.one_of(
    _parts, st.sampled_from([".env", "**/.env", "a/**", "!a/b", "/a", "*", "**", "a/*/b", "#a", "!.env"])
)
_paths = st.lists(st.sampled_from(["a", "b", ".env", "a.e"]), min_size=1, max_size=3).map("/".join)


@given(st.lists(_lines, max_size=4).map("\n".join), _paths)
def test_any_dockerignore_is_read_as_the_local_builder_reads_it(text: str, path: str) -> None:
    try:
        builder = Ignore(text)
    except BuildFailed:
        IgnoreRules.read(text)  # says nothing: the build does
        return
    assert IgnoreRules.read(text).keep_out(path) == builder.leaves_out(path), (text, path)


def test_what_was_not_searched_is_not_called_free_of_secrets(tmp_path: Path) -> None:
    for name in ("a.py", "b.py", "web/.env"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("A=1")
    (tmp_path / "Dockerfile").write_text(ALL)
    fly = flytoml.parse(Document(tmp_path / "fly.toml", "fly.toml", "", {"app": "shop"}))
    project = Project(tmp_path, "shop", fly, Flyo(), tmp_path)
    assert env_files_in_image(project, most=4) == EnvFiles(("web/.env",))
    assert env_files_in_image(project, most=3) == EnvFiles((), complete=False)
    # What the build does not get need not be searched either.
    (tmp_path / ".dockerignore").write_text("web\n")
    assert env_files_in_image(project, most=4) == EnvFiles(())
    (tmp_path / ".dockerignore").write_text("web\n!web/.env\n")
    assert env_files_in_image(project, most=5) == EnvFiles(("web/.env",))
    # A build that copies nothing out of the context has nothing to be searched.
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    assert env_files_in_image(project, most=3).complete
