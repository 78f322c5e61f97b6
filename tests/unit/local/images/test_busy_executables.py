"""An executable that is being written must not be inherited, opened for writing, by a process that starts meanwhile."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from pathlib import Path

import pytest

from flyctl_orchestrator.local.base.copying import EXECUTABLES, copy_tree
from flyctl_orchestrator.local.runtime.children import Child
from flyctl_orchestrator.local.runtime.spawner import Spawner


def _ended_with(child: Child) -> int:
    code = child.process.wait()
    os.close(child.output)
    return code


def test_a_process_waits_for_the_executable_that_is_being_written(tmp_path: Path) -> None:
    spawner = Spawner()
    with ThreadPoolExecutor(1) as pool:
        with EXECUTABLES:
            starting: Future[Child] = pool.submit(Child.spawn, spawner, ("/bin/sh", "-c", "exit 3"), {}, tmp_path)
            with pytest.raises(StillWaiting):
                starting.result(0.1)
        assert _ended_with(starting.result(10)) == 3
    spawner.close()


def test_copies_made_while_others_start_can_all_be_executed(tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.mkdir()
    spawner = Spawner()
    shutil.copy2("/bin/true" if Path("/bin/true").exists() else "/usr/bin/true", image / "app")

    def boot(number: int) -> int:
        copy_tree(image, tmp_path / str(number))
        argv = ("/bin/sh", "-c", "exec ./app")
        return _ended_with(Child.spawn(spawner, argv, {"PATH": "/usr/bin:/bin"}, tmp_path / str(number)))

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(boot, range(80))) == {0}
    spawner.close()
