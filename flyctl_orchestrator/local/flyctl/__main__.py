"""`python -m flyctl_orchestrator.local.flyctl ARGUMENTS`."""

from __future__ import annotations

import sys

from flyctl_orchestrator.local.flyctl.program import main

if __name__ == "__main__":
    sys.exit(main())
