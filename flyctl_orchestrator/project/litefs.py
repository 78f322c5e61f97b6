"""LiteFS: a SQLite database that is copied to every machine. What `flyo init` writes for it, and what it rules out.

Fly.io does not support LiteFS any more (docs/how-to/litefs.md), so nothing here is a default.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from flyctl_orchestrator.errors import UsageError
from flyctl_orchestrator.project.dockerfile import command
from flyctl_orchestrator.project.model import Flyo, FlyToml

CONFIG = "litefs.yml"
# Where an image or a project has it: beside fly.toml, or as it lies in the image.
_PLACES = (CONFIG, f"etc/{CONFIG}")
MOUNTED, KEPT = "/litefs", "/var/lib/litefs"
VOLUME = {"source": "litefs", "destination": KEPT}
ENV = ("LITEFS_DIR", MOUNTED)

_YML = """\
# LiteFS copies the databases in /litefs to every machine: https://docs.fly.io/litefs/
# Written by flyo init. It is yours: change what you like.

# What the app sees. LiteFS runs as root; the app need not.
fuse:
  dir: "{mounted}"
  allow-other: true

# What is kept: the volume in fly.toml.
data:
  dir: "{kept}"

# The machine of the primary region writes, always; the others have copies. None takes its place while it is away.
lease:
  type: "static"
  candidate: ${{FLY_REGION == PRIMARY_REGION}}
  advertise-url: "http://${{PRIMARY_REGION}}.${{FLY_APP_NAME}}.internal:20202"

# Starts once a copy is there; ends LiteFS when it ends.
exec:
  - cmd: {start}
"""

_WHY = """
# LiteFS hands every change of the database on to the other machines. It is root, since it mounts a file system, and
# starts the app; litefs.yml says how, and as whom."""
_INSTALL = {
    "debian": "RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates fuse3"
    " && rm -rf /var/lib/apt/lists/*",
    "alpine": "RUN apk add --no-cache ca-certificates fuse3 setpriv",
}
_USER = re.compile(r"^USER\s+(\S+)\s*\n", re.MULTILINE)
# With what was said about it.
_CMD = re.compile(r"^(?:#.*\n)*CMD\s+(.+)\n?", re.MULTILINE)
# Users that the images behind flyo's own Dockerfiles have, and these make.
_IDS = {"app": "10001", "node": "1000"}


def litefs_files(written: Mapping[str, bytes], start: str | None, fly: FlyToml | None) -> dict[str, bytes]:
    """What LiteFS adds to files that are about to be written: its settings, and its lines in the Dockerfile.

    Args:
        written: files by relative path. Where there is no Dockerfile among them, the user's own is left alone.
        start: the command that starts the app; a Dockerfile among `written` tells it.
        fly: the fly.toml that is there.

    Raises:
        UsageError: nobody says what LiteFS is to start.
    """
    result: dict[str, bytes] = {}
    if "Dockerfile" in written:
        text, start = with_litefs(written["Dockerfile"].decode())
        result["Dockerfile"] = text.encode()
    elif start:
        start = shell_line(start)
    if not start:
        raise UsageError(
            "LiteFS starts the app, and the Dockerfile here is not read for how",
            where="flyo init --database litefs",
            next="Give the command with --start",
            code="usage.litefs",
        )
    ignored = written.get(".dockerignore", b"").decode()
    if re.search(r"^/?\*$", ignored, re.MULTILINE):
        result[".dockerignore"] = f"{ignored}!/{CONFIG}\n".encode()
    return {CONFIG: litefs_yml(start, kept=_kept(fly)).encode(), **result}


def litefs_yml(start: str, kept: str = KEPT) -> str:
    """The settings of LiteFS.

    Args:
        start: the shell command that starts the app, as whom it may be.
        kept: directory on a volume.
    """
    return _YML.format(mounted=MOUNTED, kept=kept, start=json.dumps(start, ensure_ascii=False))


def _kept(fly: FlyToml | None) -> str:
    """A machine has one volume at most: where there is one already, LiteFS keeps its data on it."""
    there = next((mount.path for mount in fly.volumes.values() if mount.path), None) if fly else None
    return KEPT if there in (None, KEPT) else f"{str(there).rstrip('/')}/litefs"


def with_litefs(dockerfile: str) -> tuple[str, str]:
    """A Dockerfile of flyo's own with LiteFS in its last stage, and the command that LiteFS has to start.

    LiteFS mounts a file system and so runs as root; the command runs the app as the user the Dockerfile named.
    """
    head, separator, last = dockerfile.rpartition("\nFROM ")
    found, user = _CMD.search(last), _USER.search(last)
    start = shell_line(found[1]) if found else ""
    if user:
        uid, _, gid = _IDS.get(user[1], user[1]).partition(":")
        start = f"setpriv --reuid={uid} --regid={gid or uid} --clear-groups {start}"
    kind = "alpine" if last.startswith("alpine") or dockerfile.startswith("FROM alpine") else "debian"
    last = _CMD.sub("", _USER.sub("", last)).rstrip("\n")
    return "\n".join((f"{head}{separator}{last}", _WHY, *litefs_lines(kind), "")), start


def litefs_lines(kind: str = "debian") -> tuple[str, ...]:
    """The lines that end the last stage of a Dockerfile with LiteFS; `kind` is "debian" or "alpine"."""
    return (
        _INSTALL[kind],
        "COPY --from=flyio/litefs:0.5 /usr/local/bin/litefs /usr/local/bin/litefs",
        f"COPY {CONFIG} /etc/{CONFIG}",
        'CMD ["litefs", "mount"]',
    )


def shell_line(cmd: str) -> str:
    """What follows CMD, as one line for a program that reads words as a shell does."""
    try:
        words = json.loads(cmd)
    except ValueError:
        words = json.loads(command(cmd))
    return " ".join(word if re.fullmatch(r"[\w./:=@%+,-]+", word) else _quoted(word) for word in words)


def uses_litefs(root: Path) -> bool:
    """Whether the project in `root` is set up for LiteFS."""
    return _text(root) is not None


def litefs_problems(root: Path, fly: FlyToml, flyo: Flyo) -> Iterator[UsageError]:
    """What of the files would lose data with LiteFS.

    A machine that sleeps neither gets nor gives changes, so the newest ones can be lost with it. With a static lease
    two machines in the primary region would both write, each its own database.
    """
    text = _text(root)
    if text is None:
        return
    asleep = next((each.auto_stop for each in fly.services if each.auto_stop != "off"), None)
    if asleep:
        yield UsageError(
            f'{CONFIG} sets up LiteFS, which loses data with machines that sleep (auto_stop_machines = "{asleep}")',
            where=fly.shown,
            next='Set auto_stop_machines = "off" and min_machines_running = 0',
            code="config.litefs_autostop",
        )
    try:
        refuse_second_writer(root, fly, _primaries(fly, flyo), where="flyo.toml")
    except UsageError as error:
        yield error


def refuse_second_writer(root: Path, fly: FlyToml, count: int, *, where: str) -> None:
    """Make sure that one machine at most is to be in the primary region where LiteFS has a static lease.

    Args:
        count: machines that are to be there.
        where: who says so.

    Raises:
        UsageError: there would be more (code config.litefs_primaries).
    """
    if count > 1 and re.search(r"""^\s+type:\s*["']?static\b""", _text(root) or "", re.MULTILINE):
        raise UsageError(
            f"{CONFIG} has a static lease; each of the {count} machines in {fly.primary_region} would write for itself",
            where=where,
            next=f"Have one machine there: {fly.primary_region}=1",
            code="config.litefs_primaries",
        )


def _primaries(fly: FlyToml, flyo: Flyo) -> int:
    """Machines that are to be in the primary region, of whatever group has the most there."""
    tables: list[Mapping[str, int]] = [flyo.regions, *flyo.groups.values()]
    return max((table.get(fly.primary_region or "", 0) for table in tables), default=0)


def _text(root: Path) -> str | None:
    for name in _PLACES:
        try:
            return (root / name).read_text("utf-8", errors="replace")
        except OSError:
            continue
    return None


def _quoted(word: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", word) + '"'
