"""Which machine gets a request: the rules, one by one, and what must hold for every fleet."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.local.proxy.backend import MachineState, Service, Target
from flyctl_orchestrator.local.proxy.geography import within
from flyctl_orchestrator.local.proxy.latency import median_ms
from flyctl_orchestrator.local.proxy.route_constraints import ANYTHING, RouteConstraints, wish_of_headers
from flyctl_orchestrator.local.proxy.routing import Decision, Fleet, Refuse, Use, Wait, Wake, choose

REGIONS = ("iad", "fra", "nrt", "syd", "zzz")


def machine(machine_id: str, region: str = "iad", state: MachineState = "started", **options: Any) -> Target:
    routable = bool(options.pop("routable", True))
    service = Service(8080, **options)
    port = 9000 if state == "started" else 0
    return Target(machine_id, "v1", region, state, routable, "127.0.0.1", port, service)


def decide(
    targets: list[Target],
    loads: dict[str, int] | None = None,
    constraints: RouteConstraints = ANYTHING,
    client: str = "iad",
    **sets: Any,
) -> Decision:
    fleet = Fleet(targets, lambda machine_id: (loads or {}).get(machine_id, 0), **sets)
    return choose(fleet, constraints, client, median_ms, Random(1))


def used(decision: Decision) -> str:
    assert isinstance(decision, Use), decision
    return decision.target.machine_id


def test_the_nearest_region_wins_over_the_least_loaded_machine() -> None:
    fleet = [machine("far", "fra"), machine("near", "nrt")]
    assert used(decide(fleet, {"near": 19}, client="nrt")) == "near"
    assert used(decide(fleet, client="syd")) == "near"


def test_within_a_region_the_least_loaded_machine_below_its_soft_limit() -> None:
    fleet = [machine("a", soft_limit=5), machine("b", soft_limit=50)]
    assert used(decide(fleet, {"a": 4, "b": 3})) == "b"
    assert used(decide(fleet, {"a": 5, "b": 40})) == "b"  # a is at its soft limit, b is not


def test_equal_machines_share_by_chance() -> None:
    fleet = [machine("a"), machine("b")]
    random = Random(3)
    picks = {used(choose(Fleet(fleet, lambda _: 0), ANYTHING, "iad", median_ms, random)) for _ in range(50)}
    assert picks == {"a", "b"}


def test_soft_limits_do_not_reach_across_regions() -> None:
    fleet = [machine("near", soft_limit=1, hard_limit=10), machine("far", "fra")]
    assert used(decide(fleet, {"near": 9})) == "near"
    assert used(decide(fleet, {"near": 10})) == "far"
    assert used(decide([machine("near", routable=False), machine("far", "fra")])) == "far"


def test_everything_at_its_hard_limit_waits() -> None:
    fleet = [machine("a", hard_limit=1), machine("b", "fra", hard_limit=1)]
    decision = decide(fleet, {"a": 1, "b": 1})
    assert isinstance(decision, Wait)
    assert (decision.why, decision.code) == ("full", "PL01")
    by_requests = decide([machine("a", hard_limit=1, concurrency="requests")], {"a": 1})
    assert isinstance(by_requests, Wait)
    assert by_requests.code == "PL02"


def test_a_sleeping_region_is_woken_before_the_next_region_is_used() -> None:
    decision = decide([machine("near", "nrt", "suspended"), machine("far", "iad")], client="nrt")
    assert isinstance(decision, Wake)
    assert decision.target.machine_id == "near"


def test_without_autostart_the_next_region_serves() -> None:
    fleet = [machine("near", "nrt", "stopped", autostart=False), machine("far", "iad")]
    assert used(decide(fleet, client="nrt")) == "far"
    assert isinstance(decide(fleet[:1]), Refuse)


def test_a_cordoned_sleeper_is_left_asleep() -> None:
    assert isinstance(decide([machine("a", "iad", "stopped", routable=False)]), Refuse)


def test_above_the_soft_limit_a_sleeper_of_the_region_is_woken_alongside() -> None:
    fleet = [machine("a", soft_limit=1), machine("b", "iad", "stopped"), machine("c", "fra", "stopped")]
    decision = decide(fleet, {"a": 1})
    assert isinstance(decision, Use)
    assert decision.also_wake is not None
    assert decision.also_wake.machine_id == "b"
    relaxed = decide(fleet)
    assert isinstance(relaxed, Use)
    assert relaxed.also_wake is None


def test_a_wake_under_way_is_joined_rather_than_another_begun() -> None:
    fleet = [machine("a", "iad", "stopped"), machine("b", "iad", "starting")]
    decision = decide(fleet, waking={"b"})
    assert isinstance(decision, Wake)
    assert decision.target.machine_id == "b"


def test_draining_and_just_tried_machines_get_nothing_new() -> None:
    fleet = [machine("a"), machine("b", "fra")]
    assert used(decide(fleet, draining={"a"})) == "b"
    assert used(decide(fleet, tried={"a"})) == "b"
    assert isinstance(decide(fleet[:1], tried={"a"}), Wait)
    assert isinstance(decide(fleet[:1], draining={"a"}), Wait)


def test_that_very_machine_or_none() -> None:
    fleet = [
        machine("ok"),
        machine("cordoned", routable=False),
        machine("asleep", "iad", "stopped", routable=False),
        machine("stays", "iad", "stopped", autostart=False),
        machine("booting", "iad", "starting"),
        machine("full", hard_limit=1),
    ]
    got = {t.machine_id: decide(fleet, {"full": 1}, RouteConstraints(instance=t.machine_id)) for t in fleet}
    assert used(got["ok"]) == "ok"
    assert used(got["cordoned"]) == "cordoned"
    assert isinstance(got["asleep"], Wake)
    assert isinstance(got["stays"], Refuse)
    assert isinstance(got["booting"], Wait)
    assert isinstance(got["full"], Wait)
    assert isinstance(decide(fleet, constraints=RouteConstraints(instance="nobody")), Refuse)


def test_regions_in_the_order_asked_for() -> None:
    fleet = [machine("i", "iad"), machine("f", "fra"), machine("n", "nrt")]
    assert used(decide(fleet, constraints=RouteConstraints(("nrt", "fra"), True))) == "n"
    assert used(decide(fleet, constraints=RouteConstraints(("syd", "eu"), True))) == "f"
    assert used(decide(fleet, constraints=RouteConstraints(("syd", "any"), True), client="nrt")) == "n"
    assert used(decide(fleet, constraints=RouteConstraints(("syd",)))) == "i"
    refused = decide(fleet, constraints=RouteConstraints(("syd",), True))
    assert isinstance(refused, Refuse)
    assert refused.code == "PR03"


def test_headers_become_wishes() -> None:
    assert wish_of_headers({}) is ANYTHING
    assert wish_of_headers({"fly-prefer-region": " IAD, us ,"}) == RouteConstraints(("iad", "us"))
    assert wish_of_headers({"fly-force-region": "fra", "fly-prefer-region": "iad"}) == RouteConstraints(("fra",), True)
    both = wish_of_headers({"fly-force-instance-id": "a", "fly-prefer-instance-id": "b"})
    assert both == RouteConstraints(instance="a")
    assert wish_of_headers({"fly-force-instance-id": " "}) is ANYTHING


services = st.builds(
    Service,
    internal_port=st.just(8080),
    concurrency=st.sampled_from(["connections", "requests"]),
    soft_limit=st.integers(0, 4),
    hard_limit=st.none() | st.integers(0, 5),
    autostart=st.booleans(),
)
states = st.sampled_from(["started", "stopped", "suspended", "starting", "stopping", "suspending", "other"])
targets = st.builds(
    Target,
    machine_id=st.sampled_from("abcdef"),
    instance_id=st.just("v"),
    region=st.sampled_from(REGIONS),
    state=states,
    routable=st.booleans(),
    host=st.just("127.0.0.1"),
    port=st.sampled_from([0, 9000]),
    service=services,
)
fleets = st.lists(targets, max_size=6, unique_by=lambda t: t.machine_id)
ids = st.sets(st.sampled_from("abcdef"), max_size=3)
wishes = st.builds(
    RouteConstraints,
    regions=st.lists(st.sampled_from([*REGIONS, "eu", "us", "any", "apac"]), max_size=3).map(tuple),
    only_regions=st.booleans(),
    instance=st.none() | st.sampled_from("abcdefg"),
    prefer_instance=st.none() | st.sampled_from("abcdefg"),
    avoid=st.none() | st.sampled_from("abcdef"),
)


@given(
    fleet=fleets,
    loads=st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 6)),
    constraints=wishes,
    client=st.sampled_from(REGIONS),
    waking=ids,
    draining=ids,
    tried=ids,
)
def test_no_choice_breaks_a_rule(
    fleet: list[Target],
    loads: dict[str, int],
    constraints: RouteConstraints,
    client: str,
    waking: set[str],
    draining: set[str],
    tried: set[str],
) -> None:
    decision = decide(fleet, loads, constraints, client, waking=waking, draining=draining, tried=tried)
    if isinstance(decision, Use):
        target = decision.target
        assert target in fleet
        assert target.state == "started" and target.port
        assert target.machine_id not in draining
        limit = target.service.hard_limit
        assert limit is None or loads.get(target.machine_id, 0) < limit
        if constraints.instance is not None:
            assert target.machine_id == constraints.instance
            return
        assert target.routable
        assert target.machine_id not in tried and target.machine_id != constraints.avoid
        if decision.also_wake is not None:
            assert decision.also_wake.region == target.region and decision.also_wake.service.autostart
    if isinstance(decision, Wake):
        assert decision.target.service.autostart
        asleep = decision.target.state in ("stopped", "suspended")
        assert asleep or decision.target.machine_id in waking
    if (
        isinstance(decision, Use | Wake)
        and constraints.instance is None
        and constraints.only_regions
        and constraints.regions
    ):
        assert any(within(decision.target.region, term) for term in constraints.regions)
    if isinstance(decision, Refuse) and constraints == ANYTHING:
        usable = [t for t in fleet if t.state == "started" and t.routable and t.port]
        assert not [t for t in usable if t.machine_id not in tried | draining | waking]
