"""A command that names its port runs unedited: the machine's own port takes its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.functional.local.machine_processes import SERVICE
from tests.platform_client import SERVER, Api

_SERVER = SERVER.replace('int(os.environ["PORT"])', 'int(sys.argv[2].rpartition(":")[2])')
_EXEC = json.dumps(["python3", "-S", "-E", "app.py", "--port", "8080"])


@pytest.mark.parametrize("command", [_EXEC, "exec python3 -S -E app.py --bind 0.0.0.0:8080"])
def test_a_literal_port_in_the_images_command(api: Api, tmp_path: Path, command: str) -> None:
    (tmp_path / "app.py").write_text(_SERVER)
    (tmp_path / "Dockerfile").write_text(f"FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nCMD {command}\n")
    wanted = {"app": api.app("shop"), "context": str(tmp_path), "label": "one", "starts_image_command": True}
    last = json.loads(api.call("POST", "/_local/builds", wanted).raw.decode().splitlines()[-1])
    assert any("its command names port 8080" in notice for notice in last["notices"])
    first = api.started("shop", last["image"], {"services": [SERVICE]}, region="fra")
    second = api.started("shop", last["image"], {"services": [SERVICE]}, region="nrt")
    for machine in (first, second):
        api.wait_healthy("shop", machine)
    assert api.visit("shop", region="nrt").body["machine"] == second


def test_a_literal_port_in_a_process_groups_command(api: Api, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(_SERVER)
    (tmp_path / "Dockerfile").write_text("FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\n")
    image = api.build(api.app("shop"), tmp_path)
    config = {"services": [SERVICE], "init": {"cmd": ["python3", "-S", "app.py", "-p", "8080"]}}
    api.wait_healthy("shop", api.started("shop", image, config))
