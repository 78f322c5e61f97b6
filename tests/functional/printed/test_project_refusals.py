"""What is wrong with an app's files, read together: the whole line, before any platform is asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.functional.printed.in_process import nobody, said

FLY = 'app = "shop"\nprimary_region = "iad"\n'
ASLEEP = '[http_service]\ninternal_port = 8080\nauto_stop_machines = "suspend"\n'
# Nobody is asked: nothing listens there.
FLY_AWAY = dict.fromkeys(("FLY_API_BASE_URL", "FLY_FLAPS_BASE_URL", "FLY_UIEX_BASE_URL"), "http://127.0.0.1:9")
FLY_AWAY["FLY_API_TOKEN"] = "fo1_token"
LOGGED = '192.0.2.7 - - [30/Nov/2026:07:00:00 +0000] "GET / HTTP/1.1" 200 2326\n'


@pytest.mark.parametrize(
    ("words", "files", "line"),
    [
        (
            "cost", {"fly.toml": 'app = "shop"\n'},
            "flyo: fly.toml: no region is named, neither in flyo.toml [regions] nor as primary_region. Run 'flyo init "
            "--regions iad,fra,nrt' [config.no_regions]",
        ),
        (
            "plan", {"fly.toml": FLY + ASLEEP, "litefs.yml": "lease:\n  type: consul\n"},
            "flyo: fly.toml: litefs.yml sets up LiteFS, which loses data with machines that sleep "
            '(auto_stop_machines = "suspend"). Set auto_stop_machines = "off" and min_machines_running = 0 '
            "[config.litefs_autostop]",
        ),
        (
            "plan", {"litefs.yml": "lease:\n  type: static\n", "flyo.toml": "[regions]\niad = 2\n"},
            "flyo: flyo.toml: litefs.yml has a static lease; each of the 2 machines in iad would write for itself. "
            "Have one machine there: iad=1 [config.litefs_primaries]",
        ),
        (
            "init --yes --database litefs --regions iad", {"Dockerfile": "FROM scratch\n"},
            "flyo: flyo init --database litefs: LiteFS starts the app, and the Dockerfile here is not read for how. "
            "Give the command with --start [usage.litefs]",
        ),
        (
            "init --yes --database litefs --regions iad --auto-stop stop --start ./run", {},
            "flyo: --database litefs: --auto-stop stop loses data with LiteFS. Leave it out: machines stay awake "
            "[usage.litefs]",
        ),
        (
            "init --yes --database litefs --regions iad=2 --start ./run", {},
            "flyo: --database litefs: iad is to have 2 machines, and with LiteFS one machine of the primary region "
            "writes. Give --regions iad=1,... [usage.litefs]",
        ),
        (
            "regions suggest --users de=1 --rtt own.csv", {"own.csv": "from,to,ms\nfra,iad,many\n"},
            "flyo: own.csv:2: 'many' is no time in milliseconds above 0 and up to 10,000. Write lines such as "
            "Singapore,nrt,71,80 under the head from,to,ms,p95 [regions.rtt]",
        ),
        (
            "regions suggest --users-from access.log", {},
            "flyo: access.log: does not exist. Name an access log [regions.log]",
        ),
        (
            "regions suggest --users-from access.log", {"access.log": ""},
            "flyo: access.log: is empty. Name an access log, or write --users [regions.log]",
        ),
        (
            "regions suggest --users-from access.log", {"access.log": "nothing\n"},
            "flyo: access.log: holds no request in the common or combined log format, and no JSON object a line (1 "
            "line). Name an access log, or write --users [regions.log]",
        ),
        (
            "regions suggest --users-from access.log", {"access.log": LOGGED},
            "flyo: access.log: of its requests (1) none names a country or a region of Fly.io; to place an address "
            "takes a geo database, and flyo has none. Log the country (such as CF-IPCountry) or the header Fly-Region "
            "as the last field, or write --users [regions.log]",
        ),
        (
            "ci init github", {},
            "flyo: --install: what a pipeline's pip can install is not known: this flyo does not come from a "
            'repository. Give --install "flyctl-orchestrator[local] @ git+https://github.com/OWNER/NAME@COMMIT" '
            "[ci.install]",
        ),
    ],
)  # fmt: skip
def test_the_line_says_where_what_and_what_next(tmp_path: Path, words: str, files: dict[str, str], line: str) -> None:
    for name, text in ({"fly.toml": FLY} | files).items():
        (tmp_path / name).write_text(text)
    ran = said(words, tmp_path, nobody(tmp_path) | FLY_AWAY)
    assert (ran.status, ran.line, ran.out) == (2, line, "")


def test_a_file_that_is_not_changed_for_you(tmp_path: Path) -> None:
    (tmp_path / "fly.json").write_text('{"app": "shop"}')
    ran = said("init --yes --regions iad,fra --start ./run", tmp_path, nobody(tmp_path))
    assert (ran.status, ran.line, ran.out) == (
        2,
        "flyo: fly.json: is not edited by flyo init, which changes fly.toml only. Set this by hand and run it again: "
        "primary_region = 'iad' [config.not_editable]",
        "",
    )


def flyo(directory: Path, words: str, more: str = "") -> tuple[int, str]:
    """The command as a process of its own; its exit status, and what it said to a person.

    Args:
        more: for a shell, before the command.
    """
    main = "from flyctl_orchestrator.cli.main import main; main()"
    ran = subprocess.run(
        ["/bin/sh", "-c", f'{more}\nexec "$0" -c "$1" {words}', sys.executable, main],
        cwd=directory,
        env=nobody(directory),
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stderr


def test_a_directory_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    assert flyo(tmp_path, "status", "cd gone; /bin/rmdir ../gone") == (
        2,
        "flyo: the current directory cannot be read (No such file or directory). Change to a directory that exists "
        "[usage.cwd]\n",
    )


def test_output_that_cannot_be_written(tmp_path: Path) -> None:
    assert flyo(tmp_path, "regions list > /dev/full") == (
        1,
        "flyo: stdout: the output could not be written (No space left on device). Make room, or let it go elsewhere, "
        "and run the command again [output.lost]\n",
    )
