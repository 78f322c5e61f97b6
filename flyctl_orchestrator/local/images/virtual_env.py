"""A Python virtual environment with pip in it, made in well under a second.

`python -m venv` takes seconds, nearly all of it for pip to install pip. Here pip's files are copied instead, from the
platform's own installation (compiled already) or from the wheel that Python ships.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import sysconfig
import venv
import zipfile
from pathlib import Path

from flyctl_orchestrator.local.base.copying import copy_tree
from flyctl_orchestrator.local.images.failure import BuildFailed

_IMPORTS = re.compile(rb"(?m)^\s*(?:import|from) pkg_resources\b")
_SCRIPT = '#!/bin/sh\nexec "$(dirname "$0")/python" -m pip "$@"\n'


def make(directory: Path) -> None:
    """Make a virtual environment with pip. It cannot be moved afterwards.

    Raises:
        BuildFailed: this Python has no pip to give.
        OSError: the disk refuses.
    """
    venv.EnvBuilder(symlinks=True, with_pip=False).create(directory)
    packages = next(directory.glob("lib/python*/site-packages"))
    if not _copy_installed(packages) and not _unpack_wheel(packages):
        raise BuildFailed(
            "build.no_pip",
            "the Python that runs the platform has neither pip nor ensurepip",
            "Install pip for it (Debian and Ubuntu: apt install python3-venv python3-pip).",
        )
    for name in ("pip", "pip3"):
        script = directory / "bin" / name
        script.write_text(_SCRIPT)
        script.chmod(0o755)


def _copy_installed(packages: Path) -> bool:
    """Copy the pip that this Python has; False when it has none."""
    try:
        distribution = importlib.metadata.distribution("pip")
    except importlib.metadata.PackageNotFoundError:
        return False
    home = Path(str(distribution.locate_file("")))
    described = home / f"pip-{distribution.version}.dist-info"
    if not (home / "pip").is_dir() or not described.is_dir():
        return False
    copy_tree(home / "pip", packages / "pip")
    copy_tree(described, packages / described.name)
    return True


def _unpack_wheel(packages: Path) -> bool:
    """Unpack the pip wheel that comes with Python; False when there is none."""
    places = [sysconfig.get_config_var("WHEEL_PKG_DIR")]
    bundled = importlib.util.find_spec("ensurepip")
    if bundled and bundled.origin:
        places.append(str(Path(bundled.origin).parent / "_bundled"))
    for place in filter(None, places):
        for wheel in Path(place).glob("pip-*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(packages)
            return True
    return False


def lacks_pkg_resources(directory: Path) -> str:
    """The first package of an environment that imports pkg_resources although nothing brings it, "" when none does.

    Images of Python before 3.12 have setuptools, so that packages of that time rely on it without saying so. An import
    that the package can do without (in a `try`) counts, too: nothing is lost by having it.
    """
    for packages in directory.glob("lib/python*/site-packages"):
        if (packages / "pkg_resources").exists():
            return ""
        for place, directories, names in os.walk(packages):
            if Path(place) == packages:
                directories[:] = sorted(name for name in directories if name != "pip")
            for name in sorted(names):
                if name.endswith(".py") and _IMPORTS.search(Path(place, name).read_bytes()):
                    return Path(place, name).relative_to(packages).parts[0].removesuffix(".py")
    return ""
