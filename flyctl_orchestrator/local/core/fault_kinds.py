"""The faults there are: name, what it does, and what can be set about it. Names are stable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flyctl_orchestrator.local.base.duration import seconds
from flyctl_orchestrator.local.base.errors import invalid

LONGEST_SECONDS = 86_400.0


@dataclass(frozen=True)
class Setting:
    """Something that can be set about a fault.

    Attributes:
        default: its value when nothing is said; its type decides what is accepted.
        what: for the documentation.
        least, most: bounds of numbers.
        choices: the words that are accepted, empty for any.
        duration: a number of seconds, which may be written "1m30s".
    """

    default: str | float | int
    what: str
    least: float = 0.0
    most: float = LONGEST_SECONDS
    choices: tuple[str, ...] = ()
    duration: bool = False

    def read(self, name: str, said: Any) -> str | float | int:
        """The value meant by `said`. Raises PlatformError 400."""
        if isinstance(self.default, str):
            return self._text(name, said)
        number = self._number(name, said)
        if not self.least <= number <= self.most:
            raise invalid(f"{name}={said} must be between {self.least:g} and {self.most:g}")
        return int(number) if isinstance(self.default, int) else number

    def _text(self, name: str, said: Any) -> str:
        if not isinstance(said, str) or not said or not said.isprintable() or len(said) > 200:
            raise invalid(f"{name} must be a word")
        if self.choices and said not in self.choices:
            raise invalid(f"{name}={said} must be one of {', '.join(self.choices)}")
        return said

    def _number(self, name: str, said: Any) -> float:
        kind = "a duration such as 5s" if self.duration else "a number"
        if isinstance(said, bool) or not isinstance(said, str | int | float):
            raise invalid(f"{name} must be {kind}")
        try:
            if isinstance(said, str) and self.duration and not _is_number(said):
                sign = -1.0 if said.startswith("-") else 1.0
                return sign * seconds(said.removeprefix("-"), 0.0, name)
            number = float(said)
        except ValueError:
            raise invalid(f"{name}={said} must be {kind}") from None
        if isinstance(self.default, int) and number != int(number):
            raise invalid(f"{name}={said} must be a whole number")
        return number


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class FaultKind:
    """One kind of fault.

    Attributes:
        does: what it does, one line.
        settings: what can be set about it, by name.
        counted: it strikes now and then, so that it can be counted and left to chance; the others just last.
        times: how often it strikes when neither that nor a duration is said; None: until it is cleared.
        place: at least one of region, app and machine has to be named.
    """

    name: str
    does: str
    settings: Mapping[str, Setting] = field(default_factory=dict)
    counted: bool = True
    times: int | None = None
    place: bool = False

    @property
    def shared(self) -> bool:
        """Whether its setting `share` says how likely it strikes, so that it has no other chance."""
        return "share" in self.settings


OP = Setting("", "only this operation, e.g. machines.update or leases.*; default: all of the Machines API")
IMAGE = Setting("", "only machines whose image reference holds this text")
RELEASE = Setting("", "`new`: only machines whose image no machine had when the fault was set", choices=("new",))
WHICH = {"image": IMAGE, "release": RELEASE}
PATH = Setting("", "only paths like this one, e.g. /api/*; default: all but those of the machine's checks")
#: How an answer can be made unreadable; `answer_damage.py` does it.
DAMAGES = (
    "html", "half", "cut", "null", "empty", "redirect", "shape", "text", "nan", "deep", "large", "gzip", "drip",
)  # fmt: skip
FROM = ("start", "healthy")
HOW_BUILDING = ("closed", "502", "503", "504")
WHEN_BUILDING = ("before", "during", "after")


def _share() -> Setting:
    return Setting(0.5, "how much of them, 0 to 1", 0.0, 1.0)


def _span(default: float, what: str) -> Setting:
    return Setting(default, what, duration=True)


def _table(*kinds: FaultKind) -> dict[str, FaultKind]:
    return {kind.name: kind for kind in kinds}


KINDS: dict[str, FaultKind] = _table(
    FaultKind(
        "region-down",
        "no host of the region answers: its machines run on, out of reach",
        counted=False,
        place=True,
    ),
    FaultKind(
        "host-down",
        "a host dies with its machines; they boot again when it is back",
        counted=False,
        place=True,
    ),
    FaultKind(
        "slow-boot",
        "a machine that is started takes longer to boot",
        {"seconds": _span(30.0, "how much longer"), **WHICH},
    ),
    FaultKind(
        "crash-loop",
        "the machine's process ends by itself soon after every start",
        {
            "after": _span(1.0, "how soon"),
            "code": Setting(1, "exit code", 0, 255),
            **WHICH,
        },
    ),
    FaultKind(
        "crash-after",
        "the machine's process runs well for a while and then ends by itself, after every start",
        {
            "seconds": _span(4.0, "how long it runs"),
            "from": Setting("start", "counted from its start or from its first passing checks", choices=FROM),
            "code": Setting(1, "exit code", 0, 255),
            **WHICH,
        },
    ),
    FaultKind(
        "error-share",
        "a share of the requests to the app is answered with an error, and the app does not see them",
        {
            "share": _share(),
            "status": Setting(500, "the error's status", 400, 599),
            "path": PATH,
            **WHICH,
        },
    ),
    FaultKind(
        "slow-share",
        "a share of the requests to the app is answered late",
        {"share": _share(), "seconds": _span(2.0, "how late"), "path": PATH, **WHICH},
    ),
    FaultKind(
        "failing-check",
        "health checks fail",
        {"check": Setting("", "only checks whose name holds this text"), **WHICH},
    ),
    FaultKind(
        "flapping-check",
        "health checks pass for a while, then fail for a while, in turns",
        {
            "period": Setting(5.0, "how long each turn lasts", 0.1, duration=True),
            "check": Setting("", "only checks whose name holds this text"),
            **WHICH,
        },
        counted=False,
    ),
    FaultKind(
        "check-stuck",
        "health checks give no news: what they said last stays",
        {"check": Setting("", "only checks whose name holds this text"), **WHICH},
        counted=False,
    ),
    FaultKind(
        "rate-limited",
        "the API answers 429 and does nothing",
        {"op": OP, "retry_after": Setting(0, "seconds in a Retry-After header; 0: no header")},
    ),
    FaultKind(
        "server-error",
        "the API answers 500 and does nothing",
        {"op": OP, "status": Setting(500, "another status of that family", 500, 599)},
    ),
    FaultKind(
        "connection-reset",
        "the API closes the connection without an answer",
        {"op": OP, "when": Setting("before", "whether the operation was done", choices=("before", "after"))},
    ),
    FaultKind(
        "slow-answers",
        "answers come late; what was asked for is done at once",
        {
            "seconds": _span(2.0, "how late"),
            "at": Setting("api", "the Machines API, or the app as its clients see it", choices=("api", "app")),
            "op": OP,
        },
    ),
    FaultKind(
        "lost-create",
        "creating a machine is answered with 408, though the machine was created",
        {"status": Setting(408, "another status", 400, 599)},
        times=1,
    ),
    FaultKind(
        "unreadable",
        "the API's answers cannot be read",
        {
            "op": OP,
            "how": Setting("html", f"what they are: {', '.join(DAMAGES)}", choices=DAMAGES),
            "when": Setting("after", "whether the operation was done", choices=("before", "after")),
            "seconds": Setting(0.7, "with how=drip: between two bytes", 0.0, duration=True),
        },
    ),
    FaultKind(
        "no-capacity",
        "the region has no room: no machine is created or started there",
        {
            "op": Setting("", "only this operation, e.g. machines.update; default: machines.create and machines.start"),
            "what": Setting("memory", "what is lacking", choices=("memory", "CPUs")),
        },
    ),
    FaultKind(
        "builder-drops",
        "the connection to the builder is lost, or it answers an error",
        {
            "how": Setting("closed", "the connection is closed, or this status is answered", choices=HOW_BUILDING),
            "when": Setting("during", "with how=closed: before, during or after the build", choices=WHEN_BUILDING),
        },
    ),
    FaultKind(
        "lease-held",
        "another client holds the lease of every machine that is free",
        {"owner": Setting("somebody-else@example.com", "who")},
        counted=False,
    ),
    FaultKind(
        "image-pull-fails",
        "an update's image cannot be pulled: the old version runs on, and the machine shows as started",
        WHICH,
    ),
    FaultKind(
        "pull-reverted",
        "as image-pull-fails, but only after a while: until then the machine shows the new version, being started",
        {"seconds": _span(5.0, "how long the image is pulled in vain"), **WHICH},
    ),
    FaultKind(
        "secrets-lag",
        "hosts have not heard of the newest secrets: 412 when min_secrets_version is asked for",
    ),
    FaultKind(
        "proxy-lag",
        "the proxy hears late of what happens to machines",
        {"seconds": _span(10.0, "how late")},
        counted=False,
    ),
    FaultKind(
        "clock-skew",
        "timestamps and ends of leases in answers are off",
        {"seconds": Setting(30.0, "by how much; less than 0: in the past", -LONGEST_SECONDS, duration=True)},
        counted=False,
    ),
    FaultKind(
        "stuck-suspending",
        "a machine that is suspended stays `suspending` for long",
        {"seconds": _span(60.0, "how long")},
    ),
)
