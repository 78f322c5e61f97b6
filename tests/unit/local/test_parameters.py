"""Every documented query parameter changes the answer as it says, or is refused: none is dropped behind a 200."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from flyctl_orchestrator.local.api.parameters import HONOURED, REFUSED
from flyctl_orchestrator.local.api.render import timestamp
from flyctl_orchestrator.local.api.table import all_routes
from flyctl_orchestrator.local.runtime.simulated import Behaviour
from tests.unit.local.simulated_fly import Fly


class Fleet:
    """Two apps; machines in two regions and several states, one destroyed; two volumes; a lease; a secret."""

    def __init__(self) -> None:
        self.fly = Fly()
        self.first = self.fly.started(metadata_of("web"), region="iad", lease_ttl=600)
        self.second = self.fly.create(metadata_of("db"), region="fra", skip_launch=True)
        self.fly.after(1)
        self.gone = self.fly.create(region="iad")
        self.fly.on(self.gone["id"], "?force=true", method="DELETE")
        self.fly.after(30)
        self.fly.call("POST", "/v1/apps/shop/volumes", {"name": "a", "region": "iad"})
        volume = self.fly.call("POST", "/v1/apps/shop/volumes", {"name": "b", "region": "fra"}).body
        self.fly.call("DELETE", f"/v1/apps/shop/volumes/{volume['id']}")
        self.fly.call("POST", "/v1/apps", {"name": "builder", "org_slug": "personal", "app_role_id": "robot"})
        self.fly.call("POST", "/v1/apps/shop/secrets", {"values": {"A": "open-sesame"}})
        for name in ("a.example.com", "b.example.com"):
            self.fly.call("POST", "/v1/apps/shop/certificates/acme", {"hostname": name})
        self.now = self.fly.simulation.clock.now()
        self.fly.after(30)

    def get(self, path: str) -> Any:
        """The body of an answer that succeeds."""
        answer = self.fly.call("GET", path.format(first=self.first["id"], second=self.second["id"]))
        assert answer.status == 200, answer
        return answer.body

    def status(self, path: str, method: str = "GET") -> int:
        """The status of an answer."""
        path = path.format(first=self.first["id"], second=self.second["id"])
        return self.fly.call(method, path, {} if method == "POST" else None).status


def metadata_of(group: str) -> dict[str, Any]:
    """A config with a process group."""
    return {"metadata": {"fly_process_group": group}}


def names(found: list[dict[str, Any]]) -> list[str]:
    """The regions of what was listed, in a form that shows how many there are."""
    return sorted(one["region"] for one in found)


def pages(fleet: Fleet, kind: str) -> bool:
    """Whether a list in pages of one is the whole list, each entry once."""
    whole = [one["id"] for one in fleet.get(f"/v1/orgs/personal/{kind}?include_deleted=true")[kind]]
    cursor, found = "", []
    while True:
        page = fleet.get(f"/v1/orgs/personal/{kind}?include_deleted=true&limit=1&cursor={cursor}")
        found += [one["id"] for one in page[kind]]
        cursor = page["next_cursor"]
        if not cursor:
            return found == whole and len(whole) > 1


def when(seconds: float) -> str:
    """A time as RFC 3339, escaped."""
    return quote(timestamp(seconds))


MACHINES, VOLUMES, ORG = "/v1/apps/shop/machines", "/v1/apps/shop/volumes", "/v1/orgs/personal"
CERTIFICATES = "/v1/apps/shop/certificates"
ONE = MACHINES + "/{first}"
WAIT = MACHINES + "/{second}/wait"
Probe = Callable[[Fleet], bool]
#: What shows that a parameter is honoured.
PROBES: dict[tuple[str, str], Probe] = {
    ("apps.list", "org_slug"): lambda f: f.status("/v1/apps") == 400 and f.status("/v1/apps?org_slug=other") == 404,
    ("apps.list", "app_role"): lambda f: (
        [one["name"] for one in f.get("/v1/apps?org_slug=personal&app_role=robot")["apps"]] == ["builder"]
        and f.get("/v1/apps?org_slug=personal&app_role=remote-docker-builder")["apps"] == []
        and len(f.get("/v1/apps?org_slug=personal&app_role=")["apps"]) == 2
    ),
    ("apps.delete", "force"): lambda f: f.status("/v1/apps/shop?force=true", "DELETE") == 202,
    ("secrets.list", "min_version"): lambda f: f.status("/v1/apps/shop/secrets?min_version=99") == 412,
    ("secrets.list", "version"): lambda f: f.status("/v1/apps/shop/secrets?version=99") == 412,
    ("secrets.get", "min_version"): lambda f: f.status("/v1/apps/shop/secrets/A?min_version=99") == 412,
    ("secrets.get", "version"): lambda f: f.status("/v1/apps/shop/secrets/A?version=x") == 400,
    ("machines.list", "include_deleted"): lambda f: (
        names(f.get(MACHINES + "?include_deleted=true")) == ["fra", "iad", "iad"]
        and names(f.get(MACHINES + "?include_deleted=false")) == ["fra", "iad"]
    ),
    ("machines.list", "region"): lambda f: (
        names(f.get(MACHINES + "?region=fra")) == ["fra"] and len(f.get(MACHINES + "?region=fra,iad")) == 2
    ),
    ("machines.list", "state"): lambda f: (
        names(f.get(MACHINES + "?state=stopped")) == ["fra"]
        and len(f.get(MACHINES + "?state=stopped&state=started")) == 2
        and f.status(MACHINES + "?state=stoped") == 400
    ),
    ("machines.list", "summary"): lambda f: "events" not in f.get(MACHINES + "?summary=true")[0],
    ("machines.list", "include_leases"): lambda f: (
        "lease" in f.get(MACHINES + "?include_leases=true")[0] and "lease" not in f.get(MACHINES)[0]
    ),
    ("machines.list", "metadata.{key}"): lambda f: (
        names(f.get(MACHINES + "?metadata.fly_process_group=db")) == ["fra"]
        and f.get(MACHINES + "?metadata.fly_process_group=no") == []
    ),
    ("machines.get", "include_leases"): lambda f: "lease" in f.get(ONE + "?include_leases=true"),
    ("machines.delete", "force"): lambda f: f.status(MACHINES + "/{second}?force=true", "DELETE") == 200,
    ("machines.delete", "kill"): lambda f: f.status(MACHINES + "/{second}?kill=true", "DELETE") == 200,
    ("machines.events", "limit"): lambda f: (
        len(f.get(ONE + "/events?limit=1")) == 1
        and f.status(ONE + "/events?limit=51") == f.status(ONE + "/events?limit=000000050999") == 400
    ),
    ("machines.ps", "sort_by"): lambda f: f.status(ONE + "/ps?sort_by=colour") == 400,
    ("machines.ps", "order"): lambda f: f.status(ONE + "/ps?order=sideways") == 400,
    ("machines.restart", "timeout"): lambda f: f.status(MACHINES + "/{second}/restart?timeout=x", "POST") == 400,
    ("machines.restart", "signal"): lambda f: f.status(MACHINES + "/{second}/restart?signal=SIGNO", "POST") == 400,
    ("machines.restart", "force_stop"): lambda f: killed_outright(f),
    ("machines.wait", "state"): lambda f: (
        f.status(WAIT + "?state=stopped") == 200 and f.status(WAIT + "?state=no") == 400
    ),
    ("machines.wait", "timeout"): lambda f: f.status(WAIT + "?state=started&timeout=1") == 408,
    ("machines.wait", "version"): lambda f: f.status(WAIT + "?state=stopped&version=no") == 404,
    ("machines.wait", "instance_id"): lambda f: f.status(WAIT + "?state=stopped&instance_id=no") == 404,
    ("machines.wait", "from_event_id"): lambda f: f.status(WAIT + "?state=created&timeout=1&from_event_id=0") == 200,
    ("leases.acquire", "ttl"): lambda f: (
        f.status(MACHINES + "/{second}/lease?ttl=30", "POST") == 201
        and 0 < f.get(MACHINES + "/{second}/lease")["data"]["expires_at"] - f.fly.simulation.clock.now() <= 30
    ),
    ("volumes.list", "summary"): lambda f: (
        "blocks" not in f.get(VOLUMES + "?summary=true")[0] and "blocks" in f.get(VOLUMES)[0]
    ),
}
PROBES |= {
    ("certificates.list", "filter"): lambda f: hostnames(f, "filter=a.ex") == ["a.example.com"],
    ("certificates.list", "cursor"): lambda f: (
        hostnames(f, "cursor=" + f.get(CERTIFICATES + "?limit=1")["next_cursor"]) == ["b.example.com"]
    ),
    ("certificates.list", "limit"): lambda f: (
        hostnames(f, "limit=1") == ["a.example.com"] and f.status(CERTIFICATES + "?limit=0") == 400
    ),
}


def hostnames(fleet: Fleet, query: str) -> list[str]:
    """The hostnames on one page of certificates."""
    return [each["hostname"] for each in fleet.get(f"{CERTIFICATES}?{query}")["certificates"]]


def org_probes(k: str, living: list[str], state: str) -> dict[tuple[str, str], Probe]:
    """The probes of a list over the whole organization."""
    of, whole = f"orgs.{k}", f"{ORG}/{k}"
    return {
        (of, "include_deleted"): lambda f: (
            names(f.get(whole)[k]) == living and len(f.get(whole + "?include_deleted=true")[k]) == len(living) + 1
        ),
        (of, "region"): lambda f: names(f.get(whole + "?region=iad")[k]) == ["iad"],
        (of, "state"): lambda f: (
            len(f.get(f"{whole}?state={state}")[k]) == 1 and f.get(whole + "?state=destroyed")[k] == []
        ),
        (of, "updated_after"): lambda f: (
            f.get(f"{whole}?updated_after={when(f.now)}")[k] == []
            and f.get(f"{whole}?updated_after={when(0)}")[k] != []
            and f.status(whole + "?updated_after=yesterday") == 400
        ),
        (of, "cursor"): lambda f: pages(f, k) and f.status(whole + "?cursor=no") == 400,
        (of, "limit"): lambda f: (
            len(f.get(whole + "?include_deleted=true&limit=1")[k]) == 1 and f.status(whole + "?limit=1001") == 400
        ),
    }


PROBES |= org_probes("machines", ["fra", "iad"], "stopped") | org_probes("volumes", ["iad"], "created")
PROBES[("orgs.volumes", "summary")] = lambda f: "blocks" not in f.get(f"{ORG}/volumes?summary=true")["volumes"][0]


def killed_outright(fleet: Fleet) -> bool:
    """Whether a forced restart ends a machine that is deaf to its signal without its time of grace."""
    image = fleet.fly.push("deaf", Behaviour(stop_seconds=100))
    machine = fleet.fly.started({"image": image, "stop_config": {"timeout": "60s"}})["id"]
    assert fleet.fly.on(machine, "/restart?force_stop=true", {}).status == 200
    fleet.fly.after(5)
    return fleet.fly.event_types(machine)[-1] == ("start", "started")


def test_every_documented_parameter_has_a_probe() -> None:
    assert set(PROBES) == {(op, name) for op, many in HONOURED.items() for name in many}
    known = {one.op for one in all_routes() if one.handler is not None}
    assert set(HONOURED) | set(REFUSED) <= known


@pytest.mark.parametrize("key", sorted(PROBES))
def test_it_is_honoured(key: tuple[str, str]) -> None:
    assert PROBES[key](Fleet())


@pytest.mark.parametrize(("op", "name"), [(op, name) for op, many in REFUSED.items() for name in many])
def test_it_is_refused_when_it_is_asked_for(op: str, name: str) -> None:
    path = next(one.path for one in all_routes() if one.op == op).format(app="shop", name="A")
    fleet = Fleet()
    refused = fleet.fly.call("GET", f"{path}?{name}=true")
    assert (refused.status, refused.body["operation"]) == (501, f"{op} with {name}")
    assert fleet.status(f"{path}?{name}=false") == 200


def test_an_app_of_a_role_keeps_it_and_subdomains_are_refused() -> None:
    fly = Fly()
    made = fly.call("POST", "/v1/apps", {"name": "robot", "org_slug": "personal", "app_role_id": "builder"})
    assert (made.status, made.body["app_role"]) == (201, "builder")
    refused = fly.call("POST", "/v1/apps", {"name": "sub", "org_slug": "personal", "enable_subdomains": True})
    assert refused.status == 501
    assert fly.call("POST", "/v1/apps", {"name": 1, "org_slug": "personal"}).status == 400
