"""How machines in containers reach each other, this computer, and a database on it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.functional.local.machine_processes import SERVICE
from tests.platform_client import Api
from tests.waiting import eventually

pytestmark = pytest.mark.containers


def test_machines_find_each_other_by_name(box: Api, server: str) -> None:
    machine = box.started("shop", server, {"services": [SERVICE]}, region="fra")
    box.wait_healthy("shop", machine)
    names = ["shop.internal", "fra.shop.internal", f"{machine}.vm.shop.internal"]
    ask = (
        "import json, sys, urllib.request\n"
        "for name in sys.argv[1:]:\n"
        "    print(name, json.load(urllib.request.urlopen(f'http://{name}:8080'))['machine'], flush=True)\n"
    )
    config = {"init": {"exec": ["python3", "-c", ask, *names]}, "restart": {"policy": "no"}}
    box.wait("shop", box.create("shop", server, config), "stopped")
    assert [f"{name} {machine}" for name in names] == [line for line in box.logs("shop") if ".internal " in line]


def test_machines_of_two_networks_do_not(box: Api, server: str, server_in_container: Any) -> None:
    box.wait_healthy("shop", box.started("shop", server, {"services": [SERVICE]}))
    box.call("POST", "/v1/apps", {"app_name": "apart", "org_slug": "personal", "network": "other"})
    image = box.build("apart", server_in_container)
    ask = "import socket\ntry: socket.getaddrinfo('shop.internal', 8080)\nexcept OSError: print('unknown')"
    config = {"init": {"exec": ["python3", "-c", ask]}, "restart": {"policy": "no"}}
    box.wait("apart", box.create("apart", image, config), "stopped")
    assert "unknown" in box.logs("apart")


def test_a_machine_is_at_its_private_address_also_after_an_update(box: Api, server: str) -> None:
    machine = box.started("shop", server, {"services": [SERVICE]})
    address = box.machine("shop", machine)["private_ip"]
    listen = "import http.server, socket\nclass Server(http.server.HTTPServer): address_family = socket.AF_INET6\n"
    serve = f"{listen}Server(('fly-local-6pn', 9000), http.server.BaseHTTPRequestHandler).serve_forever()"
    for _ in range(2):
        box.on("shop", machine, "", {"config": {"image": server, "init": {"exec": ["python3", "-c", serve]}}})
        box.wait("shop", machine, "started")
        assert box.machine("shop", machine)["private_ip"] == address
        ask = (
            "import socket, sys, time\n"
            "assert sys.argv[1] in [found[4][0] for found in socket.getaddrinfo(sys.argv[2], 9000)]\n"
            "while socket.socket(socket.AF_INET6).connect_ex((sys.argv[1], 9000)): time.sleep(0.1)\n"
            "print('reached')"
        )
        argv = ["python3", "-c", ask, address, f"{machine}.vm.shop.internal"]
        other = box.create("shop", server, {"init": {"exec": argv}, "restart": {"policy": "no"}})
        box.wait("shop", other, "stopped")
    assert [line for line in box.logs("shop") if line == "reached"] == ["reached"] * 2, box.logs("shop")


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def service_here() -> Iterator[int]:
    """The port of a service of this computer that listens on every address."""
    with ThreadingHTTPServer(("0.0.0.0", 0), _Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_a_database_of_this_computer_is_reached_and_is_far_with_delays(
    box: Api, small: Callable[[str], str], service_here: int
) -> None:
    fetch = 'CMD ["sh", "-c", "echo at $DATABASE_URL; wget -q -O - http://${DATABASE_URL#*@}/found; echo; sleep 600"]'
    image = small(fetch)
    url = f"postgres://u@host.docker.internal:{service_here}"
    env = {"env": {"DATABASE_URL": url, "PRIMARY_REGION": "iad"}}
    box.started("small", image, env, region="nrt")
    assert box.call("PUT", "/_local/settings", {"delays": True}).status == 200
    try:
        box.started("small", image, env, region="nrt")
        eventually(lambda: box.logs("small").count("/found"), lambda count: count == 2)
    finally:
        box.call("PUT", "/_local/settings", {"delays": False})
    seen = re.findall(r"at postgres://u@host.docker.internal:(\d+)", "\n".join(box.logs("small")))
    assert len(set(seen)) == 2 and str(service_here) in seen, "the far one goes through a relay"


def test_an_app_is_reached_by_its_name_under_flycast_and_woken(
    box: Api, server: str, small: Callable[[str], str]
) -> None:
    machine = box.started("shop", server, {"services": [{**SERVICE, "autostart": True}]})
    box.wait_healthy("shop", machine)
    assert box.call("POST", "/v1/apps/shop/ip_assignments", {"type": "private_v6"}).status < 300
    box.on("shop", machine, "/stop")
    box.wait("shop", machine, "stopped")
    port = box.running.port
    address = f"http://shop.flycast:{port}/"
    image = small(f'CMD ["sh", "-c", "wget -q -O - {address}; echo; wget -q -O - {address[:-1]}/v1/apps; sleep 600"]')
    box.started("small", image)
    eventually(lambda: box.logs("small"), lambda lines: any(f'"machine": "{machine}"' in line for line in lines))
    elsewhere = f'CMD ["sh", "-c", "wget -q -O - http://host.docker.internal:{port}/ || echo refused; sleep 600"]'
    box.started("small", small(elsewhere))
    eventually(lambda: box.logs("small"), lambda lines: "refused" in lines)
