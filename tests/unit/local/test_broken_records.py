"""A record that cannot be read, as one of another version may be, is the trouble of that machine alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flyctl_orchestrator.local.core.model import Machine
from flyctl_orchestrator.local.core.seams import CheckAnswer
from tests.unit.local.simulated_fly import CHECKED, Fly
from tests.unit.local.test_platform_store import Life

PUBLIC: dict[str, Any] = {"services": [{**CHECKED, "ports": [{"port": 80, "handlers": ["http"]}]}]}
BROKEN: list[dict[str, Any]] = [
    {"services": [{"internal_port": 8080, "ports": [80]}]},
    {"services": [{"internal_port": 8080, "ports": [{"port": 80}], "concurrency": "many"}]},
    {"services": 1},
    {"checks": {"a": "b"}},
    {"init": ["run"]},
    {"env": ["A=1"]},
    {"guest": "large"},
    {"files": [1]},
    {"mounts": ["data"]},
]


def broken(machine: Machine, config: dict[str, Any]) -> None:
    """What an earlier version may have kept."""
    machine.config = {"image": machine.image, **config}
    machine.versions[0].config = machine.config


@pytest.mark.parametrize("config", BROKEN)
def test_the_proxy_goes_on_with_the_other_machines(fly: Fly, config: dict[str, Any]) -> None:
    good, bad = fly.started(PUBLIC)["id"], fly.started(PUBLIC)["id"]
    record = fly.platform.machines.get("shop", bad)
    broken(record, config)
    record.instance_id = record.versions[0].instance_id = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    assert good in {target.machine_id for target in fly.simulation.proxy_view.targets("shop")}
    assert fly.visit().status == 200


@pytest.mark.parametrize("config", BROKEN)
def test_the_other_machines_come_back_after_a_restart(tmp_path: Path, config: dict[str, Any]) -> None:
    first = Life(tmp_path / "db")
    machines = [first.machine(**PUBLIC) for _ in range(3)]
    first.clock.advance(5)
    broken(machines[1], config)
    first.platform.kernel.changed(machines[1])
    first.end()

    second = Life(tmp_path / "db")
    second.clock.advance(30)
    found = {machine.id: machine.state for machine in second.platform.machines.list("shop")}
    assert (found[machines[0].id], found[machines[2].id]) == ("started", "started")
    ended: list[bool] = []
    second.platform.shut_down(lambda: ended.append(True))
    second.clock.advance(30)
    assert ended == [True]
    second.end()


def test_a_document_that_cannot_be_read_is_told_by_its_kind_and_the_rest_comes_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = Life(tmp_path / "db")
    machine = first.machine()
    first.platform.secrets.change("shop", {"A": "open-sesame"})
    first.store.put("secret", "shop/B", CheckAnswer(True, "open-sesame"))
    first.end()
    second = Life(tmp_path / "db")
    assert second.platform.secrets.values("shop") == {"A": "open-sesame"}
    assert [one.id for one in second.platform.machines.list("shop")] == [machine.id]
    said = capsys.readouterr().err
    assert "a stored secret cannot be read" in said and "open-sesame" not in said
    second.end()


def test_a_check_that_cannot_be_asked_is_asked_again(fly: Fly) -> None:
    asked: list[str] = []

    class Unable:
        """A prober that fails."""

        def probe(self, machine_id: str, *rest: Any) -> None:
            """Raises."""
            asked.append(machine_id)
            raise RuntimeError("no more sockets")

    health = type(fly.platform.health)(fly.platform.kernel, Unable(), fly.platform.listening)
    machine = fly.platform.machines.get("shop", fly.started(PUBLIC)["id"])
    health.begin(machine)
    fly.after(60)
    assert len(asked) > 2
    assert machine.checks[0].output == "the check cannot be run: RuntimeError: no more sockets"
