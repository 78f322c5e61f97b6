"""The demo behind `make demo`: deploy the habit app to three regions on this computer, then write in Tokyo.

Every step is a `flyo` command anybody could type; each is printed before it runs. Running the demo again changes
nothing: secrets that exist are kept, the deploy finds nothing to do, and the tour signs in instead of signing up.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLYO = str(Path(sys.executable).with_name("flyo"))


def say(text: str = "") -> None:
    """One line for the person watching."""
    sys.stderr.write(text + "\n")


def flyo(*arguments: str, stdin: str | None = None, shown: str | None = None) -> None:
    """Run one flyo command in front of the user; a failure ends the demo with that command's status."""
    say(f"\n$ {shown or 'flyo ' + shlex.join(arguments)}")
    ran = subprocess.run([FLYO, *arguments], cwd=ROOT, input=stdin, text=True, check=False)
    if ran.returncode:
        sys.exit(ran.returncode)


def ask(*arguments: str) -> dict[str, object]:
    """What a flyo command answers as JSON."""
    ran = subprocess.run([FLYO, *arguments, "--json"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if ran.returncode:
        sys.exit(ran.returncode)
    answer = json.loads(ran.stdout)
    assert isinstance(answer, dict)
    return answer


def main() -> None:
    """The demo from start to end."""
    flyo("local", "up", "--delays")
    platform = ask("local", "status")
    flyo("secrets", "generate", "SECRET_KEY", "--if-missing", "--local")
    # One file outside every machine plays the external database that production has.
    database = Path(str(platform["state"])) / "databases" / "habit-tracker.db"
    database.parent.mkdir(parents=True, exist_ok=True)
    flyo(
        *("secrets", "set", "DATABASE_URL", "--stdin", "--if-missing", "--local"),
        stdin=f"sqlite:///{database}",
        shown="flyo secrets set DATABASE_URL --stdin --if-missing --local   # sqlite, outside the machines",
    )
    say("\n# Each machine is watched for 2 s here; without --watch it is 10 s, as `flyctl deploy` does.")
    flyo("deploy", "--local", "--watch", "2s")
    say("\n$ python demo/tour.py   # somebody in Tokyo ticks a habit")
    tour = subprocess.run([sys.executable, str(ROOT / "demo" / "tour.py"), str(platform["port"])], check=False)
    if not tour.returncode:
        say("\n# The world, to look at and to click: this link works once, within two minutes; later, flyo local open.")
        flyo("local", "open", "--print")
    sys.exit(tour.returncode)


if __name__ == "__main__":
    main()
