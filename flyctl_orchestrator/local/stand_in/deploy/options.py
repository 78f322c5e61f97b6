"""What the flags of `deploy` ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flyctl_orchestrator.local.stand_in.arguments import Arguments
from flyctl_orchestrator.local.stand_in.failures import Failure, NotOffered
from flyctl_orchestrator.local.stand_in.go_values import parse_duration, parse_size
from flyctl_orchestrator.local.stand_in.toml.guest import DEFAULT_SIZE, MEBIBYTE, preset

_NANOSECONDS = 1_000_000_000
OFFERED_STRATEGIES = ("rolling", "immediate")


@dataclass(frozen=True)
class Options:
    """The flags, read. Times are seconds; the filters are empty when they do not filter."""

    image: str
    strategy: str
    regions: frozenset[str]
    exclude_regions: frozenset[str]
    only_machines: frozenset[str]
    exclude_machines: frozenset[str]
    groups: frozenset[str]
    update_only: bool
    spare_machines: bool
    smoke_checks: bool
    wait_for_health: bool
    wait_timeout: float | None
    lease_timeout: float
    release_command_timeout: float | None
    retries: int
    max_unavailable: float | None
    max_concurrent: int
    skip_release_command: bool
    public_ips: bool
    primary_region: str
    env: dict[str, str]
    guest: dict[str, object]

    @property
    def filters(self) -> list[str]:
        """The names of the filters that are in use."""
        named = {
            "--regions": self.regions,
            "--exclude-regions": self.exclude_regions,
            "--only-machines": self.only_machines,
            "--exclude-machines": self.exclude_machines,
            "--process-groups": self.groups,
        }
        return [name for name, values in named.items() if values]


def read_options(arguments: Arguments) -> Options:
    """The options of one `deploy`.

    Raises:
        Failure: a value makes no sense.
        NotOffered: a strategy the stand-in has not.
    """
    detached = arguments.on("detach")
    strategy = arguments.text("strategy")
    if strategy and strategy not in OFFERED_STRATEGIES:
        raise NotOffered(f"deploy --strategy {strategy}")
    lease = seconds(arguments, "lease-timeout")
    return Options(
        image=arguments.text("image"),
        strategy=strategy,
        regions=frozenset(arguments.many("regions")),
        exclude_regions=frozenset(arguments.many("exclude-regions")),
        only_machines=frozenset(arguments.many("only-machines")),
        exclude_machines=frozenset(arguments.many("exclude-machines")),
        groups=frozenset(arguments.many("process-groups")),
        update_only=arguments.on("update-only"),
        spare_machines=arguments.on("ha"),
        smoke_checks=arguments.on("smoke-checks") and not detached,
        wait_for_health=not detached,
        wait_timeout=seconds(arguments, "wait-timeout"),
        lease_timeout=13.0 if lease is None else lease,
        release_command_timeout=seconds(arguments, "release-command-timeout"),
        retries=_retries(arguments.text("deploy-retries")),
        max_unavailable=_share(arguments.text("max-unavailable")),
        max_concurrent=max(_number(arguments, "max-concurrent", int), 1),
        skip_release_command=arguments.on("skip-release-command"),
        public_ips=not arguments.on("no-public-ips"),
        primary_region=arguments.text("primary-region"),
        env=_pairs(arguments.many("env")),
        guest=_guest(arguments),
    )


def seconds(arguments: Arguments, name: str) -> float | None:
    """A time flag in seconds, or None when it was not given: a Go duration, whole seconds, or "none".

    Raises:
        Failure: it is none of these.
    """
    text = arguments.text(name)
    if not text:
        return None
    if text == "none":
        return 0.0
    if text.isdigit():
        return float(text)
    try:
        return parse_duration(text) / _NANOSECONDS
    except ValueError as error:
        raise Failure(
            f"invalid duration value {text} used for --{name} flag: valid options are a number of seconds, number "
            "with time unit (i.e.: 5m, 180s) or 'none'"
        ) from error


def _retries(text: str) -> int:
    if text == "auto":
        return 0
    if not text.isdigit():
        raise Failure("--deploy-retries must be set to a positive integer, 0, or 'auto'")
    return int(text)


def _share(text: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError as error:
        raise Failure(f'invalid argument "{text}" for "--max-unavailable" flag') from error
    if value <= 0:
        raise Failure("the value for --max-unavailable must be > 0")
    return value


def _number(arguments: Arguments, name: str, read: Callable[[str], int]) -> int:
    try:
        return read(arguments.text(name))
    except ValueError as error:
        raise Failure(f'invalid argument "{arguments.text(name)}" for "--{name}" flag') from error


def _pairs(items: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals:
            raise Failure(f"failed parsing environment: '{item}': must be in the format NAME=VALUE")
        found[name] = value
    return found


def _guest(arguments: Arguments) -> dict[str, object]:
    guest = preset(arguments.text("vm-size") or DEFAULT_SIZE)
    if memory := arguments.text("vm-memory"):
        try:
            guest["memory_mb"] = parse_size(memory, unit=MEBIBYTE, binary=True)
        except ValueError as error:
            raise Failure(str(error)) from error
    return guest
