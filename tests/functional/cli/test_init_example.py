"""`flyo init --example habit` copies the bundled app, from a wheel as from an editable installation."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from flyctl_orchestrator.cli.main import run
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.project.example import EXAMPLES, example_files
from flyctl_orchestrator.project.project import load_project

REPOSITORY = Path(__file__).parents[3]


def flyo_init(directory: Path, *arguments: str) -> tuple[int, str]:
    err = io.StringIO()
    environment = Environment({}, directory, stdin=io.StringIO(), stdout=io.StringIO(), stderr=err)
    return run(["init", *arguments], environment), err.getvalue()


def test_copies_the_app_byte_for_byte(tmp_path: Path) -> None:
    status, said = flyo_init(tmp_path, "--example", "habit")
    assert status == 0
    assert said == (
        "created  habit_app/\ncreated  Dockerfile\ncreated  .dockerignore\ncreated  fly.toml\ncreated  flyo.toml\n"
        "next     flyo secrets generate SECRET_KEY --if-missing --local  a random value, here only\n"
        "         flyo deploy --local                                    rehearse it on this computer\n"
        "         flyo init --yes --create                               create the app on Fly.io\n"
        "         flyo secrets generate SECRET_KEY --if-missing          a random value that nobody sees\n"
        "         flyo deploy                                            take it to Fly.io\n"
    )
    copied = {
        path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()
    }
    assert copied == example_files("habit")
    assert copied == {name: (REPOSITORY / name).read_bytes() for name in copied}
    assert not [name for name in copied if "__pycache__" in name or name.endswith((".pyc", ".db"))]


def test_flags_change_the_copy_and_keep_its_comments(tmp_path: Path) -> None:
    flyo_init(tmp_path, "--example", "habit", "--name", "my-habits", "--regions", "fra,syd=2", "--primary", "fra")
    project = load_project(tmp_path)
    assert (project.app, project.regions()) == ("my-habits", {"fra": 1, "syd": 2})
    assert (project.flytoml.primary_region, project.flyo.rollout.canary) == ("fra", "fra")
    original = (REPOSITORY / "fly.toml").read_text()
    comments = [line for line in original.splitlines() if line.strip().startswith("#")]
    assert [line for line in project.flytoml.text.splitlines() if line.strip().startswith("#")] == comments


def test_a_directory_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "c.txt", "d.txt", "e.txt", ".git"):
        (tmp_path / name).write_text("mine")
    status, said = flyo_init(tmp_path, "--example", "habit")
    assert status == 2
    assert said == (
        f"flyo: {tmp_path}: this directory is not empty: it holds a.txt, b.txt, c.txt, d.txt and 1 more. "
        "Make a new one: mkdir my-habit && cd my-habit [usage.not_empty]\n"
    )
    assert len(list(tmp_path.iterdir())) == 6


def test_a_fresh_git_repository_counts_as_empty(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert flyo_init(tmp_path, "--example", "habit")[0] == 0


def test_the_wheel_carries_what_the_example_consists_of() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included == {part: f"flyctl_orchestrator/_examples/habit/{part}" for part in EXAMPLES["habit"]}


def test_an_installed_package_needs_no_repository(tmp_path: Path) -> None:
    """Laid out as a wheel installs it: the example inside the package, nothing beside it."""
    installed, directory = tmp_path / "site-packages", tmp_path / "new"
    ignored = shutil.ignore_patterns("__pycache__", "local", ".*_cache")
    shutil.copytree(REPOSITORY / "flyctl_orchestrator", installed / "flyctl_orchestrator", ignore=ignored)
    carried = installed / "flyctl_orchestrator" / "_examples" / "habit"
    for name, content in example_files("habit").items():
        (carried / name).parent.mkdir(parents=True, exist_ok=True)
        (carried / name).write_bytes(content)
    (carried / "fly.toml").write_text('app = "from-the-wheel"\nprimary_region = "iad"\n')
    directory.mkdir()
    code = "import sys; from flyctl_orchestrator.cli.main import run; sys.exit(run(['init', '--example', 'habit']))"
    variables = {"PYTHONPATH": str(installed), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=directory,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr.split("\n")[0]) == (0, "created  habit_app/")
    assert load_project(directory).app == "from-the-wheel"


def test_with_litefs_doctor_has_nothing_to_say_until_machines_may_sleep(tmp_path: Path) -> None:
    project, state = tmp_path / "project", tmp_path / "state"
    project.mkdir()
    status, said = flyo_init(project, "--example", "habit", "--database", "litefs", "--name", "my-habits")
    assert status == 0
    assert "created  litefs.yml\n" in said and "not supported by Fly.io" in said
    variables = {"HOME": str(tmp_path), "FLYO_LOCAL_DIR": str(state), "FLYO_LOCAL_PORT": "0"}

    def flyo(*command: str) -> tuple[int, str]:
        out, err = io.StringIO(), io.StringIO()
        status = run([*command], Environment(variables, project, stdin=io.StringIO(), stdout=out, stderr=err))
        return status, out.getvalue() + err.getvalue()

    assert flyo("doctor", "--files")[0] == 0
    file = project / "fly.toml"
    file.write_text(file.read_text().replace('auto_stop_machines = "off"', 'auto_stop_machines = "suspend"'))
    try:
        for command, ends in (
            (("doctor", "--files"), 1),
            (("plan", "--local"), 2),
            (("deploy", "--local", "--yes"), 2),
        ):
            status, said = flyo(*command)
            assert (status, "[config.litefs_autostop]" in said) == (ends, True), said
    finally:
        flyo("local", "down")
