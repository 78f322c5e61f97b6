"""Which Fly a command acts on, decided from --local and the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flyctl_orchestrator.cli.state import remembers
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import FlyoError, UnreachableError, UsageError
from flyctl_orchestrator.fleet.flyctl.env import API_BASES, child_environment
from flyctl_orchestrator.fleet.flyctl.find import STAND_IN, Kind, find_flyctl
from flyctl_orchestrator.fleet.flyctl.flyctl import Flyctl
from flyctl_orchestrator.fleet.flyctl.version import FlyctlVersion
from flyctl_orchestrator.fleet.requests_http import RequestsHttp
from flyctl_orchestrator.fleet.target import Target
from flyctl_orchestrator.report.output import Output
from flyctl_orchestrator.variables import address

MACHINES_API = "https://api.machines.dev"
FLY_API = "https://api.fly.io"
APP_URL = "https://{app}.fly.dev"


def wants_local(environment: Environment, local: bool) -> bool:
    """Whether --local was given, or FLYO_TARGET=local stands for it.

    Raises:
        UsageError: FLYO_TARGET is something else.
    """
    chosen = environment.variables.get("FLYO_TARGET", "")
    if chosen not in ("", "local", "fly"):
        raise UsageError(
            f"'{chosen}' is not a target",
            where="FLYO_TARGET",
            next="Use 'local', or unset it for Fly.io",
            code="target.unknown",
        )
    return local or chosen == "local"


def resolve_target(environment: Environment, local: bool, *, needs_flyctl: bool = True) -> Target:
    """Where to act, ready to be used; starts the local platform when it is asked for and not running.

    Says on stderr which platform and which flyctl are used (with the local one), and tells of an untested flyctl.

    Args:
        local: whether --local was given.
        needs_flyctl: False for commands that only use the Machines API; they run without flyctl when there is a token.

    Raises:
        UnreachableError: flyctl, a token or the local platform is missing.
        UsageError: the environment contradicts itself.
    """
    if wants_local(environment, local):
        return _local_target(environment, needs_flyctl)
    return _fly_target(environment, needs_flyctl)


def _local_target(environment: Environment, needs_flyctl: bool) -> Target:
    from flyctl_orchestrator.cli.local.client import ensure_local

    handed_out = ensure_local(environment)
    token, url = handed_out["FLY_API_TOKEN"], handed_out["FLY_FLAPS_BASE_URL"]
    kind, argv = find_flyctl(environment.variables, local=True)
    flyctl = _flyctl(environment, kind, argv, token, handed_out)
    which = f" · {_describe(flyctl)}" if needs_flyctl else ""
    Output.of(environment).say(f"local platform on {url}{which}")
    return Target(
        kind="local",
        api_url=url,
        token=token,
        app_url_template=handed_out["FLYO_APP_URL"],
        builder_url=handed_out.get("FLYO_BUILDER_URL"),
        flyctl=flyctl,
        http=RequestsHttp(environment.clock, environment.variables),
        clock=environment.clock,
        random=environment.random,
        metrics_url=handed_out["FLY_API_BASE_URL"],
    )


def _fly_target(environment: Environment, needs_flyctl: bool) -> Target:
    variables = environment.variables
    _check_bases(variables)
    token = variables.get("FLY_ACCESS_TOKEN") or variables.get("FLY_API_TOKEN") or ""
    kind: Kind = "flyctl"
    argv: tuple[str, ...] = ("flyctl",)
    try:
        kind, argv = find_flyctl(variables, local=False)
    except FlyoError:
        # A command that can do without it says so when it comes to that.
        if needs_flyctl or not token:
            raise
    flyctl = _flyctl(environment, kind, argv, token.strip())
    if not token:
        # flyctl goes on using its own login, which it can refresh when the run is long.
        token = _own_login(flyctl)
        flyctl = replace(flyctl, private=(token,))
    if not token.isascii() or not token.strip().isprintable():
        raise UnreachableError(
            "the token holds characters that no Fly token has",
            where="FLY_API_TOKEN",
            next="Copy it again, without quotes or line breaks",
            code="target.token",
        )
    if needs_flyctl:
        say_untested(environment, flyctl.version())
    return Target(
        kind="fly",
        api_url=variables.get("FLY_FLAPS_BASE_URL") or MACHINES_API,
        token=token.strip(),
        app_url_template=address(variables, "FLYO_APP_URL") or APP_URL,
        builder_url=address(variables, "FLYO_BUILDER_URL") or None,
        flyctl=flyctl,
        http=RequestsHttp(environment.clock, variables),
        clock=environment.clock,
        random=environment.random,
        metrics_url=variables.get("FLY_API_BASE_URL") or FLY_API,
    )


def say_untested(environment: Environment, version: FlyctlVersion) -> None:
    """Warn of a flyctl older than the tested ones; note a newer one, which mostly works, once on this computer."""
    if version.untested == "older":
        Output.of(environment).say(f"warning: {version.remark}")
    elif version.untested == "newer" and not remembers(environment, "newer-flyctl", version.text):
        Output.of(environment).say(f"note: {version.remark}; said once")


def _check_bases(variables: Mapping[str, str]) -> None:
    """flyctl talks to three servers; redirecting some of them would send the token to the others."""
    given = [name for name in API_BASES if address(variables, name)]
    if given and len(given) < len(API_BASES):
        missing = ", ".join(name for name in API_BASES if name not in given)
        raise UsageError(
            f"{', '.join(given)} set, but not {missing}: the token would go to Fly.io as well",
            where="environment",
            next="Set all three, or none",
            code="target.bases",
        )


def _flyctl(
    environment: Environment,
    kind: Kind,
    argv: tuple[str, ...],
    token: str | None,
    extra: Mapping[str, str] | None = None,
) -> Flyctl:
    own = {name: value for name, value in (extra or {}).items() if not name.startswith("FLYO_")}
    child = child_environment(environment.variables, token=token, extra=own)
    return Flyctl(argv, child, environment.clock, kind, private=(token,) if token else ())


def _own_login(flyctl: Flyctl) -> str:
    token = flyctl.auth_token()
    if not token:
        raise UnreachableError(
            "there is no token for Fly.io",
            next="Log in with 'flyctl auth login', or set FLY_API_TOKEN",
            code="target.token",
        )
    return token


def _describe(flyctl: Flyctl) -> str:
    if flyctl.argv == STAND_IN:
        return "flyctl stand-in"
    version = flyctl.version()
    note = f" ({version.remark})" if version.remark else ""
    return f"flyctl v{version.text.removeprefix('v')}{note}"
