"""`--web`: where the page is, is said once; whoever cannot serve it says so before anything is done."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from flyctl_orchestrator.cli.context import CommandContext
from flyctl_orchestrator.cli.pages.serving import require_servable, served
from flyctl_orchestrator.environment import Environment
from flyctl_orchestrator.errors import FlyoError, UnreachableError
from tests.unit.fleet.interrupting import pressing

# For documentation (RFC 5737): no computer has it.
NOBODYS = "192.0.2.1"


def context_in(directory: Path) -> CommandContext:
    """That of a command in a pipeline."""
    out, err = io.StringIO(), io.StringIO()
    return CommandContext(Environment({}, directory, stdin=io.StringIO(), stdout=out, stderr=err))


def said(context: CommandContext) -> str:
    """What it has said."""
    stream = context.environment.stderr
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


def test_without_the_extra_nothing_is_served() -> None:
    with pytest.raises(UnreachableError) as failed:
        require_servable(lambda name: None)
    assert (failed.value.code, int(failed.value.exit)) == ("web.extras", 8)
    assert str(failed.value) == (
        "flyo deploy --web: the page needs a package that is not installed (aiohttp). Run pip install '.[local]' in "
        "flyo's own clone, or leave --web out"
    )


def test_an_address_that_cannot_be_listened_on_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError) as failed:
        with served(context_in(tmp_path), "shop", NOBODYS):
            raise AssertionError("nothing is done without the page that was asked for")
    assert failed.value.code == "web.port"
    assert str(failed.value).startswith(f"flyo deploy --web: nothing can be served on {NOBODYS}: ")
    assert str(failed.value).endswith(". Leave --web out")


def test_the_page_is_there_as_long_as_the_block_and_its_address_is_said_once(tmp_path: Path) -> None:
    context = context_in(tmp_path)
    with served(context, "shop"):
        line = said(context)
        assert line.endswith(" (this link signs one browser in, once)\n") and line.count("http://") == 1
        address = line.split()[3].partition("#")[0]
        assert requests.get(address, timeout=20).status_code == 200
    assert said(context) == line
    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=20)


def test_nothing_of_it_is_loaded_unless_it_is_asked_for() -> None:
    loaded = "import sys; import flyctl_orchestrator.cli.deploy; print('aiohttp' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "False"


def test_whoever_waits_for_a_page_no_longer_has_the_result_all_the_same(tmp_path: Path) -> None:
    context = context_in(tmp_path)
    with pressing("RolloutServer.close") as presser, served(context, "shop"):
        base, _, key = said(context).split()[3].partition("/#")
        opened = requests.post(f"{base}/session", json={"key": key}, headers={"Origin": base}, timeout=20)
        page = requests.get(f"{base}/events", cookies=opened.cookies, stream=True, timeout=20)
        # Kept until the end: a page whose lines nobody holds any more has hung up, and nobody waits for it.
        lines = page.iter_lines(chunk_size=1)

        def press() -> None:
            # The page is told of the end, and does not hang up.
            assert any(b'"over":true' in line for line in lines)
            presser.press()

        waiting = threading.Thread(target=press)
        waiting.start()
    waiting.join()
    assert not presser.missed, "nobody was interrupted"
    page.close()


def test_an_error_that_ends_a_command_is_not_kept_back(tmp_path: Path) -> None:
    context = context_in(tmp_path)
    with pytest.raises(FlyoError, match="locked"):
        with served(context, "shop"):
            raise FlyoError("locked by ada", code="lock.held")
