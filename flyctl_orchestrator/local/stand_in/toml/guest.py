"""VM sizes: the presets by name, and what `[[vm]]` makes of them."""

from __future__ import annotations

from typing import Any

from flyctl_orchestrator.local.stand_in.failures import Failure
from flyctl_orchestrator.local.stand_in.go_values import parse_size

DEFAULT_SIZE = "shared-cpu-1x"
DEFAULT_GPU_SIZE = "performance-8x"
MEBIBYTE = 1024 * 1024
_SHARED_MB, _PERFORMANCE_MB = 256, 2048
_GPUS = {"a100-40gb": "a100-pcie-40gb", "a100-80gb": "a100-sxm4-80gb", "l40s": "l40s", "a10": "a10"}
_PRESETS = {f"shared-cpu-{n}x": ("shared", n, n * _SHARED_MB) for n in (1, 2, 4, 6, 8)} | {
    f"performance-{n}x": ("performance", n, n * _PERFORMANCE_MB) for n in (1, 2, 4, 6, 8, 10, 12, 14, 16)
}


def preset(size: str) -> dict[str, Any]:
    """The guest of a named size.

    Raises:
        Failure: there is no such size.
    """
    if size in _GPUS:
        return preset("performance-8x") | {"memory_mb": 16 * _PERFORMANCE_MB, "gpus": 1, "gpu_kind": _GPUS[size]}
    if size not in _PRESETS:
        if not size.startswith(("shared", "performance")):
            raise Failure(
                f"invalid machine preset requested, '{size}', expected to start with 'shared' or 'performance'"
            )
        kind = "performance" if size.startswith("performance") else "shared"
        names = sorted(name for name in _PRESETS if name.startswith(kind))
        raise Failure(f"'{size}' is an invalid machine size, choose one of: [{' '.join(names)}]")
    cpu_kind, cpus, memory_mb = _PRESETS[size]
    return {"cpu_kind": cpu_kind, "cpus": cpus, "memory_mb": memory_mb}


def guest_of(vm: dict[str, Any], host_dedication_id: str = "") -> dict[str, Any]:
    """The guest of one `[[vm]]` section.

    Raises:
        Failure: unknown size, or memory that is not a size or zero.
    """
    guest = preset(vm.get("size") or (DEFAULT_GPU_SIZE if vm.get("gpu_kind") else DEFAULT_SIZE))
    if host_dedication_id:
        guest["host_dedication_id"] = host_dedication_id
    if "memory" in vm:
        try:
            guest["memory_mb"] = parse_size(vm["memory"], unit=MEBIBYTE, binary=True)
        except ValueError as error:
            raise Failure(str(error)) from error
        if guest["memory_mb"] == 0:
            raise Failure("memory cannot be zero")
    for key, value in vm.items():
        if key not in ("size", "memory", "processes") and value:
            guest[key] = value
    return guest
