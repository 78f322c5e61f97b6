"""The sizes of machines that Fly.io offers: names, processors, and how much memory goes with them.

As flyctl 0.4 knows them; machines with a GPU are no longer made.
"""

from __future__ import annotations

import re

# Memory in MB that a preset brings per processor (https://docs.fly.io/about/pricing: the smallest of each size).
PRESET_MB = {"shared": 256, "performance": 2048}
# How many processors machines can have, and memory in MB for each of them at most; it comes in steps of 256 MB.
CPUS = {"shared": (1, 2, 4, 6, 8), "performance": (1, 2, 4, 6, 8, 10, 12, 14, 16)}
MOST_MB = {"shared": 2048, "performance": 8192}
STEP_MB = 256

_PRESET = re.compile(r"(shared|performance)(?:-cpu)?-(\d{1,2})x", re.ASCII)
_PREFIX = {"shared": "shared-cpu", "performance": "performance"}


def preset(name: str) -> tuple[str, int] | None:
    """The kind of processor and their number of the size that is called so; None where there is none."""
    found = _PRESET.fullmatch(name)
    if found is None or int(found[2]) not in CPUS[found[1]]:
        return None
    return found[1], int(found[2])


def size_names() -> list[str]:
    """Every size by the name that fly.toml and --vm-size take, the smallest first."""
    return [size_name(kind, number) for kind, numbers in CPUS.items() for number in numbers]


def size_name(kind: str, cpus: int) -> str:
    """What a size with so many processors of this kind is called."""
    return f"{_PREFIX.get(kind, kind)}-{cpus}x"


def memory_range(kind: str, cpus: int) -> tuple[int, int]:
    """The least and the most memory in MB of a machine with so many processors of this kind."""
    return cpus * PRESET_MB[kind], cpus * MOST_MB[kind]
