"""[[statics]] of a machine that is a process: files in its copy of the image."""

from __future__ import annotations

from tests.functional.local.machine_processes import SERVICE
from tests.platform_client import SERVER, Api


def test_a_file_is_answered_by_the_proxy_and_anything_else_by_the_app(api: Api, server_image: str) -> None:
    statics = [{"guest_path": "/app", "url_prefix": "/files"}]
    machine = api.started("shop", server_image, {"services": [SERVICE], "statics": statics})
    api.wait_healthy("shop", machine)
    found = api.visit("shop", "/files/app.py")
    assert (found.status, found.raw.decode()) == (200, SERVER)
    assert found.headers["content-type"] == "text/x-python"
    for path in ("/files/none.css", "/files/../etc/passwd", "/files", "/"):
        assert api.visit("shop", path).body == {"region": "iad", "machine": machine}
    assert not [line for line in api.logs("shop") if "without effect" in line]
