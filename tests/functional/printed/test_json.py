"""What every command prints with --json, on a real local platform, is what its schema says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.flyo_process import Ran
from tests.functional.cli.local_fleet import LocalFleet
from tests.json_schemas import complaints, rows

# Command of docs/reference/json.md -> how it is called here, each with the exit status it has.
CALLS: dict[str, list[tuple[str, int]]] = {
    "init": [
        ("init --app shop --regions iad --start ./run --yes --dry-run", 0),
        ("init --app shop --regions iad --start ./run --yes", 0),
    ],
    "secrets set": [("secrets set KEY=- --local", 0), ("secrets set KEY --stdin --if-missing --local", 0)],
    "secrets import": [("secrets import - --local", 0)],
    "secrets generate": [("secrets generate OTHER --local", 0), ("secrets generate OTHER --if-missing --local", 0)],
    "secrets list": [("secrets list --local", 0)],
    "secrets check": [("secrets check --file - --local", 0)],
    "secrets unset": [("secrets unset OTHER --local", 0)],
    "regions list": [("regions list", 0), ("regions list --from Singapore", 0)],
    "regions suggest": [("regions suggest --users sg=40,de=60 --budget 15", 0)],
    "cost": [("cost", 0), ("cost --budget 0.01 --hours 8", 7)],
    "cost --diff": [("cost --diff --local", 0), ("cost --against fly.toml --budget 0.01", 7)],
    "plan": [("plan --local", 0)],
    "deploy": [("deploy --local", 0), ("deploy --local", 0)],
    "scale": [("scale iad=2 --local --yes", 0), ("scale iad=1 --local --yes", 0)],
    "rollback": [("rollback --local --yes", 0)],
    "rehearse": [("rehearse --local --fault region-down:fra:1s", 0)],
    "rehearse --all": [("rehearse --all --local --only region-down@iad:before", 0)],
    "lock status": [("lock status --local", 0)],
    "status": [("status --local", 0), ("status --local --no-probe", 0)],
    "history": [("history --local", 0)],
    "history show": [("history show last --local", 0)],
    "probe": [("probe --local --count 5", 0)],
    "watch": [("watch --local", 0)],
    "logs": [("logs --local -n 3", 0)],
    "doctor": [("doctor --local", 0), ("doctor --files", 0)],
    "explain": [("explain", 0), ("explain api.network", 0)],
    "local status": [("local status", 0)],
    "local logs": [("local logs -n 20", 0)],
    "local fault add": [("local fault add server-error --chance 0.01 --set op=volumes.list --for 1s", 0)],
    "local fault list": [("local fault list", 0)],
    "local fault names": [("local fault names", 0)],
}
# What has to be there before, whichever tests ran before.
BEFORE = {
    "secrets check": "secrets import - --local",
    "secrets unset": "secrets generate OTHER --if-missing --local",
    "rollback": "deploy --local",
}


def test_every_json_is_tried() -> None:
    assert list(CALLS) and set(CALLS) == set(rows())


@pytest.mark.parametrize("command", CALLS)
def test_what_is_printed_is_what_the_schema_says(command: str, fleet: LocalFleet, tmp_path: Path) -> None:
    writes, schema = rows()[command]
    if command == "rollback":
        server = fleet.project / "server.py"
        server.write_text(server.read_text() + "\n")
    if command in BEFORE:
        fleet.ok(*BEFORE[command].split(), stdin="NEW=one\n")
    for line, status in CALLS[command]:
        cwd = tmp_path if command == "init" else None
        ran = fleet.flyo(*line.split(), "--json", cwd=cwd, stdin="NEW=one\n")
        assert ran.status == status, ran.stdout + ran.stderr
        documents = ran.lines if writes == "an object per line" else [ran.json]
        assert documents, ran.stderr
        for document in documents:
            name = "event-1" if is_error(document) else schema
            assert complaints(name, document) == [], json.dumps(document)[:500]


def is_error(document: object) -> bool:
    return isinstance(document, dict) and document.get("event") == "error"


def error_of(ran: Ran) -> dict[str, object]:
    document: dict[str, object] = ran.lines[-1]
    assert complaints("event-1", document) == []
    return document


def test_a_rollout_that_fails_is_told_by_the_schema_too(fleet: LocalFleet) -> None:
    (fleet.switches / "sick-iad").touch()
    server = fleet.project / "server.py"
    before = server.read_text()
    server.write_text(before + "\n")
    try:
        ran = fleet.flyo("deploy", "--local", "--timeout", "4s", "--json")
    finally:
        server.write_text(before)
    assert ran.status == 3, ran.stderr
    wrong = [said for each in ran.lines for said in complaints("event-1", each)]
    assert wrong == []
    assert {"wave.failed", "rollback.finished", "step.failed"} <= {each["event"] for each in ran.lines}


def test_an_error_has_the_time_and_the_app(fleet: LocalFleet, tmp_path: Path) -> None:
    told = error_of(fleet.flyo("scale", "xyz=1", "--local", "--json"))
    assert (told["event"], told["app"], told["exit"]) == ("error", "fleet-test", 2)
    for words in (["-a", "shop"], ["-ashop"], ["--app", "shop"], ["--app=shop"], ["-a", "no", "-a", "shop"]):
        assert error_of(fleet.flyo("status", *words, "--no-such", "--json", cwd=tmp_path))["app"] == "shop"
    assert error_of(fleet.flyo("status", "--json", cwd=tmp_path))["app"] is None
    config = str(fleet.project / "fly.toml")
    assert error_of(fleet.flyo("status", "-c", config, "--no-such", "--json", cwd=tmp_path))["app"] == "fleet-test"
