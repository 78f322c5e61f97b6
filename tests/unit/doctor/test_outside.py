"""What is wrong with volumes and addresses, one thing at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flyctl_orchestrator.doctor.outside import check_addresses, check_volumes
from flyctl_orchestrator.fleet.flyctl.printed import Address
from flyctl_orchestrator.fleet.volumes import Volume
from tests.unit.doctor.test_fleet import CONFIG, one

WELL = Volume("vol_1", "data", "iad", 3, machine="m1", snapshots=True, snapshot_days=5)
SERVING = [one("a")]
WORKING = [one("a", config={key: value for key, value in CONFIG.items() if key != "services"})]


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("doctor.volume_unused", {"machine": ""}),
        ("doctor.volume_host", {"host_status": "unreachable"}),
        ("doctor.no_snapshots", {"snapshots": False}),
        ("doctor.few_snapshots", {"snapshot_days": 4}),
    ],
)
def test_a_volume_has_one_thing_wrong(code: str, changes: dict[str, Any]) -> None:
    (found,) = check_volumes([WELL, replace(WELL, **changes)])
    assert (found.code, found.severity, found.where) == (code, "warning", "iad vol_1")


def test_a_volume_of_which_nothing_is_said_has_nothing_wrong() -> None:
    assert list(check_volumes([WELL, replace(WELL, snapshots=None, snapshot_days=None)])) == []


@pytest.mark.parametrize(
    ("kinds", "serves", "codes"),
    [
        (["v6", "shared_v4"], True, []),
        (["private_v6"], True, []),
        ([], True, ["doctor.no_address"]),
        ([], False, []),
        (["private_v6"], False, []),
        (["v6"], False, ["doctor.public_address"]),
        (["v6", "v4"], True, ["doctor.own_ipv4"]),
    ],
)
def test_addresses_fit_what_the_app_does(kinds: list[str], serves: bool, codes: list[str]) -> None:
    addresses = [Address(address=f"address-{kind}", kind=kind) for kind in kinds]
    assert [each.code for each in check_addresses("shop", addresses, SERVING if serves else WORKING)] == codes


def test_of_an_app_without_machines_no_address_is_too_many() -> None:
    assert list(check_addresses("shop", [Address(address="::1", kind="v6")], [])) == []
