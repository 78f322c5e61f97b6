"""`flyo regions suggest --users-from prometheus`, against a server that answers as Fly.io's and worse."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from flyctl_orchestrator.cli.main import run
from flyctl_orchestrator.environment import Environment

TOKEN = "fm2_of-the-organization"


@dataclass
class Fly:
    """Fly.io: the Machines API as far as an app's organization, and its Prometheus."""

    base: str = ""
    status: int = 200
    body: bytes = b""
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def counts(self, requests: dict[str, str]) -> None:
        """Answer with so many requests, by region."""
        result = [{"metric": {"region": code}, "value": [1_800_000_000.1, number]} for code, number in requests.items()]
        self.body = json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()

    def answer(self, path: str, token: str | None) -> tuple[int, bytes]:
        self.asked.append((path, token))
        if path == "/v1/apps/shop":
            return 200, b'{"id": "a", "name": "shop", "organization": {"name": "Shops", "slug": "shops"}}'
        if path.startswith("/v1/"):
            return 404, b'{"error": "Could not find App"}'
        return self.status, self.body


@pytest.fixture
def fly() -> Iterator[Fly]:
    told = Fly()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = told.answer(self.path, self.headers.get("Authorization"))
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.base = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield told
        server.shutdown()


def flyo(fly: Fly, directory: Path, *words: str, app: str = "shop") -> tuple[int, str, str]:
    bases = dict.fromkeys(("FLY_API_BASE_URL", "FLY_FLAPS_BASE_URL", "FLY_UIEX_BASE_URL"), fly.base)
    out, err = io.StringIO(), io.StringIO()
    variables = {"PATH": "", "FLY_API_TOKEN": TOKEN, **bases}
    environment = Environment(variables, directory, stdin=io.StringIO(), stdout=out, stderr=err)
    status = run(["regions", "suggest", "--users-from", "prometheus", "-a", app, *words], environment)
    assert TOKEN not in out.getvalue() + err.getvalue()
    return status, out.getvalue(), err.getvalue()


def test_users_are_where_requests_came_in(fly: Fly, tmp_path: Path) -> None:
    fly.counts({"nrt": "40.2", "fra": "59.7", "bom": "0.2", "xyz": "9"})
    status, out, err = flyo(fly, tmp_path, "--max", "2", "--json")
    assert status == 0, err
    assert err.splitlines() == [
        "shop: 109 requests in 7 days came in by fra 55 %, nrt 37 %, xyz 8 %; robots are counted, too",
        "shop: 9 left out that came in by no region flyo knows",
    ]
    found = json.loads(out)
    assert found["users"] == "shop"
    # Whoever came in by fra is beside fra, and most came in there.
    assert [each["regions"] for each in found["choices"]] == [["fra"], ["fra", "nrt"]]
    (_, _), (path, token) = fly.asked
    url = urlsplit(path)
    assert (url.path, token) == ("/prometheus/shops/api/v1/query", f"FlyV1 {TOKEN}")
    query = 'sum by (region) (increase(fly_edge_http_responses_count{app="shop"}[604800s]))'
    assert parse_qs(url.query) == {"query": [query]}


def test_the_app_is_the_projects_and_the_days_are_asked_for(fly: Fly, tmp_path: Path) -> None:
    (tmp_path / "fly.toml").write_text('app = "shop"\n')
    fly.counts({"bom": "3"})
    status, out, err = flyo(fly, tmp_path, "--days", "1")
    assert (status, err) == (0, "shop: 3 requests in 1 day came in by bom 100 %; robots are counted, too\n")
    assert "%5B86400s%5D" in fly.asked[-1][0]
    # bom takes no machines any more, and its users are there all the same.
    assert "sin" in out


def test_no_request_is_said_and_not_taken_for_users_nowhere(fly: Fly, tmp_path: Path) -> None:
    fly.counts({})
    assert flyo(fly, tmp_path) == (
        1, "", "flyo: app shop: Fly.io has counted no request of the last 7 days. Take more --days, or write --users "
        "[regions.no_requests]\n",
    )  # fmt: skip
    fly.counts({"xyz": "4", "iad": "0"})
    assert "no request of the last 7 days that came in by a region flyo knows. " in flyo(fly, tmp_path)[2]


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (404, b"", "the metrics API answered 404"),
        (422, b'{"status": "error", "error": "query timed out"}', "the metrics API answered 422 (query timed out)"),
        (200, b"<html>log in</html>", "the answer of the metrics API cannot be read: it is not JSON"),
        (200, b"", "the answer of the metrics API cannot be read: it is empty"),
        (200, b'{"status": "error", "error": "too many samples"}', "(too many samples)"),
        (200, b'{"status": "success", "data": {"result": null}}', "the answer of the metrics API cannot be read"),
        (200, b'{"status": "success", "data": {"result": [{"metric": {"region": 1}, "value": [1, "2"]}]}}', "be read"),
        (
            200,
            b'{"status": "success", "data": {"result": [{"metric": {"region": "iad"}, "value": [1, "1e308"]}]}}',
            "a value of the metrics is no number of requests (1e+308)",
        ),
        (
            200,
            b'{"status": "success", "data": {"result": [{"metric": {"region": "iad"}, "value": [1, "NaN"]}]}}',
            "a value of the metrics is not a number",
        ),
    ],
)
def test_what_is_not_understood_is_an_error_in_one_line(
    status: int, body: bytes, says: str, fly: Fly, tmp_path: Path
) -> None:
    fly.status, fly.body = status, body
    ended, out, err = flyo(fly, tmp_path)
    (line,) = err.splitlines()
    assert (ended, out) == (8, "") and says in line
    assert line.startswith("flyo: app shop: ") and line.endswith(". Write --users [regions.metrics]")


@pytest.mark.parametrize("status", [401, 403])
def test_another_token_is_advised_where_this_one_is_refused(status: int, fly: Fly, tmp_path: Path) -> None:
    fly.status, fly.body = status, b"not yours"
    assert flyo(fly, tmp_path)[2] == (
        f"flyo: app shop: the metrics API answered {status} (not yours). Write --users, or use a token that may read "
        "its organization [regions.metrics]\n"
    )


def test_requests_of_which_no_region_is_told_are_left_out_and_said(fly: Fly, tmp_path: Path) -> None:
    fly.counts({"fra": "90"})
    said = json.loads(fly.body)
    said["data"]["result"].append({"metric": {}, "value": [1_800_000_000.1, "10"]})
    fly.body = json.dumps(said).encode()
    status, out, err = flyo(fly, tmp_path, "--max", "1")
    assert (status, err.splitlines()) == (
        0,
        [
            "shop: 100 requests in 7 days came in by fra 90 %, ? 10 %; robots are counted, too",
            "shop: 10 left out that came in by no region flyo knows",
        ],
    )
    assert out.splitlines()[1].startswith("fra ")


def test_what_makes_no_sense_together_is_refused(fly: Fly, tmp_path: Path) -> None:
    for words in (("--users", "de"), ("--column", "country")):
        status, out, err = flyo(fly, tmp_path, *words)
        assert (status, out) == (2, "") and err.endswith("[usage]\n")
    assert fly.asked == []
