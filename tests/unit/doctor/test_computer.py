"""What stands in the way on a computer."""

from __future__ import annotations

import pytest

from flyctl_orchestrator.catalog.error_pages import load_pages
from flyctl_orchestrator.doctor.computer import LITTLE, TOO_LITTLE, Facts, check_computer

WELL = Facts((3, 12), flyctl="/bin/flyctl 0.4.87", port=4280)


def test_a_computer_that_has_everything() -> None:
    assert list(check_computer(WELL)) == []


@pytest.mark.parametrize(
    ("facts", "code", "severity"),
    [
        (Facts((3, 10), flyctl="x"), "doctor.python", "error"),
        (Facts((3, 12), flyctl="x", has_pip=False), "doctor.no_pip", "warning"),
        (Facts((3, 12), flyctl="x", missing=("aiohttp",)), "local.extras", "error"),
        (Facts((3, 12)), "flyctl.missing", "warning"),
        (Facts((3, 12), flyctl="x", flyctl_trouble="newer"), "doctor.flyctl_untested", "warning"),
        (Facts((3, 12), flyctl="x", logged_in=False), "target.token", "warning"),
        (Facts((3, 12), flyctl="x", port=4280, port_taken=True), "doctor.port_taken", "info"),
        (Facts((3, 12), flyctl="x", port=4280, port_asked=True, port_taken=True), "doctor.port_taken", "error"),
        (Facts((3, 12), flyctl="x", engine_trouble="none answers"), "doctor.no_engine", "info"),
        (Facts((3, 12), flyctl="x", engine_trouble="none answers", engine_needed=True), "doctor.no_engine", "error"),
        (Facts((3, 12), flyctl="x", free=LITTLE - 1), "doctor.disk", "warning"),
        (Facts((3, 12), flyctl="x", free=TOO_LITTLE - 1), "doctor.disk", "error"),
        (Facts((3, 12), flyctl="x", unwritable=("/state",)), "doctor.unwritable", "error"),
    ],
)
def test_one_thing_at_a_time(facts: Facts, code: str, severity: str) -> None:
    (found,) = check_computer(facts)
    assert (found.code, found.severity) == (code, severity)
    assert code in load_pages() and found.fix


def test_a_port_on_which_our_own_platform_listens_is_no_trouble() -> None:
    assert list(check_computer(Facts((3, 12), flyctl="x", port=4280, port_taken=True, platform="http://x"))) == []
