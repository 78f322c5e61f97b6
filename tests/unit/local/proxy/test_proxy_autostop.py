"""Which idle machines are put to sleep."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flyctl_orchestrator.local.proxy.autostop import Sleep, excess_capacity, idle_machines
from flyctl_orchestrator.local.proxy.backend import MachineState, Service, SleepMode, Target


def machine(
    machine_id: str,
    region: str = "iad",
    *,
    autostop: SleepMode = "suspend",
    soft: int = 10,
    minimum: int = 0,
    state: MachineState = "started",
    routable: bool = True,
) -> Target:
    service = Service(8080, soft_limit=soft, autostop=autostop, min_machines_running=minimum)
    return Target(machine_id, "v1", region, state, routable, "127.0.0.1", 1, service)


def asleep(targets: list[Target], loads: dict[str, int] | None = None, primary: str | None = "iad") -> list[str]:
    return [s.machine_id for s in idle_machines(targets, lambda machine_id: (loads or {}).get(machine_id, 0), primary)]


def test_the_documented_formula() -> None:
    assert excess_capacity(2, 0) == 1
    assert excess_capacity(2, 1) == 0
    assert excess_capacity(10, 3) == 6


def test_a_lone_machine_sleeps_only_without_any_load() -> None:
    assert asleep([machine("a")]) == ["a"]
    assert asleep([machine("a")], {"a": 1}) == []
    assert idle_machines([machine("a", autostop="stop")], lambda _: 0, None) == [Sleep("a", "iad", "stop")]


def test_one_of_several_the_least_loaded_even_with_some_load() -> None:
    fleet = [machine("a"), machine("b"), machine("c")]
    assert asleep(fleet, {"a": 3, "b": 2, "c": 5}) == ["b"]
    assert asleep(fleet, {"a": 10, "b": 10, "c": 1}) == []
    assert asleep(fleet, {"a": 10, "b": 1, "c": 1}) == ["b"]


def test_each_region_for_itself() -> None:
    fleet = [machine("a", "iad"), machine("b", "fra"), machine("c", "fra"), machine("d", "nrt", autostop="off")]
    assert asleep(fleet, {"a": 1}) == ["b"]


def test_the_minimum_counts_in_the_primary_region_only() -> None:
    fleet = [machine("a", minimum=1), machine("b", "fra", minimum=1)]
    assert asleep(fleet, primary="iad") == ["b"]
    assert asleep(fleet, primary=None) == ["b", "a"]
    two = [machine("a", minimum=1), machine("c", minimum=1)]
    assert asleep(two, primary="iad") == ["a"]


def test_machines_the_proxy_does_not_route_to_are_left_alone() -> None:
    assert asleep([machine("a", routable=False), machine("b", state="starting"), machine("c", state="stopped")]) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["iad", "fra"]),
            st.sampled_from(["off", "stop", "suspend"]),
            st.integers(0, 3),
            st.integers(0, 3),
            st.sampled_from(["started", "stopped"]),
            st.integers(0, 4),
        ),
        max_size=8,
    )
)
def test_never_more_than_one_per_region_never_below_the_minimum(
    rows: list[tuple[str, SleepMode, int, int, MachineState, int]],
) -> None:
    fleet, loads = [], {}
    for number, (region, mode, soft, minimum, state, load) in enumerate(rows):
        machine_id = f"m{number}"
        loads[machine_id] = load
        fleet.append(machine(machine_id, region, autostop=mode, soft=soft, minimum=minimum, state=state))
    chosen = idle_machines(fleet, loads.__getitem__, "iad")
    assert len({sleep.region for sleep in chosen}) == len(chosen)
    for sleep in chosen:
        running = [t for t in fleet if t.region == sleep.region and t.state == "started"]
        target = next(t for t in running if t.machine_id == sleep.machine_id)
        assert target.service.autostop == sleep.mode != "off"
        if len(running) == 1:
            assert loads[sleep.machine_id] == 0
        if sleep.region == "iad":
            assert len(running) > max(t.service.min_machines_running for t in running)
