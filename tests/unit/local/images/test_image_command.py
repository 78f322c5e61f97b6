"""How a machine's command and environment follow its copy of the image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.local.core.seams import Image
from flyctl_orchestrator.local.images.command import Command, command_for, path_without
from flyctl_orchestrator.local.images.snapshot import materialise

Make = Callable[..., Image]


@pytest.fixture
def image(tmp_path: Path) -> Make:
    """Makes an image whose root has some files."""

    def make(**fields: Any) -> Image:
        root = tmp_path / "rootfs"
        for name in ("app/run.sh", "app/conf/a.ini", "usr/local/bin/tool", "opt/x/y"):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("#!/bin/sh\n")
            path.chmod(0o755)
        defaults: dict[str, Any] = {"ref": "registry.fly.io/a:1", "digest": "", "size_bytes": 0, "workdir": "/app"}
        return Image(root=root, **{**defaults, **fields})

    return make


def _started(image: Image, machine: Path, **more: Any) -> Command:
    materialise(image, machine, more.pop("mounts", None), more.pop("files", None))
    return command_for(image, machine, **more)


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["/app/run.sh", "--config=/app/conf/a.ini"], ["{m}/app/run.sh", "--config={m}/app/conf/a.ini"]),
        (["./run.sh"], ["./run.sh"]),
        (
            ["/bin/sh", "-c", "cd /app && exec ./run.sh '/app/new file'"],
            ["/bin/sh", "-c", "cd {m}/app && exec ./run.sh '{m}/app/new file'"],
        ),
        (["tool", "/opt/x/y"], ["{m}/usr/local/bin/tool", "{m}/opt/x/y"]),
        (
            ["sh", "-c", "cat /etc/hosts > /tmp/x; /usr/bin/env"],
            ["/bin/sh", "-c", "cat /etc/hosts > /tmp/x; /usr/bin/env"],
        ),
        (["sh", "http://host/app/x", "a/app/b", "/"], ["/bin/sh", "http://host/app/x", "a/app/b", "/"]),
        (["/no/such/tool"], ["{m}/usr/local/bin/tool"]),
        (["nothing-of-that-name"], ["nothing-of-that-name"]),
    ],
)
def test_container_paths_become_the_machines_own(
    image: Make, tmp_path: Path, argv: list[str], expected: list[str]
) -> None:
    machine = tmp_path / "m"
    command = _started(image(), machine, argv=argv, host_path="/bin:/usr/bin")
    assert list(command.argv) == [word.replace("{m}", str(machine)) for word in expected]


def test_without_an_override_the_image_says_what_runs_and_where(image: Make, tmp_path: Path) -> None:
    command = _started(image(entrypoint=("/app/run.sh",), cmd=("x",), workdir="/app/new"), tmp_path / "m")
    assert command.argv == (f"{tmp_path}/m/app/run.sh", "x")
    assert command.cwd == tmp_path / "m/app/new"
    assert command.cwd.is_dir()


def test_paths_in_the_environment_are_mapped_and_the_rest_is_left_alone(image: Make, tmp_path: Path) -> None:
    env = {
        "CONF": "/app/conf/a.ini",
        "PYTHONPATH": "/app:/lib/x",
        "URL": "http://h/app",
        "SECRET": "x=/app/y",
        "TMP": "/tmp",
    }
    command = _started(image(env={"DB": "/app/data.db", "CONF": "overridden"}), tmp_path / "m", env=env)
    m = f"{tmp_path}/m"
    assert {k: v for k, v in command.env.items() if k != "PATH"} == {
        "CONF": f"{m}/app/conf/a.ini",
        "DB": f"{m}/app/data.db",
        "PYTHONPATH": f"{m}/app:/lib/x",
        "URL": "http://h/app",
        "SECRET": "x=/app/y",
        "TMP": "/tmp",
    }


def test_installed_executables_come_first_whatever_path_they_are_asked_for_by(image: Make, tmp_path: Path) -> None:
    venv = tmp_path / "deps/venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "pyvenv.cfg").touch()
    for name in ("gunicorn", "python", "tool"):
        (venv / "bin" / name).touch()
        (venv / "bin" / name).chmod(0o755)
    made = image(path_prefix=(str(venv / "bin"),), env={"PATH": "/app/.venv/bin:", "VIRTUAL_ENV": "/app/.venv"})
    machine = tmp_path / "m"
    for word in ("gunicorn", "/app/.venv/bin/gunicorn", "/usr/local/bin/gunicorn"):
        assert _started(made, machine, argv=[word]).argv == (f"{venv}/bin/gunicorn",)
    assert _started(made, machine, argv=["/usr/local/bin/tool"]).argv == (f"{machine}/usr/local/bin/tool",)
    text = "exec /app/.venv/bin/gunicorn --chdir /app"
    assert _started(made, machine, argv=["sh", "-c", text]).argv[2] == f"exec {venv}/bin/gunicorn --chdir {machine}/app"
    command = _started(made, machine, host_path="/bin")
    assert command.env["PATH"] == f"{venv}/bin:{machine}/app/.venv/bin:{machine}/usr/local/bin:/bin"
    assert command.env["VIRTUAL_ENV"] == str(venv)


def test_a_volume_and_extra_files_are_where_the_app_knows_them(image: Make, tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    machine = tmp_path / "m"
    command = _started(
        image(),
        machine,
        mounts={"/data": volume},
        files={"/etc/app.conf": b"x"},
        env={"DB": "/data/app.db", "C": "/etc/app.conf"},
    )
    Path(command.env["DB"]).write_text("kept")
    assert (volume / "app.db").read_text() == "kept"
    assert Path(command.env["C"]).read_bytes() == b"x"
    assert Path(command.env["C"]).stat().st_mode & 0o077 == 0
    materialise(image(), machine, {"/data": volume})
    assert (volume / "app.db").read_text() == "kept"


def test_each_boot_has_a_fresh_copy_and_machines_do_not_share_files(image: Make, tmp_path: Path) -> None:
    made = image()
    one, two = tmp_path / "one", tmp_path / "two"
    for machine in (one, two):
        materialise(made, machine)
    (one / "app/run.sh").write_text("changed")
    (one / "app/left-behind").touch()
    assert (two / "app/run.sh").read_text() == (made.root / "app/run.sh").read_text() == "#!/bin/sh\n"
    materialise(made, one)
    assert (one / "app/run.sh").read_text() == "#!/bin/sh\n"
    assert not (one / "app/left-behind").exists()
    assert (one / "app/run.sh").stat().st_mode & 0o111


def test_what_was_installed_is_linked_into_each_copy(image: Make, tmp_path: Path) -> None:
    modules = tmp_path / "deps/src/node_modules"
    modules.mkdir(parents=True)
    materialise(image(links={"app/node_modules": str(modules), "new/deep/x": str(modules)}), tmp_path / "m")
    assert (tmp_path / "m/app/node_modules").resolve() == modules
    assert (tmp_path / "m/new/deep/x").resolve() == modules


def test_the_platforms_own_environment_is_left_out_of_the_path() -> None:
    assert path_without("/a:/venv/bin::/b", "/venv/bin") == "/a:/b"
