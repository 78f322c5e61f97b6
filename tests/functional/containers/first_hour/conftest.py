"""Whether packages can be had on this computer."""

from __future__ import annotations

from tests.functional.first_hour.conftest import from_go, from_npm, from_pip

__all__ = ["from_go", "from_npm", "from_pip"]
