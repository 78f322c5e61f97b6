"""Reaches the local platform: where it is, how it is started and stopped, and calls of its management API.

The only module of the orchestrator that knows how the daemon is started, and how a simulated Fly is made.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import FlyoError, UnreachableError, UsageError
from flyctl_orchestrator.local.daemon import control
from flyctl_orchestrator.variables import choice

if TYPE_CHECKING:
    from flyctl_orchestrator.fleet.http import HttpAnswer, HttpError
    from flyctl_orchestrator.rollout.rehearsal.simulated_target import SimulatedWire

# What the extra `local` brings; without one of them the daemon cannot run.
NEEDED = ("aiohttp", "graphql", "pathspec")
RUNTIMES = ("auto", "process", "container")
NOT_RUNNING = "Start it with 'flyo local up'"


def ensure_local(environment: Environment, port: int | None = None) -> dict[str, str]:
    """The environment that leads to the local platform, which is started when it does not run.

    Args:
        port: where to listen if it has to be started; None takes FLYO_LOCAL_PORT or the usual port.

    Raises:
        UnreachableError: it cannot be started here.
    """
    return variables_to(start_local(environment, port))


def variables_to(running: control.Running) -> dict[str, str]:
    """The variables that lead flyctl, flyo and others to a running platform."""
    return control.environment(running)


def find_local(environment: Environment) -> control.Running | None:
    """The platform that runs, None when there is none.

    Raises:
        UnreachableError: what is there cannot be read.
    """
    found: control.Running | None = _guarded(lambda: control.locate(local_directory(environment)))
    return found


def local_directory(environment: Environment) -> Path:
    """Where the local platform keeps itself, whether it runs or not."""
    return control.state_dir(environment.variables)


def stop_local(environment: Environment) -> bool:
    """Stop the local platform with every machine; says whether one ran.

    Raises:
        UnreachableError: it does not end.
    """
    return bool(_guarded(lambda: control.stop(local_directory(environment))))


def start_local(environment: Environment, port: int | None = None) -> control.Running:
    """The platform, started when it does not run.

    Args:
        port: where to listen if it has to be started; None takes FLYO_LOCAL_PORT or the usual port.

    Raises:
        UnreachableError: it cannot be started here.
        UsageError: FLYO_LOCAL_PORT or FLYO_LOCAL_RUNTIME makes no sense.
    """
    asked_runtime(environment.variables)
    state = local_directory(environment)
    if find_local(environment) is None:
        _check_extras()
    wanted = port if port is not None else _port_variable(environment.variables)
    running: control.Running = _guarded(lambda: control.start(state, wanted, environ=environment.variables))
    return running


def usual_port() -> int:
    """Where the local platform listens unless told otherwise."""
    return int(control.DEFAULT_PORT)


def simulated_fly() -> Callable[[int, Path], SimulatedWire]:
    """What makes a simulated Fly of a seed and a directory for its flyctl: spoken to by URL and by command line.

    Raises:
        UnreachableError: it cannot be made here.
    """
    _check_extras()
    from flyctl_orchestrator.local.simulated.fly import SimulatedFly

    return SimulatedFly


def _guarded(action: Any) -> Any:
    try:
        return action()
    except control.ControlError as problem:
        raise UnreachableError(problem.what, where="local platform", next=problem.next, code="local") from None


def _check_extras() -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UnreachableError(
            f"the local platform needs packages that are not installed ({', '.join(missing)})",
            where="local platform",
            next="Run pip install '.[local]' in flyo's own clone",
            code="local.extras",
        )


def asked_port(environment: Environment) -> int | None:
    """Where FLYO_LOCAL_PORT says that the platform listens, 0 for any port; None when it says nothing.

    Raises:
        UsageError: FLYO_LOCAL_PORT is no port.
    """
    return _port_variable(environment.variables)


def asked_runtime(variables: Mapping[str, str]) -> str:
    """How FLYO_LOCAL_RUNTIME says that apps run; "" when it says nothing.

    Raises:
        UsageError: it says something else.
    """
    return choice(variables, "FLYO_LOCAL_RUNTIME", RUNTIMES)


def _port_variable(variables: Mapping[str, str]) -> int | None:
    given = variables.get("FLYO_LOCAL_PORT", "")
    if not given:
        return None
    if not given.isdigit() or int(given) > 65535:
        raise UsageError(f"'{given[:20]}' is not a port", where="FLYO_LOCAL_PORT", next="Use 0 to 65535, 0 for any")
    return int(given)


def require_running(environment: Environment) -> control.Running:
    """The platform that runs.

    Raises:
        UnreachableError: there is none.
    """
    running = find_local(environment)
    if running is None:
        raise UnreachableError("it is not running", where="local platform", next=NOT_RUNNING, code="local.down")
    return running


def ask(environment: Environment, running: control.Running, method: str, path: str, body: Any = None) -> Any:
    """One call of the management API; its decoded answer."""
    from flyctl_orchestrator.fleet.http import HttpError
    from flyctl_orchestrator.fleet.requests_http import RequestsHttp

    http = RequestsHttp(environment.clock, environment.variables)
    try:
        answer = http.send(method, running.url + path, headers=headers(running), json=body, timeout=30)
    except HttpError as failure:
        raise unanswered(running, failure) from None
    return checked(answer)


def manage(environment: Environment, method: str, path: str, body: Any = None) -> Any:
    """One call of the management API of the platform that runs; its decoded answer.

    Raises:
        UnreachableError: it does not run.
        FlyoError: it refused, with its reason.
    """
    return ask(environment, require_running(environment), method, path, body)


def headers(running: control.Running) -> dict[str, str]:
    """What a call of the management API carries."""
    return {"Authorization": f"Bearer {running.token}"}


def unanswered(running: control.Running, failure: HttpError) -> UnreachableError:
    """The error for a platform that gave no answer."""
    return UnreachableError(
        f"no answer from {running.url} ({failure.detail})", where="local platform", next=NOT_RUNNING, code="local"
    )


def checked(answer: HttpAnswer) -> Any:
    """What the platform answered.

    Raises:
        FlyoError: it refused, or something else answers there.
    """
    from flyctl_orchestrator.fleet.api_answer import complaint, understood
    from flyctl_orchestrator.fleet.decode import Unreadable, decode

    if answer.status >= 400:
        what = complaint(answer, ()) if understood(answer) else f"it answered {answer.status}"
        raise FlyoError(what, where="local platform", next="Correct that and run it again", code="local.refused")
    if not answer.body:
        return None
    try:
        return decode(answer.body, Any)
    except Unreadable as failure:
        what = f"its answer ({answer.status}) cannot be read: {failure.reason}"
        anew = "Start it anew: 'flyo local down', then 'flyo local up'"
        raise UnreachableError(what, where="local platform", next=anew, code="local.unreadable") from None
