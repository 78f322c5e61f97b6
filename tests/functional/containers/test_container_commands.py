"""Commands inside machines that are containers: `machine exec`, `flyo run` and `flyo ssh`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.engine_bases import TestEngine
from tests.flyo_process import Computer
from tests.platform_client import Api
from tests.waiting import eventually

pytestmark = pytest.mark.containers
MANAGED = {"fly_process_group": "app", "fly_platform_version": "v2"}
WAITING = 'USER nobody\nENV FROM_IMAGE=kept\nWORKDIR /tmp\nCMD ["sleep", "600"]'


@pytest.fixture
def machine(box: Api, small: Callable[[str], str]) -> str:
    """A started machine of app "small"."""
    return box.started("small", small(WAITING), {"env": {"COLOUR": "green"}, "metadata": MANAGED})


@pytest.fixture
def laptop(box: Api, engine: TestEngine, tmp_path: Path) -> Computer:
    """A computer that uses the platform, with an app that is in no directory."""
    found = Computer(
        tmp_path / "laptop", shared=box.running.state, extra={**engine.variables, "PATH": os.environ["PATH"]}
    )
    found.project.mkdir(parents=True)
    (found.project / "fly.toml").write_text('app = "small"\nprimary_region = "iad"\n')
    return found


def run(box: Api, machine: str, **body: Any) -> Any:
    """The answer to a command that ran."""
    answer = box.on("small", machine, "/exec", body)
    assert answer.status == 200, answer
    return answer.body


def test_exec_runs_in_the_container(box: Api, machine: str) -> None:
    said = run(box, machine, cmd="sh -c 'echo $FLY_MACHINE_ID $COLOUR $FROM_IMAGE $(id -un) $(pwd)'")
    assert said["stdout"].split() == [machine, "green", "kept", "nobody", "/tmp"]
    assert (said["exit_code"], said["exit_signal"], said["stderr"]) == (0, 0, "")
    assert run(box, machine, command=["cat"], stdin="hello")["stdout"] == "hello"
    failed = run(box, machine, command=["sh", "-c", "echo no >&2; exit 3"])
    assert (failed["exit_code"], failed["stdout"], failed["stderr"]) == (3, "", "no\n")
    killed = run(box, machine, command=["sh", "-c", "kill -9 $$"])
    assert (killed["exit_code"], killed["exit_signal"]) == (137, 9)
    missing = run(box, machine, command=["no-such-program"])
    assert (missing["exit_code"], "no-such-program" in missing["stderr"]) == (127, True), missing
    assert (
        len(run(box, machine, command=["sh", "-c", "echo begin; cat", "x"], stdin="y" * 300_000)["stdout"]) == 300_006
    )


def test_exec_that_takes_too_long_is_ended(box: Api, machine: str) -> None:
    answer = box.on("small", machine, "/exec", {"cmd": "sh -c 'sleep 301 & sleep 302'", "timeout": 1})
    assert (answer.status, "deadline_exceeded" in answer.body["error"]) == (408, True)
    eventually(
        lambda: [one["command"] for one in box.on("small", machine, "/ps", method="GET").body],
        lambda commands: any("sleep 600" in one for one in commands) and not any("sleep 30" in one for one in commands),
    )


def test_run_and_ssh_are_in_the_container(laptop: Computer, machine: str) -> None:
    inside = "cat; echo $FROM_IMAGE $COLOUR $(id -un); exit 5"
    ran = laptop.flyo("run", "--local", "--", "sh", "-c", inside, stdin="said\n")
    assert (ran.status, ran.stdout) == (5, "said\nkept green nobody\n"), ran.stderr
    assert machine in ran.stderr
    shell = laptop.at_terminal("ssh", "--local")
    shell.expect(machine)
    shell.sendline("echo in $FLY_REGION; test -t 0 && exit 7")
    shell.expect("in iad")
    shell.expect(pexpect.EOF)
    shell.close()
    assert shell.exitstatus == 7


def test_without_the_docker_command_the_container_is_named(
    box: Api, laptop: Computer, machine: str, tmp_path: Path
) -> None:
    told = box.call("GET", f"/_local/apps/small/machines/{machine}/surroundings").body
    ran = laptop.flyo("run", "--local", "true", PATH=str(tmp_path))
    assert ran.status == 1
    assert ran.last_line == (
        f"flyo: machine {machine}: it runs in container {told['container'][:12]}, and there is no `docker` command on"
        " PATH to enter that with. Install the docker command line [run.command]"
    )
