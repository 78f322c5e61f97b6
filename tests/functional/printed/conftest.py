"""The commands' local fleets, for tests of what they print."""

from tests.functional.cli.conftest import bare, deployed, fleet

__all__ = ["bare", "deployed", "fleet"]
