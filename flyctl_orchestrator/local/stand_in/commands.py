"""The commands of the stand-in. A command's code is imported only when it is run."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flyctl_orchestrator.local.stand_in.arguments import Flag
from flyctl_orchestrator.local.stand_in.failures import NotOffered
from flyctl_orchestrator.local.stand_in.session import Session

_ROOM = "flyctl_orchestrator.local.stand_in"
_EVERYWHERE = (
    Flag("access-token", short="t"),
    Flag("verbose", "bool"),
    Flag("debug", "bool"),
)
_APP = (Flag("app", short="a"), Flag("config", short="c"))
_JSON = Flag("json", "bool", short="j")
_YES = Flag("yes", "bool", short="y", aliases=("auto-confirm",))
_ORG = Flag("org", short="o")
_SECRETS = (
    *_APP,
    Flag("stage", "bool"),
    Flag("detach", "bool"),
    Flag("dns-checks", "bool", default=True),
)
_SNAPSHOTS = (
    Flag("snapshot-retention", default="5"),
    Flag("scheduled-snapshots", "bool", default=True),
)
_VOLUME = (
    Flag("region", short="r"),
    Flag("size", short="s", default="1"),
    Flag("count", short="n", default="1"),
    *_SNAPSHOTS,
)
_DEPLOY = (
    *_APP,
    _YES,
    Flag("image", short="i"),
    Flag("image-label"),
    Flag("strategy"),
    Flag("regions", "list", aliases=("only-regions",)),
    Flag("exclude-regions", "list"),
    Flag("only-machines", "list"),
    Flag("exclude-machines", "list"),
    Flag("process-groups", "list"),
    Flag("update-only", "bool"),
    Flag("ha", "bool", default=True),
    Flag("detach", "bool"),
    Flag("smoke-checks", "bool", default=True),
    Flag("dns-checks", "bool", default=True),
    Flag("wait-timeout"),
    Flag("lease-timeout"),
    Flag("release-command-timeout"),
    Flag("deploy-retries", default="auto"),
    Flag("max-unavailable"),
    Flag("max-concurrent", default="8"),
    Flag("skip-release-command", "bool"),
    Flag("no-public-ips", "bool"),
    Flag("primary-region"),
    Flag("env", "texts", short="e"),
    Flag("now", "bool"),
    Flag("local-only", "bool"),
    Flag("remote-only", "bool"),
    Flag("depot"),
    Flag("vm-size"),
    Flag("vm-memory"),
)


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        name: its words, e.g. "apps create".
        place: module below this package and function, e.g. "apps:create".
        flags: what it takes.
    """

    name: str
    place: str
    flags: tuple[Flag, ...]

    def load(self) -> Callable[[Session], None]:
        """The function that runs it."""
        module, _, function = self.place.partition(":")
        found: Callable[[Session], None] = getattr(importlib.import_module(f"{_ROOM}.{module}"), function)
        return found


def _command(name: str, place: str, *flags: Flag) -> Command:
    return Command(name, place, (*_EVERYWHERE, *flags))


COMMANDS = (
    _command("version", "who:show_version", _JSON),
    _command("auth whoami", "who:whoami", _JSON),
    _command("auth token", "who:show_token", _JSON),
    _command("orgs list", "who:list_orgs", _JSON),
    _command("apps create", "apps:create", Flag("name"), _ORG, Flag("network"), _YES, _JSON),
    _command("apps list", "apps:list_apps", _ORG, _JSON),
    _command("apps destroy", "apps:destroy", _YES),
    _command("config validate", "toml_commands:check", *_APP, Flag("strict", "bool", short="s")),
    _command("platform regions", "regions:list_regions", _JSON),
    _command("secrets import", "secrets:import_from_stdin", *_SECRETS),
    _command("secrets set", "secrets:set_some", *_SECRETS),
    _command("secrets unset", "secrets:unset", *_SECRETS),
    _command("secrets sync", "secrets:sync", *_SECRETS),
    _command("secrets list", "secrets:list_secrets", *_APP, _JSON),
    _command("deploy", "deploy.command:deploy", *_DEPLOY),
    _command("machine list", "machines:list_machines", *_APP, _JSON),
    _command("status", "machines:status", *_APP, _JSON),
    _command("scale show", "machines:scale_show", *_APP, _JSON),
    _command("checks list", "machines:checks_list", *_APP, _JSON, Flag("check-name")),
    _command("image show", "machines:image_show", *_APP, _JSON),
    _command("releases", "releases:list_releases", *_APP, _JSON, Flag("image", "bool")),
    _command("ips list", "ips:list_ips", *_APP, _JSON),
    _command(
        "logs",
        "logs:show",
        *_APP,
        _JSON,
        Flag("no-tail", "bool", short="n"),
        Flag("region", short="r"),
        Flag("machine", short="i", aliases=("instance",)),
    ),
    *(
        _command(f"machine {action}", "single.machine:act", *_APP)
        for action in ("start", "stop", "suspend", "restart", "cordon", "uncordon")
    ),
    _command("machine status", "single.machine:status", *_APP),
    _command("machine destroy", "single.machine:destroy", *_APP, Flag("force", "bool", short="f")),
    _command("machine leases view", "single.machine:view_leases", *_APP, _JSON),
    _command("machine leases clear", "single.machine:clear_leases", *_APP),
    _command("volumes list", "single.volumes:list_volumes", *_APP, _JSON),
    _command("volumes create", "single.volumes:create", *_APP, *_VOLUME, _YES, _JSON),
    _command("volumes update", "single.volumes:update", *_APP, *_SNAPSHOTS),
    _command("volumes destroy", "single.volumes:destroy", *_APP, _YES),
    _command("ips allocate-v4", "single.addresses:allocate_v4", *_APP, Flag("shared", "bool"), _YES),
    _command("ips allocate-v6", "single.addresses:allocate_v6", *_APP, Flag("private", "bool")),
    _command("ips release", "single.addresses:release", *_APP),
    _command("certs list", "single.certificates:list_certificates", *_APP, _JSON),
    _command("certs add", "single.certificates:add", *_APP, _JSON),
    _command("certs check", "single.certificates:check", *_APP, _JSON),
    _command("certs remove", "single.certificates:remove", *_APP, _YES),
)


def find(words: Sequence[str]) -> Command:
    """The command a line starts with.

    Raises:
        NotOffered: the stand-in has no such command.
    """
    for count in (3, 2, 1):
        name = " ".join(words[:count])
        for command in COMMANDS:
            if command.name == name:
                return command
    shown = [word for word in words[:2] if not word.startswith("-")]
    raise NotOffered(" ".join(shown) or "no command at all")
