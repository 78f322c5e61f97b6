"""Any mix of faults and requests: the platform keeps its own rules, and settles once the faults are over."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from flyctl_orchestrator.local.core.fault_kinds import KINDS
from flyctl_orchestrator.local.core.model import SETTLED
from tests.unit.local.simulated_fly import IMAGE, Fly

REGIONS = ("iad", "fra", "nrt")
ACTIONS = ("/start", "/stop", "/suspend", "/restart", "/cordon", "/uncordon", "/lease")
CONFIG = {
    "services": [
        {
            "internal_port": 8080,
            "ports": [{"port": 80, "handlers": ["http"]}],
            "checks": [{"type": "http", "path": "/", "interval": "5s"}],
        }
    ]
}


def fault(random: Random) -> dict[str, Any]:
    """Some fault somewhere, for a while."""
    kind = random.choice(list(KINDS.values()))
    said: dict[str, Any] = {"name": kind.name, "region": random.choice(REGIONS), "for": random.uniform(0.5, 40)}
    if kind.counted and random.random() < 0.5:
        said |= {"times": random.randint(1, 3)} | ({} if kind.shared else {"chance": random.uniform(0.2, 1)})
    return said


def step(fly: Fly, random: Random) -> None:
    """One thing that happens; refusals and lost answers are part of life."""
    machines = list(fly.platform.kernel.machines)
    choice = random.random()
    try:
        if choice < 0.2:
            assert fly.call("POST", "/_local/faults", fault(random)).status == 201
        elif choice < 0.35 or not machines:
            config = {"image": random.choice([IMAGE, "registry.fly.io/shop:two"]), **CONFIG}
            fly.call("POST", "/v1/apps/shop/machines", {"config": config, "region": random.choice(REGIONS)})
        elif choice < 0.55:
            fly.update(random.choice(machines), {"image": "registry.fly.io/shop:two", **CONFIG})
        elif choice < 0.6:
            fly.on(random.choice(machines), "?force=true", method="DELETE")
        elif choice < 0.85:
            fly.on(random.choice(machines), random.choice(ACTIONS))
        else:
            fly.after(random.uniform(0.1, 15))
    except ConnectionResetError:
        pass
    fly.simulation.proxy_view.targets("shop")


@pytest.mark.parametrize("seed", range(60))
def test_nothing_breaks_and_everything_settles(seed: int) -> None:
    random, fly = Random(seed), Fly()
    fly.push("two")
    for _ in range(60):
        step(fly, random)
    fly.call("DELETE", "/_local/faults")
    fly.after(600)
    for machine in fly.call("GET", "/v1/apps/shop/machines").body:
        assert machine["state"] in SETTLED, machine["events"][:5]
        assert machine["host_status"] == "ok"
        running = fly.runtime.running(machine["id"])
        assert running == (machine["state"] in ("started", "suspended")) or (
            machine["state"] == "suspended" and not fly.platform.kernel.machines[machine["id"]].snapshot_valid
        ), machine
        if machine["state"] == "started":
            assert [one["status"] for one in machine["checks"]] == ["passing"]
            assert fly.runtime.launched(machine["id"]).instance_id == machine["instance_id"]
