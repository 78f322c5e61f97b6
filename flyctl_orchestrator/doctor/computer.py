"""This computer: whether flyo, flyctl and the local platform can work on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flyctl_orchestrator.doctor.finding import Finding, Severity
from flyctl_orchestrator.fleet.flyctl.find import INSTALL_IT

# Bytes below which an image or a journal may not fit any more.
LITTLE, TOO_LITTLE = 1_000_000_000, 100_000_000
OLDEST = (3, 11)


@dataclass(frozen=True)
class Facts:
    """What was found out about a computer.

    Attributes:
        python: version of the Python that runs flyo.
        has_pip: whether that Python can make virtual environments with pip.
        missing: packages of the extra `local` that are not installed.
        flyctl: its path and version, "" where there is none.
        flyctl_trouble: why it cannot be used, or that it was not tested with this flyo; "" for nothing.
        logged_in: whether there is a token for Fly.io, from a login or the environment.
        port: where the local platform would listen; None for any port.
        port_asked: whether FLYO_LOCAL_PORT asks for that very port; else another one is taken when it is not free.
        port_taken: whether somebody else listens there.
        platform: address of the local platform that runs, "" for none.
        engine_trouble: why no container engine answers, "" when one does or none is wanted.
        engine_needed: whether FLYO_LOCAL_RUNTIME asks for containers; else apps run as processes without an engine.
        free: bytes free where the local platform keeps images.
        unwritable: directories that flyo keeps things in and cannot write.
    """

    python: tuple[int, int]
    has_pip: bool = True
    missing: tuple[str, ...] = ()
    flyctl: str = ""
    flyctl_trouble: str = ""
    logged_in: bool = True
    port: int | None = None
    port_asked: bool = False
    port_taken: bool = False
    platform: str = ""
    engine_trouble: str = ""
    engine_needed: bool = False
    free: int = LITTLE
    unwritable: tuple[str, ...] = ()


def check_computer(facts: Facts) -> Iterator[Finding]:
    """What stands in the way on a computer."""
    yield from _python(facts)
    yield from _flyctl(facts)
    if facts.port_taken and not facts.platform:
        severity: Severity = "error" if facts.port_asked else "info"
        yield Finding(
            severity, f"port {facts.port}", "another program listens where the local platform would",
            "End it, or leave FLYO_LOCAL_PORT unset: then a free port is taken", code="doctor.port_taken",
        )  # fmt: skip
    if facts.engine_trouble:
        needed: Severity = "error" if facts.engine_needed else "info"
        what = f"{facts.engine_trouble}, so apps run as processes of this computer and not in containers"
        yield Finding(
            needed, "container engine", facts.engine_trouble if facts.engine_needed else what,
            "Start Docker or Podman, or set DOCKER_HOST, where that makes a difference to your app",
            code="doctor.no_engine",
        )  # fmt: skip
    if facts.free < LITTLE:
        what = f"{facts.free / 1e6:.0f} MB are free where images are kept"
        yield Finding(
            "error" if facts.free < TOO_LITTLE else "warning", "disk", what,
            "Make room, or set FLYO_LOCAL_DIR to another disk", code="doctor.disk",
        )  # fmt: skip
    for directory in facts.unwritable:
        yield Finding(
            "error", directory, "cannot be written, and flyo keeps journals or machines there",
            "Change its permissions, or set FLYO_STATE_DIR and FLYO_LOCAL_DIR", code="doctor.unwritable",
        )  # fmt: skip


def _python(facts: Facts) -> Iterator[Finding]:
    shown = f"Python {facts.python[0]}.{facts.python[1]}"
    if facts.python < OLDEST:
        yield Finding("error", shown, "is older than 3.11", "Use a newer Python", code="doctor.python")
    if not facts.has_pip:
        yield Finding(
            "warning", shown, "has no ensurepip, so that the local platform cannot install what an app needs",
            "Install it (Debian: apt install python3-venv)", code="doctor.no_pip",
        )  # fmt: skip
    if facts.missing:
        yield Finding(
            "error", shown, f"lacks packages that the local platform needs: {', '.join(facts.missing)}",
            "Run pip install '.[local]' in flyo's own clone", code="local.extras",
        )  # fmt: skip


def _flyctl(facts: Facts) -> Iterator[Finding]:
    if not facts.flyctl:
        yield Finding(
            "warning", "flyctl", facts.flyctl_trouble or "is not installed; --local works without it",
            f"{INSTALL_IT} before you deploy to Fly.io",
            code="flyctl.missing",
        )  # fmt: skip
    elif facts.flyctl_trouble:
        yield Finding(
            "warning", "flyctl", facts.flyctl_trouble, "Install that version, or rehearse before you deploy",
            code="doctor.flyctl_untested",
        )  # fmt: skip
    if not facts.logged_in:
        yield Finding(
            "warning", "Fly.io", "nobody is logged in on this computer; --local needs no login",
            "Log in with 'flyctl auth login', or set FLY_API_TOKEN", code="target.token",
        )  # fmt: skip
