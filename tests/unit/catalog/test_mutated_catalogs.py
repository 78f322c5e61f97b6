"""Whatever somebody's own catalog says, commands either use it or refuse it in one line. EXAMPLES asks for more."""

from __future__ import annotations

import io
import os
from importlib import resources
from pathlib import Path
from random import Random

import pytest

from flyctl_orchestrator.cli.main import run
from flyctl_orchestrator.environment import Environment
from tests.mutated import mutated

COMMANDS = {
    "regions.toml": (
        "regions list",
        "regions list --from Singapore",
        "regions suggest --users sg=40,de=60 --budget 15",
    ),
    "prices.toml": ("regions list", "cost", "cost --hours 8", "regions suggest --users us=1 --budget 9"),
    "latency.toml": ("regions list --from iad", "regions suggest --users sg=40,de=60 --budget 15"),
}
FLY = (
    'app = "shop"\nprimary_region = "iad"\n[[vm]]\nsize = "shared-cpu-1x"\n[mounts]\nsource = "d"\ndestination = "/d"\n'
)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_catalog_is_used_or_refused(tmp_path: Path, name: str) -> None:
    good = resources.files("flyctl_orchestrator.catalog").joinpath(name).read_text("utf-8")
    (tmp_path / "fly.toml").write_text(FLY)
    (tmp_path / "flyo.toml").write_text("[regions]\niad = 1\nfra = 1\n")
    refused = 0
    examples = int(os.environ.get("EXAMPLES") or 90) // len(COMMANDS)
    for number in range(examples):
        chance = Random(f"{os.environ.get('SEED') or 0} {name} {number}")
        (tmp_path / name).write_bytes(mutated(good, chance))
        out, err = io.StringIO(), io.StringIO()
        known = {"PATH": "", "FLYO_CATALOG_DIR": str(tmp_path), "FLYO_STATE_DIR": str(tmp_path), "FLYO_TRACEBACK": "1"}
        command = chance.choice(COMMANDS[name])
        status = run(command.split(), Environment(known, tmp_path, stdin=io.StringIO(), stdout=out, stderr=err))
        said = f"{number}: {command}: {status}\n{err.getvalue()}"
        assert status in (0, 2) and "[defect]" not in err.getvalue(), said
        assert status == 0 or err.getvalue().splitlines()[-1].startswith("flyo: "), said
        refused += status == 2
    assert 0 < refused < examples
