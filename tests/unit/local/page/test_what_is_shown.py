"""What the page is told: changes that add up to the whole, no secret in any of it, nothing while nobody looks."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.local.base.errors import PlatformError
from flyctl_orchestrator.local.base.sightings import Sighting, Sightings
from flyctl_orchestrator.local.daemon.simulation import Simulation
from flyctl_orchestrator.local.page import actions, answers, steady_traffic, world
from flyctl_orchestrator.local.page.detail import configuration, detail
from flyctl_orchestrator.local.page.hub import MOST_WAITING, SHOWN_PER_LOOK, Hub
from flyctl_orchestrator.local.page.masking import MASK, Mask
from flyctl_orchestrator.local.page.rollouts import MOST_RUNS, Rollouts

SECRET = "s3cret-value-nobody-sees"
SERVICE = {"internal_port": 8080, "ports": [{"port": 80, "handlers": ["http"]}]}


def fleet(*regions: str) -> Simulation:
    """An app with a secret, and a started machine in each of these regions."""
    simulation = Simulation()
    simulation.platform.settings.rate_limits = False
    simulation.images.push("registry.fly.io/web:1")
    simulation.send("POST", "/v1/apps", {}, {"name": "web", "org_slug": "personal"})
    simulation.send("POST", "/v1/apps/web/secrets", {}, {"values": {"KEY": SECRET}})
    for region in regions:
        config = {"image": "registry.fly.io/web:1", "services": [SERVICE], "env": {"PLAIN": "not shown"}}
        simulation.send("POST", "/v1/apps/web/machines", {}, {"region": region, "config": config})
    simulation.pass_time(10)
    return simulation


def applied(shown: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """What a page that showed this shows after it was told that."""
    machines = {**shown["machines"], **told.get("machines", {})}
    for gone in told.get("gone", []):
        del machines[gone]
    return {**shown, **{key: told[key] for key in ("apps", "faults", "delays") if key in told}, "machines": machines}


ACTS = st.lists(
    st.sampled_from(["stop", "start", "suspend", "cordon", "uncordon", "destroy", "create", "fault", "clear", "wait"]),
    max_size=12,
)


@given(ACTS)
def test_changes_add_up_to_the_world_as_it_is(acts: list[str]) -> None:
    simulation = fleet("iad", "fra")
    shown = world.parts(simulation.platform)
    for act in acts:
        machines = list(world.parts(simulation.platform)["machines"])
        _do(simulation, act, machines)
        before, now = shown, world.parts(simulation.platform)
        told = json.loads(json.dumps(world.changes(before, now)))
        shown = applied(shown, told)
        assert shown == now
        assert world.changes(now, now) == {}


def _do(simulation: Simulation, act: str, machines: list[str]) -> None:
    if act == "wait":
        simulation.pass_time(5)
    elif act == "create":
        config = {"image": "registry.fly.io/web:1", "services": [SERVICE]}
        simulation.send("POST", "/v1/apps/web/machines", {}, {"region": "nrt", "config": config})
    elif act == "fault":
        simulation.send("POST", "/_local/faults", {}, {"name": "region-down", "region": "fra", "for": 3})
    elif act == "clear":
        simulation.send("DELETE", "/_local/faults")
    elif machines and act == "destroy":
        simulation.send("DELETE", f"/v1/apps/web/machines/{machines[0]}?force=true")
    elif machines:
        simulation.send("POST", f"/v1/apps/web/machines/{machines[0]}/{act}")


def test_a_machine_out_of_reach_is_shown_so() -> None:
    simulation = fleet("iad", "fra")
    simulation.send("POST", "/_local/faults", {}, {"name": "region-down", "region": "fra"})
    shown = world.parts(simulation.platform)["machines"].values()
    assert {one["region"]: one["reachable"] for one in shown} == {"iad": True, "fra": False}


def test_a_configuration_is_shown_without_values_that_may_be_private() -> None:
    shown = configuration(
        {
            "env": {"TOKEN": SECRET},
            "files": [{"guest_path": "/etc/key", "raw_value": SECRET}],
            "services": [{**SERVICE, "checks": [{"type": "http", "headers": [{"name": "A", "values": [SECRET]}]}]}],
            "init": {"cmd": [SECRET]},
            "metadata": {"note": SECRET},
            "mounts": [{"path": "/data", "volume": "vol_1"}],
        }
    )
    assert SECRET not in json.dumps(shown)
    assert (shown["env"], shown["files"]) == (["TOKEN"], ["/etc/key"])
    assert shown["mounts"] == [{"path": "/data", "volume": "vol_1"}]
    assert shown["services"][0]["internal_port"] == 8080


def test_a_secret_that_an_app_prints_is_masked_in_its_panel() -> None:
    simulation = fleet("iad")
    (machine,) = world.parts(simulation.platform)["machines"]
    simulation.platform.logs.write("web", f"my key is {SECRET}!", machine=machine)
    shown = detail(simulation.platform, "web", machine)
    assert SECRET not in json.dumps(shown)
    assert any(line["text"] == f"my key is {MASK}!" for line in shown["log"])


def test_a_value_that_a_secret_had_stays_masked() -> None:
    simulation = fleet("iad")
    (machine,) = world.parts(simulation.platform)["machines"]
    for value in ("first-value", "second-value", None):
        simulation.platform.secrets.change("web", {"ROTATED": value})
    for value in ("first-value", "second-value"):
        simulation.platform.logs.write("web", f"my key is {value}!", machine=machine)
    assert "-value" not in json.dumps(detail(simulation.platform, "web", machine)["log"])
    simulation.platform.secrets.forget("web")
    assert simulation.platform.secrets.all_values("web") == ()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("-----BEGIN KEY-----\nMIIabcdef\nxyz123456\n-----END KEY-----", "read MIIabcdef"),
        ('pass"word\nnext-line', json.dumps({"key": 'pass"word\nnext-line'})),
        ("it's\tsecret", repr("it's\tsecret")),
        ("geheim-ß-wort", json.dumps("geheim-ß-wort")),
        ("a/b+c=d&e", "GET /?token=a%2Fb%2Bc%3Dd%26e"),
        ("postgres://app:hunter2%21x@db.internal:5432/app", "connecting as app with hunter2!x"),
        ("postgres://app:hunter2%21x@db.internal:5432/app", "connecting as app with hunter2%21x"),
    ],
)
def test_a_secret_is_masked_as_programs_write_it(value: str, said: str) -> None:
    masked = Mask([value]).over(said)
    assert MASK in masked
    assert not any(part in masked for part in ("MIIabc", "word", "secret", "wort", "%2F", "hunter2"))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("GET /up?token=hunter22 200", f"GET /up?token={MASK} 200"),
        ('"GET /up?page=1&api_key=hunter22" 200', f'"GET /up?page=1&api_key={MASK}" 200'),
        ("GET /list?page=hundreds", "GET /list?page=hundreds"),
    ],
)
def test_what_a_query_names_like_a_credential_is_masked(said: str, shown: str) -> None:
    assert Mask([]).over({"path": [said]}) == {"path": [shown]}


@given(st.lists(st.text(min_size=1)), st.text())
def test_a_mask_leaves_nothing_of_what_it_hides(values: list[str], text: str) -> None:
    hidden = [value for value in values if len(value) >= 6 and MASK not in value]
    masked = Mask(hidden).over({"said": [text + "".join(hidden)]})["said"][0]
    assert not any(value in masked for value in hidden if set(value) - set(MASK))


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/v1/apps/web/machines/00000000000000/stop", True),
        ("POST", "/_local/faults", True),
        ("DELETE", "/_local/faults/f12", True),
        ("DELETE", "/v1/apps/web", True),
        ("PUT", "/_local/settings", True),
        ("DELETE", "/v1/apps/web/machines/00000000000000", False),
        ("POST", "/v1/apps/web/machines/00000000000000/exec", False),
        ("POST", "/v1/apps/web/machines", False),
        ("POST", "/v1/apps/web/../../../_local/reset", False),
        ("POST", "/_local/reset", False),
        ("GET", "/v1/apps/web/secrets", False),
        ("DELETE", "/v1/apps/web\n", False),
    ],
)
def test_only_the_page_s_actions_are_let_through(method: str, path: str, allowed: bool) -> None:
    if allowed:
        assert actions.wanted({"method": method, "path": path}, "t").headers == {"authorization": "Bearer t"}
        return
    with pytest.raises(PlatformError) as refused:
        actions.wanted({"method": method, "path": path}, "t")
    assert refused.value.status == 403


@pytest.mark.parametrize(
    "body",
    [
        None,
        {"app": "nowhere", "regions": ["iad"], "per_second": 1, "path": "/"},
        {"app": "web", "regions": [], "per_second": 1, "path": "/"},
        {"app": "web", "regions": ["xyz"], "per_second": 1, "path": "/"},
        {"app": "web", "regions": [["iad"]], "per_second": 1, "path": "/"},
        {"app": "web", "regions": ["iad"], "per_second": 1000, "path": "/"},
        {"app": "web", "regions": ["iad"], "per_second": True, "path": "/"},
        {"app": "web", "regions": ["iad"], "per_second": 1, "path": "http://elsewhere/"},
        {"app": "web", "regions": ["iad"], "per_second": 1, "path": "/ HTTP/1.1"},
    ],
)
def test_traffic_that_cannot_be_sent_is_refused(body: Any) -> None:
    with pytest.raises(PlatformError):
        steady_traffic.read(body, ["web"])


def event(name: str, **fields: Any) -> dict[str, Any]:
    """One of flyo's events."""
    return {"schema": "flyo.event/1", "event": name, "ts": "2026-01-01T00:00:00.000Z", "app": "web", **fields}


def test_of_a_rollout_are_kept_its_events_and_how_each_machine_answered_last() -> None:
    rollouts = Rollouts()
    heard: list[tuple[str, list[dict[str, Any]]]] = []
    rollouts.heard = lambda run, events: heard.append((run, events))
    told = [
        event("rollout.started"),
        event("build.log", line="x"),
        *(event("probe.answered", lane="a", n=n) for n in range(9)),
    ]
    assert rollouts.hear({"run": "one", "events": told}) == 10
    assert len(heard[0][1]) == 10
    assert rollouts.all()[0].events == [told[0], told[-1]]
    for number in range(MOST_RUNS):
        rollouts.hear({"run": f"r{number}", "events": [event("note", line="")]})
    assert [run.key for run in rollouts.all()] == [f"r{number}" for number in range(MOST_RUNS)]


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"run": "", "events": []},
        {"run": "a", "events": {}},
        {"run": "a", "events": [1]},
        {"run": "a", "events": [{"event": "x"}]},
    ],
)
def test_what_are_no_events_is_refused(body: Any) -> None:
    with pytest.raises(PlatformError) as refused:
        Rollouts().hear(body)
    assert refused.value.status == 400


def sighting(region: str = "fra", status: int = 200) -> Sighting:
    return (
        Sighting("web", "ams", "GET", ((region, "m1"),), status, 0.1)
        if region
        else Sighting("web", "ams", "GET", (), status, 0.1)
    )


def test_answers_are_counted_by_region_and_status() -> None:
    tally = answers.Tally()
    for one in (sighting(), sighting(status=500), sighting("iad"), sighting("", 503)):
        tally.see(one)
    assert tally.take() == {
        "regions": {"fra": {"200": 1, "500": 1}, "iad": {"200": 1}, "proxy": {"503": 1}},
        "machines": {"m1": 3},
    }
    assert tally.take() == {"regions": {}, "machines": {}}


def hub(simulation: Simulation, sightings: Sightings) -> tuple[Hub, list[str]]:
    """A hub, and what happens when its last page has gone."""
    idle: list[str] = []
    made = Hub(
        simulation.platform,
        sightings,
        Rollouts(),
        in_flight=lambda app, machine: 0,
        facts=lambda: {"port": 4280, "version": "0"},
        idle=lambda: idle.append("idle"),
    )
    return made, idle


def test_nobody_is_watched_while_no_page_is_open() -> None:
    async def run() -> None:
        simulation, sightings = fleet("iad"), Sightings()
        made, idle = hub(simulation, sightings)
        assert not sightings
        first, second = made.join(), made.join()
        await asyncio.sleep(0)
        assert sightings
        made.leave(first)
        await asyncio.sleep(0)
        assert sightings and not idle
        made.leave(second)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not sightings and idle == ["idle"]

    asyncio.run(run())


def test_a_page_is_told_the_world_first_and_then_a_sample_of_requests() -> None:
    async def run() -> None:
        simulation, sightings = fleet("iad"), Sightings()
        made, _ = hub(simulation, sightings)
        queue = made.join()
        name, text = await queue.get() or ("", "")
        whole = json.loads(text)
        assert name == "world" and len(whole["machines"]) == 1 and SECRET not in text
        await asyncio.sleep(0)
        for _ in range(200):
            sightings.tell(sighting())
        while name != "requests":
            name, text = await queue.get() or ("", "")
        said = json.loads(text)
        assert (said["seen"], len(said["shown"])) == (200, SHOWN_PER_LOOK)
        await made.close()
        assert await queue.get() is None

    asyncio.run(run())


def test_a_page_that_reads_nothing_is_let_go() -> None:
    async def run() -> None:
        made, _ = hub(fleet("iad"), Sightings())
        queue = made.join()
        for number in range(MOST_WAITING + 1):
            made.tell("traffic", {"number": number})
        assert queue.qsize() == 1 and await queue.get() is None
        made.leave(queue)

    asyncio.run(run())
