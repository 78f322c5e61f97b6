"""One run of the stand-in: what it was given, and the few things every command needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

from flyctl_orchestrator.local.stand_in.arguments import Arguments
from flyctl_orchestrator.local.stand_in.failures import Failure
from flyctl_orchestrator.local.stand_in.go_values import dump_json
from flyctl_orchestrator.local.stand_in.transport import GRAPHQL, MACHINES, UIEX, Transport, Wire, loopback, sockets
from flyctl_orchestrator.local.stand_in.version import VERSION

if TYPE_CHECKING:
    from flyctl_orchestrator.local.stand_in.toml.load import FlyToml


@dataclass
class Session:
    """What a command works with.

    Attributes:
        arguments: what was typed after the command's words.
        env: the environment.
        cwd: the working directory.
        stdin, out, err: the three streams.
        now: seconds since the epoch.
        sleep: wait some seconds.
        wire: how requests are sent.
    """

    arguments: Arguments
    env: Mapping[str, str]
    cwd: Path
    stdin: BinaryIO
    out: TextIO
    err: TextIO
    now: Callable[[], float]
    sleep: Callable[[float], None]
    wire: Wire = sockets

    version: str = VERSION

    @cached_property
    def token(self) -> str:
        """The access token: flag, then environment, then a login's.

        Raises:
            Failure: there is none.
        """
        from flyctl_orchestrator.local.stand_in.remembered import access_token

        given = self.arguments.text("access-token")
        for name in ("FLY_ACCESS_TOKEN", "FLY_API_TOKEN"):
            if not given and name in self.env:
                given = self.env[name].strip()
                break
        given = given or access_token(self.env)
        if not given:
            raise Failure("no access token available. Please login with 'flyctl auth login'")
        return given

    @cached_property
    def api(self) -> Transport:
        """The platform.

        Raises:
            Failure: one of the three addresses is not on this computer; nothing was sent to the others then.
        """
        for base in (MACHINES, GRAPHQL, UIEX):
            loopback(self.env, base)
        return Transport(self.env, self.token, self.sleep, self.wire)

    @cached_property
    def toml(self) -> FlyToml | None:
        """The fly.toml of `-c` or of the working directory, or None."""
        from flyctl_orchestrator.local.stand_in.toml.load import find

        return find(self.arguments.text("config"), self.cwd)

    @cached_property
    def app(self) -> str:
        """The app: flag, then FLY_APP, then fly.toml.

        Raises:
            Failure: none of them names one.
        """
        toml = self.toml
        name = self.arguments.text("app") or self.env.get("FLY_APP", "") or (toml.app if toml else "")
        if not name:
            raise Failure(
                "the config for your app is missing an app name, add an app field to the fly.toml file or specify "
                "with the -a flag"
            )
        return name

    def say(self, line: str = "") -> None:
        """One line of output."""
        self.out.write(line + "\n")
        self.out.flush()

    def tell(self, line: str = "") -> None:
        """One line for the person, on stderr."""
        self.err.write(line + "\n")
        self.err.flush()

    def show(self, value: Any) -> None:
        """A JSON document."""
        self.say(dump_json(value))
