"""Which sockets of a machine are in the wrong place, and what is said of them."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.local.core.listening import wrong_address
from tests.unit.local.simulated_fly import Fly

PORTS = {8080: 20_001, 9000: 20_002}


@pytest.mark.parametrize(
    ("internal", "listens_on", "said"),
    [
        (8080, [], ""),
        (8080, ["127.0.0.1:20001"], ""),
        (8080, ["0.0.0.0:20001"], ""),
        (8080, ["[::]:20001", "127.0.0.1:9229"], ""),
        (8080, ["127.0.0.1:20002"], ""),
        (8080, ["0.0.0.0:3000"], "the app listens on 0.0.0.0:3000, fly.toml's internal_port says 8080: "),
        (8080, ["0.0.0.0:8080"], "it has to listen on $PORT (127.0.0.1:20001); write $PORT instead of 8080"),
        (9000, ["0.0.0.0:9000", "127.0.0.1:20001"], "listen on $PORT_9000 (127.0.0.1:20002); write $PORT_9000"),
        (8080, ["[::1]:20001"], "listens on [::1]:20001, the platform looks at $PORT (127.0.0.1:20001): let it"),
        (8080, ["0.0.0.0:3000", "0.0.0.0:3001"], "the app listens on 0.0.0.0:3000 and 0.0.0.0:3001, fly.toml"),
    ],
)
def test_the_sentence_has_both_addresses_and_what_to_change(
    fly: Fly, internal: int, listens_on: list[str], said: str
) -> None:
    machine = fly.platform.kernel.machines[fly.create()["id"]]
    machine.ports = PORTS
    sentence = wrong_address(machine, internal, listens_on)
    assert said in sentence
    assert bool(said) == bool(sentence)


def test_nothing_is_said_where_nothing_is_known(fly: Fly) -> None:
    machine = fly.platform.kernel.machines[fly.started()["id"]]
    fly.after(60)
    assert fly.platform.listening.why_refused(machine, 8080) == ""
