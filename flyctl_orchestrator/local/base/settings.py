"""Settings of the local platform that may be changed while it runs (`PUT /_local/settings`)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from flyctl_orchestrator.local.base.errors import invalid

RUNTIMES = ("auto", "process", "container")


@dataclass
class Settings:
    """What can be changed; one object shared by platform and proxy.

    Attributes:
        delays: whether the proxy delays traffic between regions as the network would.
        autostop_tick_seconds: seconds between two autostop passes of the proxy.
        rate_limits: whether the documented request limits answer 429.
        boot_seconds: added to every cold start.
        resume_seconds: added to every resume from suspend.
        first_check_seconds: how soon a check is tried again until it first passes (Fly waits a whole interval).
        runtime: how apps run that do not say it: "auto", "process" or "container".
    """

    delays: bool = False
    autostop_tick_seconds: float = 300.0
    rate_limits: bool = True
    boot_seconds: float = 0.0
    resume_seconds: float = 0.0
    first_check_seconds: float = 0.1
    runtime: str = "auto"

    def as_dict(self) -> dict[str, Any]:
        """Every setting and its value."""
        return asdict(self)

    def change(self, wanted: Any) -> None:
        """Change the settings named in `wanted`, all of them or none.

        Raises:
            PlatformError: 400 for an unknown name, a wrong type or a negative number.
        """
        if not isinstance(wanted, dict):
            raise invalid("settings must be an object")
        kinds = {setting.name: type(getattr(self, setting.name)) for setting in fields(self)}
        checked: dict[str, Any] = {}
        for name, value in wanted.items():
            if name not in kinds:
                raise invalid(f"no setting is called {name!r}; there are: {', '.join(sorted(kinds))}")
            checked[name] = _checked(name, value, kinds[name])
        for name, value in checked.items():
            setattr(self, name, value)


def _checked(name: str, value: Any, kind: type) -> Any:
    if kind is bool:
        if not isinstance(value, bool):
            raise invalid(f"{name} must be true or false")
        return value
    if kind is str:
        if value not in RUNTIMES:
            raise invalid(f"{name} must be one of {', '.join(RUNTIMES)}")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise invalid(f"{name} must be a number of seconds, zero or more")
    return float(value)
