"""Whatever is asked of machines, in whatever order, and whatever their processes do: the platform stays lawful."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from flyctl_orchestrator.local.runtime.simulated import Behaviour
from tests.unit.local.simulated_fly import DEFAULTS, Answer, Fly

# The state diagram as published, written down a second time on purpose.
NEXT = {
    "created": {"starting", "stopping", "stopped", "destroying", "replacing"},
    "starting": {"started", "failed", "stopping", "destroying", "replacing"},
    "started": {"stopping", "stopped", "suspending", "restarting", "destroying", "replacing"},
    "suspending": {"suspended", "starting", "stopping", "stopped", "destroying", "replacing"},
    "suspended": {"starting", "stopping", "stopped", "destroying", "replacing"},
    "restarting": {"starting", "stopping", "destroying", "replacing"},
    "stopping": {"stopped", "failed", "destroying", "replacing"},
    "stopped": {"starting", "destroying", "replacing"},
    "failed": {"starting", "stopping", "destroying", "replacing"},
    "replacing": {"starting", "stopped", "destroying"},
    "destroying": {"destroyed"},
    "destroyed": set(),
}
NO_PROCESS = {"created", "stopped", "failed", "destroyed"}
SETTLED = {"created", "started", "stopped", "suspended", "failed", "destroyed"}
LAWFUL_REFUSALS = {404, 409, 412}
IMAGES = {
    "good": Behaviour(boot_seconds=2, healthy_seconds=1, stop_seconds=1),
    "slow": Behaviour(boot_seconds=20, healthy_seconds=None, stop_seconds=30),
    "crashing": Behaviour(boot_seconds=0.5, exit_after_seconds=3),
    "done": Behaviour(boot_seconds=0.5, exit_after_seconds=8, exit_code=0),
    "broken": Behaviour(boot_seconds=1, fails_to_start="no"),
}
configs = st.fixed_dictionaries(
    {"image": st.sampled_from([f"registry.fly.io/shop:{name}" for name in IMAGES])},
    optional={
        "restart": st.sampled_from(
            [{"policy": "no"}, {"policy": "always"}, {"policy": "on-failure", "max_retries": 2}]
        ),
        "auto_destroy": st.just(True),
        "env": st.dictionaries(st.sampled_from("ABC"), st.sampled_from("12"), max_size=2),
        "services": st.just([{"internal_port": 80, "checks": [{"type": "tcp", "interval": "5s"}]}]),
        "schedule": st.just("daily"),
    },
)


class MachinesUnderAnyOrders(RuleBasedStateMachine):
    """Random requests against a simulated platform, checked against what was asked and what is allowed."""

    machines = Bundle("machines")

    @initialize()
    def begin(self) -> None:
        self.fly = Fly()
        for name, behaviour in IMAGES.items():
            self.fly.push(name, behaviour)
        self.configs: dict[str, Any] = {}
        self.nonces: dict[str, str] = {}
        self.seen: dict[str, str] = {}
        self.fly.platform.feed.subscribe(self.look)

    def look(self) -> None:
        """After every change: only transitions of the diagram happen."""
        for machine in self.fly.platform.machines.list("shop", include_deleted=True):
            before = self.seen.get(machine.id, "created")
            assert machine.state == before or machine.state in NEXT[before], f"{before} to {machine.state}"
            self.seen[machine.id] = machine.state

    def ask(self, machine: str, action: str, body: Any = None, method: str = "POST", with_nonce: bool = True) -> Answer:
        """A request that may be refused, but only lawfully; without the nonce a leased machine refuses everything."""
        nonce = self.nonces.get(machine, "") if with_nonce else ""
        lease = self.fly.platform.leases.held(self.fly.platform.machines.get("shop", machine))
        answer = self.fly.on(machine, action, body, method, fly_machine_lease_nonce=nonce)
        assert answer.status < 300 or answer.status in LAWFUL_REFUSALS, answer
        if lease is not None and lease.nonce != nonce:
            assert answer.status in (404, 409), answer
        return answer

    @rule(target=machines, config=configs, skip=st.booleans(), ttl=st.sampled_from([0, 0, 30]))
    def create(self, config: dict[str, Any], skip: bool, ttl: int) -> str:
        machine = self.fly.create(config, skip_launch=skip, **({"lease_ttl": ttl} if ttl else {}))
        self.configs[machine["id"]] = config
        if ttl:
            self.nonces[machine["id"]] = machine["nonce"]
        return str(machine["id"])

    @rule(machine=machines, config=configs, skip=st.booleans(), stale=st.booleans(), with_nonce=st.booleans())
    def update(self, machine: str, config: dict[str, Any], skip: bool, stale: bool, with_nonce: bool) -> None:
        version = self.fly.machine(machine)["instance_id"]
        current = "01ARZ3NDEKTSV4RRFFQ69G5FAV" if stale else version
        body = {"config": config, "current_version": current, "skip_launch": skip}
        answer = self.ask(machine, "", body, with_nonce=with_nonce)
        if answer.status == 200:
            assert not stale and answer.body["instance_id"] > version
            self.configs[machine] = config

    @rule(
        machine=machines,
        action=st.sampled_from(["start", "stop", "suspend", "restart", "cordon", "uncordon"]),
        with_nonce=st.booleans(),
    )
    def act(self, machine: str, action: str, with_nonce: bool) -> None:
        self.ask(machine, f"/{action}", {}, with_nonce=with_nonce)

    @rule(machine=machines)
    def kill(self, machine: str) -> None:
        self.fly.runtime.signal(machine, "SIGKILL")

    @rule(machine=machines)
    def lose_snapshot(self, machine: str) -> None:
        self.fly.runtime.lose_snapshot(machine)

    @rule(machine=machines, ttl=st.sampled_from([1, 20, 300]))
    def lease(self, machine: str, ttl: int) -> None:
        answer = self.ask(machine, "/lease", {"ttl": ttl})
        if answer.status == 201:
            self.nonces[machine] = answer.body["data"]["nonce"]

    @rule(machine=machines, key=st.sampled_from("xy"), value=st.sampled_from(["", "1", "2"]))
    def metadata(self, machine: str, key: str, value: str) -> None:
        before = self.fly.machine(machine)
        answer = self.fly.on(machine, "/metadata", {"metadata": {key: value}}, "PATCH")
        if answer.status == 200:
            after = self.fly.machine(machine)
            assert after["instance_id"] == before["instance_id"]
            assert after["config"].get("metadata", {}).get(key, "") == value
            self.configs[machine] = after["config"]

    @rule(machine=consumes(machines), force=st.booleans())
    def destroy(self, machine: str, force: bool) -> None:
        answer = self.ask(machine, f"?force={str(force).lower()}", method="DELETE")
        if answer.status == 412:
            assert not force

    @rule(machine=machines, state=st.sampled_from(["started", "stopped", "suspended", "destroyed", "settled"]))
    def wait(self, machine: str, state: str) -> None:
        answer = self.fly.on(machine, f"/wait?state={state}&timeout=2", method="GET")
        assert answer.status in (200, 404, 408)
        if answer.status == 200 and state != "settled":
            assert answer.body["state"] == state

    @rule(seconds=st.sampled_from([0.0, 0.3, 1.0, 4.0, 25.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        self.fly.after(seconds)

    @invariant()
    def records_and_processes_agree(self) -> None:
        for machine in self.fly.platform.machines.list("shop", include_deleted=True):
            running = self.fly.runtime.running(machine.id)
            if machine.state in NO_PROCESS:
                assert not running, machine
                assert not machine.ports
            if machine.state == "started":
                assert running, machine
            assert machine.versions[0].instance_id == machine.instance_id
            moments = [event.timestamp_ms for event in machine.events]
            assert moments == sorted(moments, reverse=True)

    @invariant()
    def configs_are_what_was_last_accepted(self) -> None:
        for machine, config in self.configs.items():
            found = self.fly.platform.machines.find(machine)
            assert found is None or found.config == {**DEFAULTS, **config}

    @invariant()
    def ports_are_shared_by_nobody(self) -> None:
        machines = self.fly.platform.machines.list("shop", include_deleted=True)
        ports = [port for machine in machines for port in machine.ports.values()]
        assert len(ports) == len(set(ports))

    def teardown(self) -> None:
        """Left alone, everything comes to rest (what always restarts keeps on doing so)."""
        if not hasattr(self, "fly"):
            return
        self.fly.after(1000)
        for machine in self.fly.platform.machines.list("shop", include_deleted=True):
            restless = (machine.config.get("restart") or {}).get("policy") == "always"
            assert restless or machine.state in SETTLED, machine


TestMachinesUnderAnyOrders = MachinesUnderAnyOrders.TestCase
TestMachinesUnderAnyOrders.settings = settings(
    max_examples=80, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
