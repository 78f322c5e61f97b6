"""What a command that joins a machine is told: the directory and the environment of the machine's own process."""

from __future__ import annotations

import os

from tests.platform_client import Api


def test_it_is_what_the_machines_own_process_has(api: Api, server_image: str) -> None:
    service = {"internal_port": 8080, "ports": [{"port": 80, "handlers": ["http"]}]}
    machine = api.started("shop", server_image, {"services": [service], "env": {"COLOUR": "green"}})
    path = f"/_local/apps/shop/machines/{machine}/surroundings"
    told = api.call("GET", path).body
    inside = api.visit("shop", "/cwd", fly_force_instance_id=machine).body
    assert (os.path.realpath(told["directory"]), told["env"]["COLOUR"]) == (os.path.realpath(inside["cwd"]), "green")
    own = api.visit("shop", "/env", fly_force_instance_id=machine).body
    assert {name: own.get(name) for name in told["env"]} == told["env"]
    assert api.send("GET", path).status == 401
    api.on("shop", machine, "/stop")
    api.wait("shop", machine, "stopped")
    stopped = api.call("GET", path)
    assert (stopped.status, "nothing runs in it" in stopped.body["error"]) == (404, True)
    assert api.call("GET", f"/_local/apps/shop/machines/{machine[::-1]}/surroundings").status == 404
