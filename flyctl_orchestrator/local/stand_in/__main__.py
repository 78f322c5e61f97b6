"""`python -m flyctl_orchestrator.local.stand_in ARGUMENTS`."""

from __future__ import annotations

import sys

from flyctl_orchestrator.local.stand_in.program import main

if __name__ == "__main__":
    sys.exit(main())
