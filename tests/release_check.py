"""Whether a tag may be released: it, the version, the changelog and the address say the same.

    python tests/release_check.py v0.2.0 https://github.com/OWNER/NAME

Only the standard library is used. Ends with status 1 and a line per thing that is wrong.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def wrong(tag: str, address: str, version: str, source: str, changelog: str) -> list[str]:
    """What keeps a tag from being released, in sentences; empty when nothing does.

    Args:
        tag: as pushed, e.g. "v0.2.0".
        address: where the repository is that would release it.
        version: of the package.
        source: where the package says that it comes from, "" when it does not say.
        changelog: text of CHANGELOG.md.
    """
    found = []
    if tag != f"v{version}":
        found.append(f"the tag is {tag}, and the package's version is {version}")
    if not source:
        found.append(f'pyproject.toml has no [project.urls] with Source = "{address}"')
    elif address != source:
        found.append(f"this is {address}, and pyproject.toml says Source = {source}")
    if not re.search(rf"^## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)$", changelog, re.MULTILINE):
        found.append(f"CHANGELOG.md has no heading '## {version} (YEAR-MONTH-DAY)'")
    unreleased = re.search(r"^## Unreleased$(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if unreleased and unreleased[1].strip():
        found.append("CHANGELOG.md still has lines under 'Unreleased'")
    return found


def said() -> tuple[str, str]:
    """The version and the source that the package names, "" where it names none."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    text = (ROOT / project["tool"]["hatch"]["version"]["path"]).read_text("utf-8")
    version = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    return version[1] if version else "not said", project["project"].get("urls", {}).get("Source", "")


def main(argv: Sequence[str]) -> int:
    """Compare, and say what is wrong."""
    tag, address = argv
    found = wrong(tag, address, *said(), (ROOT / "CHANGELOG.md").read_text("utf-8"))
    for sentence in found:
        sys.stderr.write(f"release_check: {sentence}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
