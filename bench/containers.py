"""Measures machines in containers: builds, starts, sleep, and pushes, on a local platform of its own.

    .ci/with-engine python -m bench.containers                    # everything
    .ci/with-engine python -m bench.containers build alone start  # some of it
    .ci/with-engine python -m bench.containers fleet --rounds 5   # a rollout, beside the same one with processes

It needs a container engine, the `docker` command, and a static busybox; its images are made here, nothing is fetched.
What the computer does besides shows in every figure, so processes and containers take turns.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flyctl_orchestrator.local.containers.endpoint import NoEngine, find_engine
from flyctl_orchestrator.local.daemon import control
from tests.engine_bases import PYTHON, SMALL, TestEngine
from tests.functional.containers.conftest import CONTAINED, DOCKERFILE
from tests.functional.local.machine_processes import SERVICE
from tests.parity.measured.suite_images import logged_in
from tests.platform_client import SERVER, Api
from tests.waiting import eventually

FLYO = str(Path(sysconfig.get_path("scripts")) / "flyo")
MANY = 50
# Of an image that is pushed; what cannot be compressed is most of it, as in an image of programs.
PUSHED_MB = 193
FLY_TOML = """app = "fleet"
primary_region = "iad"
[http_service]
internal_port = 8080
[[http_service.checks]]
path = "/health"
interval = "2s"
timeout = "1s"
grace_period = "2s"
"""
NETWORK, SUBNET = "flyo-bench-alone", "fdaa:be:1::/64"
# What the platform asks for, in short: an init, a port of this computer's, limits, and the addresses of Fly.io.
CONTAINER = {
    "Image": SMALL,
    "Cmd": ["sleep", "600"],
    "ExposedPorts": {"8080/tcp": {}},
    "HostConfig": {
        "Init": True,
        "Memory": 256 << 20,
        "NetworkMode": NETWORK,
        "PortBindings": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]},
    },
}
FLYO_TOML = "[regions]\niad = 1\nfra = 1\nnrt = 1\n"


def say(what: str, seconds: list[float]) -> None:
    """One row: median, least and most."""
    middle = statistics.median(seconds)
    sys.stdout.write(f"{what:58} {middle:7.3f} s   ({min(seconds):.3f} to {max(seconds):.3f}, {len(seconds)} rounds)\n")
    sys.stdout.flush()


def timed(work: Callable[[], object]) -> float:
    """Seconds that something takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


@contextlib.contextmanager
def platform(engine: TestEngine, runtime: str = "container") -> Iterator[Api]:
    """A platform of its own, of which nothing stays."""
    with tempfile.TemporaryDirectory(prefix="flyo-bench-") as place:
        state = Path(place) / "state"
        api = Api(control.start(state, 0, environ={**os.environ, **engine.variables, "FLYO_LOCAL_RUNTIME": runtime}))
        api.call("PUT", "/_local/settings", {"rate_limits": False})
        try:
            yield api
        finally:
            api.call("POST", "/_local/reset")
            control.stop(state)


def context_in(place: Path, code: str = CONTAINED, dockerfile: str = DOCKERFILE) -> Path:
    """A directory that builds into a small server."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "app.py").write_text(code)
    (place / "Dockerfile").write_text(dockerfile)
    return place


def build(engine: TestEngine, rounds: int, place: Path) -> None:
    """An image that exists already, and one whose source changed."""
    context = context_in(place / "build")
    with platform(engine) as api:
        api.build(api.app("shop"), context, "first")
        say("image, nothing changed", [timed(lambda: api.build("shop", context, "again")) for _ in range(rounds)])
        changed = []
        for number in range(rounds):
            context_in(context, f"{CONTAINED}# {number}\n")
            changed.append(timed(lambda: api.build("shop", context, "changed")))
        say("image after a change of source", changed)


def alone(engine: TestEngine, rounds: int, place: Path) -> None:
    """What the engine itself takes for containers such as a machine's: the floor of a machine's start and update."""
    del place
    told: dict[str, list[float]] = {"created and started": [], "killed, until it has ended": [], "removed": []}
    network = engine.post(
        "/networks/create", {"Name": NETWORK, "EnableIPv6": True, "IPAM": {"Config": [{"Subnet": SUBNET}]}}
    )
    try:
        for _ in range(rounds):
            for what, took in _lives(engine):
                told[what].append(took)
    finally:
        engine.call("DELETE", f"/networks/{network['Id']}")
    for what, found in told.items():
        say(f"the engine alone: a container {what}", found)


def _lives(engine: TestEngine) -> Iterator[tuple[str, float]]:
    begun = time.perf_counter()
    made = f"/containers/{engine.post('/containers/create', CONTAINER)['Id']}"
    engine.call("POST", f"{made}/start")
    started = time.perf_counter()
    yield "created and started", started - begun
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(engine.call, "POST", f"{made}/wait")
        engine.call("POST", f"{made}/kill")
        ended.result()
    killed = time.perf_counter()
    yield "killed, until it has ended", killed - started
    engine.call("DELETE", f"{made}?v=1")
    yield "removed", time.perf_counter() - killed


def start(engine: TestEngine, rounds: int, place: Path) -> None:
    """From the call that creates a machine to its first answer, beside the app alone; and many at once."""
    context = context_in(place / "start")
    (place / "small").mkdir()
    (place / "small" / "Dockerfile").write_text(f'FROM {SMALL}\nCMD ["httpd", "-f", "-p", "8080"]\n')
    config = {"services": [SERVICE]}
    with platform(engine) as api:
        image = api.build(api.app("shop"), context)
        say("machine, created to first answer", [timed(lambda: _answers(api, "shop", image)) for _ in range(rounds)])
        say("the app alone, started to first answer", [timed(lambda: _alone(place / "start")) for _ in range(rounds)])
        small = api.build(api.app("small"), place / "small")

        def many() -> None:
            with ThreadPoolExecutor(MANY) as pool:
                machines = list(pool.map(lambda _: api.create("small", small, config), range(MANY)))
                list(pool.map(lambda machine: api.wait("small", machine, "started", 60), machines))

        say(f"{MANY} machines, created to started", [timed(many)])


def _answers(api: Api, app: str, image: str) -> None:
    machine = api.create(app, image, {"services": [SERVICE]})
    eventually(lambda: api.visit(app, fly_force_instance_id=machine).status, lambda status: status == 200)


def _alone(place: Path) -> None:
    (place / "alone.py").write_text(SERVER)
    env = {"PORT": "18999", "FLY_REGION": "x", "FLY_MACHINE_ID": "x"}
    with subprocess.Popen([sys.executable, "-S", "-E", "alone.py"], cwd=place, env=env, stdout=subprocess.PIPE) as app:
        assert app.stdout is not None
        app.stdout.readline()
        app.kill()


def sleep(engine: TestEngine, rounds: int, place: Path) -> None:
    """Suspending, and a request to a suspended machine."""
    context = context_in(place / "sleep")
    with platform(engine) as api:
        image = api.build(api.app("shop"), context)
        machine = api.started("shop", image, {"services": [{**SERVICE, "autostart": True}]})
        eventually(lambda: api.visit("shop").status, lambda status: status == 200)
        asleep, awake = [], []
        for _ in range(rounds):

            def suspend() -> None:
                api.on("shop", machine, "/suspend")
                api.wait("shop", machine, "suspended")

            asleep.append(timed(suspend))
            awake.append(timed(lambda: api.visit("shop")))
        say("suspend", asleep)
        say("request that wakes a suspended machine", awake)


def push(engine: TestEngine, rounds: int, place: Path) -> None:
    """A large image to the platform's registry: the first time, again, and after a change of its last layer."""
    context = place / "push"
    context.mkdir()
    (context / "large").write_bytes(os.urandom((PUSHED_MB - 2) << 20))
    with platform(engine) as api:
        api.app("shop")
        host = f"127.0.0.1:{api.running.port}"
        env = logged_in(api, engine, place / "docker")

        def docker(*words: str) -> None:
            subprocess.run(["docker", *words], env=env, check=True, stdout=subprocess.DEVNULL)

        def built(change: int) -> None:
            (context / "Dockerfile").write_text(f"FROM {SMALL}\nCOPY large /large\nRUN echo {change} > /change\n")
            docker("build", "--quiet", "--tag", f"{host}/shop:one", str(context))

        built(0)
        name = f"{host}/shop:one"
        say(f"push of {PUSHED_MB} MB", [timed(lambda: docker("push", "--quiet", name))])
        say("push, nothing changed", [timed(lambda: docker("push", "--quiet", name)) for _ in range(rounds)])
        changed = []
        for number in range(1, rounds + 1):
            built(number)
            changed.append(timed(lambda: docker("push", "--quiet", name)))
        say("push after a change", changed)
        docker("rmi", "--force", name)


def fleet(engine: TestEngine, rounds: int, place: Path) -> None:
    """`flyo deploy` to three regions: the first one and an update, in containers and as processes, in turn."""
    seconds: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds):
        for runtime in ("process", "container"):
            for what, took in _rollouts(engine, runtime, place / f"{runtime}-{number}"):
                seconds.setdefault((runtime, what), []).append(took)
    for (runtime, what), found in seconds.items():
        say(f"{what}, {runtime}", found)
    for what in ("first rollout", "update"):
        both = [statistics.median(seconds[runtime, what]) for runtime in ("container", "process")]
        sys.stdout.write(f"{what}: containers take {both[0] / both[1]:.2f} times as long as processes\n")


def _rollouts(engine: TestEngine, runtime: str, place: Path) -> Iterator[tuple[str, float]]:
    contained = runtime == "container"
    code = CONTAINED if contained else SERVER
    context_in(place, code, DOCKERFILE if contained else DOCKERFILE.replace(PYTHON, "python:3.12-slim"))
    (place / "fly.toml").write_text(FLY_TOML)
    (place / "flyo.toml").write_text(FLYO_TOML)
    with platform(engine, runtime) as api:
        env = {
            **os.environ,
            **engine.variables,
            "HOME": str(place),
            "FLYO_LOCAL_DIR": str(api.running.state),
            "FLYO_STATE_DIR": str(place / "own"),
            "FLYO_FLYCTL": "stand-in",
        }

        def deploy() -> None:
            command = [FLYO, "deploy", "--local", "--yes", "--watch", "0s"]
            subprocess.run(command, cwd=place, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

        yield "first rollout", timed(deploy)
        (place / "app.py").write_text(f"{code}# changed\n")
        yield "update", timed(deploy)


PARTS: dict[str, Callable[[TestEngine, int, Path], None]] = {
    "build": build,
    "alone": alone,
    "start": start,
    "sleep": sleep,
    "push": push,
    "fleet": fleet,
}


def main() -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="bench.containers")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which; all when none is named")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    try:
        engine = TestEngine(find_engine(os.environ, 2.0))
    except NoEngine as problem:
        sys.stderr.write(f"{problem}: start one, or run this by .ci/with-engine\n")
        return 2
    for base in (SMALL, PYTHON):
        engine.ensure(base)
    sys.stdout.write(f"engine {engine.call('GET', '/version')['Version']}\n")
    with tempfile.TemporaryDirectory(prefix="flyo-bench-") as name:
        for part in asked.parts or PARTS:
            place = Path(name) / part
            place.mkdir()
            PARTS[part](engine, asked.rounds, place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
