"""What `make mutation` has found: figures by module, and every mutant that no test noticed.

    python tests/mutation_report.py

A mutant that only changes the case of a sentence, or puts something around it, is counted by itself: it changes what a
person reads and nothing that happens.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

MUTMUT = str(Path(sys.executable).with_name("mutmut"))
NOTICED = ("killed", "timeout", "segfault", "caught by type check")
_RESULT = re.compile(r"\s*(?P<module>[\w.]+)\.(?P<mutant>\S+__mutmut_\d+): (?P<status>.+)")
_SENTENCE = re.compile(r"\"[^\"]*\w+ [^\"]*\w+ [^\"]*\"")


def main() -> int:
    """Print it; 0 whatever was found."""
    by_module: dict[str, Counter[str]] = defaultdict(Counter)
    unnoticed = []
    for module, mutant, status in results():
        kind = "noticed" if status in NOTICED else status
        if kind == "survived":
            change = change_of(f"{module}.{mutant}")
            kind = "wording" if only_wording(change) else "survived"
            unnoticed.append((kind, module, mutant, change))
        by_module[module][kind] += 1
    for kind, module, mutant, (before, after) in unnoticed:
        sys.stdout.write(f"{kind}: {module}.{mutant}\n  - {before}\n  + {after}\n")
    sys.stdout.write(f"\n{'module':58} mutants noticed wording survived   share\n")
    for module, counts in [*sorted(by_module.items()), ("all", sum(by_module.values(), Counter[str]()))]:
        total, left = counts.total(), counts.total() - counts["noticed"] - counts["wording"]
        logic = total - counts["wording"]
        share = f"{left / logic:7.1%}" if logic else "      -"
        sys.stdout.write(f"{module:58} {total:7} {counts['noticed']:7} {counts['wording']:7} {left:8} {share}\n")
    return 0


def results() -> Iterable[tuple[str, str, str]]:
    """Module, name and status of every mutant."""
    for line in mutmut("results", "--all", "true").splitlines():
        if found := _RESULT.fullmatch(line):
            yield found["module"], found["mutant"], found["status"]


def change_of(mutant: str) -> tuple[str, str]:
    """The lines that a mutant changes, before and after."""
    lines = [line for line in mutmut("show", mutant).splitlines() if not line.startswith(("---", "+++"))]
    before, after = (" ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    return before, after


def only_wording(change: tuple[str, str]) -> bool:
    """Whether a change leaves everything as it is but how a sentence is written."""
    before, after = change
    return before.casefold() == after.replace("XX", "").casefold() and _SENTENCE.search(before) is not None


def mutmut(*arguments: str) -> str:
    """What the library prints."""
    return subprocess.run([MUTMUT, *arguments], capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
