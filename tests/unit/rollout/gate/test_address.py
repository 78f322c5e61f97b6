"""An app that listens where nobody looks for it, as the platform tells it: a fail before the time is over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flyctl_orchestrator.fleet.machine import Check
from flyctl_orchestrator.fleet.probe import Answer
from flyctl_orchestrator.rollout.gate.address import PERHAPS, SURELY
from flyctl_orchestrator.rollout.gate.gate import judge
from tests.unit.rollout.gate.test_gate import EXPECTED, GOOD, NEW, REFUSED, seen

LATER = replace(EXPECTED, deadline=1000.0)
ASIDE = "the app listens on 127.0.0.2:8080, the platform looks at $PORT (127.0.0.1:8080): let it listen on 0.0.0.0"
LITERAL = "the app listens on 0.0.0.0:8080: on the local platform, where every machine has a port of its own, it has to"
LITERAL += " listen on $PORT (127.0.0.1:32101); write $PORT instead of 8080 in its command or its code"
OTHER = (
    "the app listens on 0.0.0.0:9229, fly.toml's internal_port says 8080: on the local platform, it has to listen on"
)
OTHER += " $PORT (127.0.0.1:32101); for Fly.io, let it listen on 0.0.0.0:8080 or write internal_port = 9229"


@pytest.mark.parametrize(("said", "after"), [(ASIDE, SURELY), (LITERAL, SURELY), (OTHER, PERHAPS)])
def test_what_a_check_tells_is_believed_once_it_has_lasted(said: str, after: float) -> None:
    """Another port may be a helper's, which is there before the app's own."""
    machine = replace(NEW, checks=(Check("web", "critical", said),))
    evidence = seen(machine)
    early, late = (judge(LATER, evidence, 1.0 + seconds) for seconds in (after - 0.1, after))
    assert (early.kind, late.kind) == ("wait", "fail")
    assert (late.code, late.reason) == ("address", said)


def test_a_start_explains_it_as_long_as_the_grace_period_lasts() -> None:
    check = {"type": "http", "path": "/up", "grace_period": "60s"}
    config = {"services": [{"ports": [], "checks": [check]}]}
    machine = replace(NEW, config=config, checks=(Check("web", "critical", ASIDE),))
    evidence = seen(machine)
    assert judge(LATER, evidence, 60.9).kind == "wait"
    assert judge(LATER, evidence, 61.0).code == "address"


def test_a_connection_that_is_refused_tells_nothing() -> None:
    machine = replace(NEW, checks=REFUSED)
    assert judge(LATER, seen(machine), 100.0).kind == "wait"


@pytest.mark.parametrize(("said", "after"), [(ASIDE, SURELY), (OTHER, PERHAPS)])
def test_so_is_what_the_proxy_tells(said: str, after: float) -> None:
    open_ = replace(NEW, checks=(), config={"services": [{"ports": [{"port": 80, "handlers": ["http"]}]}]})
    told = Answer(ok=False, status=502, error=f"http://shop.test/: answered 502 (PC01: machine m1 (fra): {said})")
    evidence = seen(open_, answers=(told, told))
    # The first answer was heard at 2.0.
    assert judge(LATER, evidence, 2.0 + after - 0.1).kind == "probe"
    late = judge(LATER, evidence, 2.0 + after)
    assert (late.kind, late.code, late.reason) == ("fail", "address", said)
    evidence.hear(GOOD, 2.0 + after)
    assert judge(LATER, evidence, 2.0 + after).kind == "pass"
