"""A `[local] build` that needs no package index: the new virtual environment borrows this Python's packages."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

virtual_env = Path(os.environ["VIRTUAL_ENV"])
[site_packages] = virtual_env.glob("lib/python*/site-packages")
(site_packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
gunicorn = virtual_env / "bin" / "gunicorn"
gunicorn.write_text(f"#!{virtual_env}/bin/python\nfrom gunicorn.app.wsgiapp import run\nrun()\n")
gunicorn.chmod(0o755)
